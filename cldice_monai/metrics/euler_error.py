"""The error of the Euler characteristic as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, measure_cases
from cldice_monai.metrics.figures import FiguresMetric, check_choice, check_single_choice
from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.topology.betti import batched_euler_characteristic
from cldice_monai.topology.euler import euler_ratio
from cldice_monai.topology.patches import PatchSampler

__all__ = ["EulerErrorMetric", "EulerErrorName", "compute_euler_error"]

EulerErrorName = Literal["absolute", "signed", "ratio"]


class EulerErrorMetric(FiguresMetric):
    """Error of the Euler characteristic chi = b0 - b1 (+ b2 in 3D).

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary. Smaller is better for ``"absolute"``; a component too many and a
    loop too many cancel in chi, so read it beside the Betti errors.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        ignore_empty: whether an empty label gives NaN and is left out; its characteristic is 0.
        metric_name: ``"absolute"`` (mean of ``|chi of prediction - chi of label|``),
            ``"signed"``, or ``"ratio"`` (sum of the prediction's chi / sum of the label's, a case;
            1 where both are 0, NaN where only the label's is), or several: then a list in that
            order.
        connectivity: see `cldice_monai.topology.euler_characteristic`.
        patches: measure these patches and take their mean (or sums) a case, as the paper does; None
            measures whole volumes.

    Raises:
        ValueError: an unknown name or connectivity; when called, input that is not binary or has
            unequal shapes.

    Example:
        >>> label = torch.ones(1, 1, 3, 5)
        >>> pred = label.clone()
        >>> pred[..., 1, 1] = pred[..., 1, 3] = 0
        >>> metric = EulerErrorMetric(metric_name=("absolute", "ratio"))
        >>> _ = metric(pred, label)
        >>> metric.aggregate()
        [tensor([2.]), tensor([-1.])]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 and appendix H.3.
    """

    def __init__(
        self,
        include_background: bool = True,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        ignore_empty: bool = False,
        metric_name: Sequence[EulerErrorName] | EulerErrorName = "absolute",
        connectivity: Connectivity = "foreground-full",
        patches: PatchSampler | None = None,
    ) -> None:
        check_connectivity(connectivity)
        self.metric_name = check_choice(metric_name, get_args(EulerErrorName), name="metric_name")
        self.ignore_empty = ignore_empty
        self.connectivity: Connectivity = connectivity
        super().__init__(
            include_background=include_background,
            reduction=reduction,
            get_not_nans=get_not_nans,
            single=isinstance(metric_name, str),
            patches=patches,
        )

    def measure(self, case: Case) -> Sequence[float]:
        """Return the errors of one case and channel.

        Args:
            case: its masks.

        Returns:
            One figure for each name.
        """
        figures = _figures(case, self.ignore_empty, self.connectivity)
        return [figures[name] for name in self.metric_name]


def compute_euler_error(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    include_background: bool = True,
    ignore_empty: bool = False,
    metric_name: EulerErrorName = "absolute",
    connectivity: Connectivity = "foreground-full",
) -> torch.Tensor:
    """Compute the error of the Euler characteristic of every batch item and channel.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured.
        ignore_empty: whether an empty label gives NaN.
        metric_name: ``"absolute"``, ``"signed"`` or ``"ratio"``, see `EulerErrorMetric`.
        connectivity: see `cldice_monai.topology.euler_characteristic`.

    Returns:
        float32 tensor (B, C), or (B, C - 1) without background, on the device of ``y_pred``.

    Raises:
        TypeError: not tensors.
        ValueError: not binary, unequal shapes, another rank, or an unknown name or connectivity.

    Example:
        >>> compute_euler_error(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
        tensor([[1.]])

    Reference:
        Shit et al., clDice, CVPR 2021, appendix H.3.
    """
    check_connectivity(connectivity)
    name = check_single_choice(metric_name, get_args(EulerErrorName), name="metric_name")
    figures = measure_cases(
        lambda case: [_figures(case, ignore_empty, connectivity)[name]],
        y_pred,
        y,
        include_background=include_background,
    )
    return figures[..., 0]


def _figures(case: Case, ignore_empty: bool, connectivity: Connectivity) -> dict[str, float]:
    numbers = batched_euler_characteristic(case.both(), connectivity=connectivity)
    of_pred, of_label = np.asarray(numbers.tolist())
    if ignore_empty:
        measured = case.has_label()
        of_pred, of_label = of_pred[measured], of_label[measured]
    if not len(of_label):
        return dict.fromkeys(get_args(EulerErrorName), float("nan"))
    return {
        "absolute": float(np.abs(of_pred - of_label).mean()),
        "signed": float((of_pred - of_label).mean()),
        "ratio": euler_ratio(int(of_pred.sum()), int(of_label.sum())),
    }
