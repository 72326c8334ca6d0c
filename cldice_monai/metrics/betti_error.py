"""The error of each Betti number as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from monai.metrics import CumulativeIterationMetric
from monai.utils import MetricReduction

from cldice_monai.metrics.channels import measure_channels
from cldice_monai.metrics.reduce import ReducedMetric, reduce_buffers
from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.topology.betti import betti_numbers

__all__ = ["BettiErrorMetric", "compute_betti_error"]


class BettiErrorMetric(CumulativeIterationMetric):
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
    ) -> None:
        super().__init__()
        check_connectivity(connectivity)
        self.include_background = include_background
        self.reduction = reduction
        self.get_not_nans = get_not_nans
        self.ignore_empty = ignore_empty
        self.single = isinstance(dimension, int)
        self.dimension = _check_dimensions(dimension)
        self.signed = signed
        self.connectivity = connectivity

    def _compute_tensor(
        self, y_pred: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor | list[torch.Tensor]:
        errors = compute_betti_error(
            y_pred,
            y,
            include_background=self.include_background,
            ignore_empty=self.ignore_empty,
            signed=self.signed,
            connectivity=self.connectivity,
        )
        if max(self.dimension) >= errors.shape[-1]:
            raise ValueError(
                f"dimension must be below {errors.shape[-1]} for {y_pred.ndim - 2}D input, "
                f"got {max(self.dimension)}"
            )
        chosen = [errors[..., dimension] for dimension in self.dimension]
        return chosen[0] if self.single else chosen

    def aggregate(
        self, reduction: MetricReduction | str | None = None
    ) -> ReducedMetric | list[ReducedMetric]:
        """Reduce the values of all batches (and processes) so far.

        Args:
            reduction: overrides the one given to the constructor.

        Returns:
            One tensor for one dimension, a list for several; each with its count if
            ``get_not_nans``.

        Raises:
            ValueError: nothing was measured yet, or the reduction is unknown.
        """
        return reduce_buffers(
            self.get_buffer(),
            single=self.single,
            reduction=reduction or self.reduction,
            get_not_nans=self.get_not_nans,
        )


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

    def errors(pred: np.ndarray, label: np.ndarray) -> list[float]:
        if ignore_empty and not label.any():
            return [float("nan")] * label.ndim
        of_pred = betti_numbers(pred, connectivity=connectivity)
        of_label = betti_numbers(label, connectivity=connectivity)
        differences = [p - t for p, t in zip(of_pred, of_label, strict=True)]
        return [float(d if signed else abs(d)) for d in differences]

    return measure_channels(errors, y_pred, y, include_background=include_background)


def _check_dimensions(dimension: Sequence[int] | int) -> tuple[int, ...]:
    dimensions = (dimension,) if isinstance(dimension, int) else tuple(dimension)
    if not dimensions or any(d not in (0, 1, 2) for d in dimensions):
        raise ValueError(f"dimension must be one or several of 0, 1, 2, got {dimension!r}")
    return dimensions
