"""The Opt-J F1 score of junctions and ends as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, measure_cases
from cldice_monai.metrics.figures import FiguresMetric, check_choice, check_single_choice
from cldice_monai.metrics.networks import networks_of
from cldice_monai.topology.opt_junction import JunctionCounts, count_junctions
from cldice_monai.topology.patches import PatchSampler

__all__ = ["OptJunctionF1Metric", "OptJunctionName", "compute_opt_junction_f1"]

OptJunctionName = Literal["f1", "precision", "recall"]


class OptJunctionF1Metric(FiguresMetric):
    """Whether junctions and ends of the label are found, with their number of branches.

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary. Larger is better. The branches of all patches of a case are
    counted together; NaN where neither mask has a junction or end, and F1 is 0 where only one has.
    See `cldice_monai.topology.opt_junction_f1`.

    Masks on a GPU are thinned there; the networks are read and compared on the CPU.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        metric_name: ``"f1"``, ``"precision"`` or ``"recall"``, or several: then a list in that
            order.
        th_snap: voxels within which places are matched.
        patches: measure these patches, as the paper does; None measures whole volumes.

    Raises:
        ValueError: an unknown name or a distance that is not positive; when called, input that is
            not binary or has unequal shapes.

    Example:
        >>> label = torch.zeros(1, 1, 9, 9)
        >>> label[..., 4, :] = label[..., 4:, 4] = 1
        >>> pred = label.clone()
        >>> pred[..., 5:, 4] = 0  # the branch is missed
        >>> metric = OptJunctionF1Metric(metric_name=("precision", "recall"))
        >>> _ = metric(pred, label)
        >>> metric.aggregate()
        [tensor([1.]), tensor([0.6667])]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2; Citraro, Kozinski and Fua, ECCV 2020.
    """

    def __init__(
        self,
        include_background: bool = True,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        metric_name: Sequence[OptJunctionName] | OptJunctionName = "f1",
        th_snap: float = 5.0,
        patches: PatchSampler | None = None,
    ) -> None:
        _check_distance(th_snap)
        self.metric_name = check_choice(metric_name, get_args(OptJunctionName), name="metric_name")
        self.th_snap = th_snap
        super().__init__(
            include_background=include_background,
            reduction=reduction,
            get_not_nans=get_not_nans,
            single=isinstance(metric_name, str),
            patches=patches,
        )

    def measure(self, case: Case) -> Sequence[float]:
        """Return the figures of one case and channel.

        Args:
            case: its masks.

        Returns:
            One figure for each name.
        """
        counts = _counts(case, self.th_snap)
        return [getattr(counts, name) for name in self.metric_name]


def compute_opt_junction_f1(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    include_background: bool = True,
    metric_name: OptJunctionName = "f1",
    th_snap: float = 5.0,
) -> torch.Tensor:
    """Compute the Opt-J score of every batch item and channel.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured.
        metric_name: ``"f1"``, ``"precision"`` or ``"recall"``.
        th_snap: voxels within which places are matched.

    Returns:
        float32 tensor (B, C), or (B, C - 1) without background, on the device of ``y_pred``; NaN
        where there is nothing to compare.

    Raises:
        TypeError: not tensors.
        ValueError: not binary, unequal shapes, another rank, an unknown name or a distance that is
            not positive.

    Example:
        >>> label = torch.zeros(1, 1, 9, 9)
        >>> label[..., 4, :] = label[..., 4:, 4] = 1
        >>> compute_opt_junction_f1(label, label)
        tensor([[1.]])

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2; Citraro, Kozinski and Fua, ECCV 2020.
    """
    _check_distance(th_snap)
    name = check_single_choice(metric_name, get_args(OptJunctionName), name="metric_name")
    figures = measure_cases(
        lambda case: [getattr(_counts(case, th_snap), name)],
        y_pred,
        y,
        include_background=include_background,
    )
    return figures[..., 0]


def _check_distance(th_snap: float) -> None:
    if not th_snap > 0:
        raise ValueError(f"th_snap must be positive, got {th_snap}")


def _counts(case: Case, th_snap: float) -> JunctionCounts:
    parts = [count_junctions(*pair, th_snap, matching="optimal") for pair in networks_of(case)]
    return sum(parts, JunctionCounts(0, 0, 0))
