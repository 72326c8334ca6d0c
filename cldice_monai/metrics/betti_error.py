"""The error of each Betti number as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, measure_cases
from cldice_monai.metrics.figures import FiguresMetric, check_choice
from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.topology.betti import batched_betti_numbers
from cldice_monai.topology.patches import PatchSampler

__all__ = ["BettiErrorMetric", "compute_betti_error"]


class BettiErrorMetric(FiguresMetric):
    """Error of the Betti numbers, each dimension for itself: they are never summed.

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary. Smaller is better: as the key metric of a checkpoint it needs
    ``key_metric_negative_sign``.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        ignore_empty: whether an empty label gives NaN and is left out. False by default, unlike
            clDice: its Betti numbers are known (0), and a prediction that is not empty is wrong.
        dimension: 0 (components), 1 (loops), 2 (cavities, 3D only), or several: then a call and
            `aggregate` return a list in that order.
        signed: prediction minus label instead of its absolute value. The mean of signed errors
            shows a bias and hides errors that cancel.
        connectivity: see `cldice_monai.topology.betti_numbers`; name it beside the numbers.
        patches: measure these patches and take their mean a case, as the paper does; None measures
            whole volumes.

    Raises:
        ValueError: an unknown dimension or connectivity; when called, input that is not binary or
            has unequal shapes, or dimension 2 of a 2D image.

    Example:
        >>> label = torch.ones(1, 1, 3, 5)
        >>> pred = label.clone()
        >>> pred[..., 1, 1] = 0
        >>> pred[..., :, 3] = 0
        >>> metric = BettiErrorMetric(dimension=(0, 1))
        >>> _ = metric(pred, label)
        >>> metric.aggregate()
        [tensor([1.]), tensor([1.])]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 and appendix H.3.
    """

    def __init__(
        self,
        include_background: bool = True,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        ignore_empty: bool = False,
        dimension: Sequence[int] | int = 0,
        signed: bool = False,
        connectivity: Connectivity = "foreground-full",
        patches: PatchSampler | None = None,
    ) -> None:
        check_connectivity(connectivity)
        self.dimension = check_choice(dimension, (0, 1, 2), name="dimension")
        self.ignore_empty = ignore_empty
        self.signed = signed
        self.connectivity: Connectivity = connectivity
        super().__init__(
            include_background=include_background,
            reduction=reduction,
            get_not_nans=get_not_nans,
            single=isinstance(dimension, int),
            patches=patches,
        )

    def measure(self, case: Case) -> Sequence[float]:
        """Return the errors of one case and channel.

        Args:
            case: its masks.

        Returns:
            One error for each dimension.

        Raises:
            ValueError: a dimension that the masks do not have.
        """
        errors = _errors(case, self.signed, self.ignore_empty, self.connectivity)
        if max(self.dimension) >= len(errors):
            raise ValueError(
                f"dimension must be below {len(errors)} for {len(errors)}D input, "
                f"got {max(self.dimension)}"
            )
        return [errors[dimension] for dimension in self.dimension]


def compute_betti_error(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    include_background: bool = True,
    ignore_empty: bool = False,
    signed: bool = False,
    connectivity: Connectivity = "foreground-full",
) -> torch.Tensor:
    """Compute the error of every Betti number of every batch item and channel.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured.
        ignore_empty: whether an empty label gives NaN.
        signed: prediction minus label instead of its absolute value.
        connectivity: see `cldice_monai.topology.betti_numbers`.

    Returns:
        float32 tensor (B, C, d) of the errors of b0 ... b(d-1), d the number of spatial axes, on
        the device of ``y_pred``; C one less without background.

    Raises:
        TypeError: not tensors.
        ValueError: not binary, unequal shapes, another rank, or an unknown connectivity.

    Example:
        >>> ring = torch.ones(1, 1, 3, 3)
        >>> ring[..., 1, 1] = 0
        >>> compute_betti_error(torch.ones(1, 1, 3, 3), ring, signed=True)
        tensor([[[ 0., -1.]]])

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2.
    """
    check_connectivity(connectivity)
    return measure_cases(
        lambda case: _errors(case, signed, ignore_empty, connectivity),
        y_pred,
        y,
        include_background=include_background,
    )


def _errors(
    case: Case, signed: bool, ignore_empty: bool, connectivity: Connectivity
) -> list[float]:
    """Return the mean error of each Betti number over the patches of a case."""
    numbers = batched_betti_numbers(case.both(), connectivity=connectivity)
    of_pred, of_label = np.asarray(numbers.tolist())
    errors = of_pred - of_label if signed else np.abs(of_pred - of_label)
    if ignore_empty:
        errors = errors[case.has_label()]
    if not len(errors):
        return [float("nan")] * errors.shape[-1]
    return [float(mean) for mean in errors.mean(axis=0)]
