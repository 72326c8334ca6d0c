"""Ghosts and misses of the skeletons as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, mean_of_measured, measure_cases
from cldice_monai.metrics.figures import FiguresMetric, check_choice, check_single_choice
from cldice_monai.topology.ghosts import ghosts_and_misses
from cldice_monai.topology.length import check_spacing
from cldice_monai.topology.patches import PatchSampler

__all__ = ["SkeletonCoverageMetric", "SkeletonCoverageName", "compute_skeleton_coverage"]

SkeletonCoverageName = Literal[
    "ghost_voxels",
    "miss_voxels",
    "ghost_pieces",
    "miss_pieces",
    "ghost_length_mm",
    "miss_length_mm",
]


class SkeletonCoverageMetric(FiguresMetric):
    """How much predicted centreline is not there, and how much true centreline is not predicted.

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary. Smaller is better. Unlike Tprec and Tsens these are amounts: a
    case with a longer network weighs more.

    Masks on a GPU stay there, but for lengths: these are measured on the CPU.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        ignore_empty: whether an empty label gives NaN and is left out; it has no misses, and all
            of the prediction's skeleton are ghosts.
        metric_name: ghosts or misses as voxels, connected pieces or length in mm: one of
            `SkeletonCoverageName`, or several: then a list in that order.
        spacing_mm: voxel size along each axis for the lengths; None takes it from the label's
            metadata (MetaTensor).
        patches: measure these patches and take their mean a case; None measures whole volumes.

    Raises:
        ValueError: an unknown name; when called, input that is not binary or has unequal shapes, or
            lengths without a spacing.

    Example:
        >>> label = torch.zeros(1, 1, 3, 9)
        >>> label[..., 1, :] = 1
        >>> pred = label.clone()
        >>> pred[..., 4:6] = 0
        >>> metric = SkeletonCoverageMetric(metric_name=("miss_voxels", "miss_pieces"))
        >>> _ = metric(pred, label)
        >>> metric.aggregate()
        [tensor([2.]), tensor([1.])]

    Reference:
        Shit et al., clDice, CVPR 2021, appendix A.
    """

    def __init__(
        self,
        include_background: bool = True,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        ignore_empty: bool = False,
        metric_name: Sequence[SkeletonCoverageName] | SkeletonCoverageName = "miss_voxels",
        spacing_mm: Sequence[float] | None = None,
        patches: PatchSampler | None = None,
    ) -> None:
        names = get_args(SkeletonCoverageName)
        self.metric_name = check_choice(metric_name, names, name="metric_name")
        _check_spacing(spacing_mm)
        self.spacing_mm = spacing_mm
        self.ignore_empty = ignore_empty
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

        Raises:
            ValueError: a length was asked for and no spacing is known.
        """
        return _figures(case, self.metric_name, self.ignore_empty, self.spacing_mm)


def compute_skeleton_coverage(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    include_background: bool = True,
    ignore_empty: bool = False,
    metric_name: SkeletonCoverageName = "miss_voxels",
    spacing_mm: Sequence[float] | None = None,
) -> torch.Tensor:
    """Compute the amount of ghosts or misses of every batch item and channel.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured.
        ignore_empty: whether an empty label gives NaN.
        metric_name: one of `SkeletonCoverageName`.
        spacing_mm: voxel size along each axis for the lengths; None takes it from the metadata
            of ``y`` (MetaTensor).

    Returns:
        float32 tensor (B, C), or (B, C - 1) without background, on the device of ``y_pred``.

    Raises:
        TypeError: not tensors.
        ValueError: not binary, unequal shapes, another rank, an unknown name, or a length without a
            spacing.

    Example:
        >>> compute_skeleton_coverage(torch.zeros(1, 1, 1, 5), torch.ones(1, 1, 1, 5))
        tensor([[5.]])

    Reference:
        Shit et al., clDice, CVPR 2021, appendix A.
    """
    name = check_single_choice(metric_name, get_args(SkeletonCoverageName), name="metric_name")
    _check_spacing(spacing_mm)
    figures = measure_cases(
        lambda case: _figures(case, [name], ignore_empty, spacing_mm),
        y_pred,
        y,
        include_background=include_background,
    )
    return figures[..., 0]


def _check_spacing(spacing_mm: Sequence[float] | None) -> None:
    if spacing_mm is not None:
        check_spacing(spacing_mm, ndim=3 if np.size(spacing_mm) == 3 else 2)


def _figures(
    case: Case,
    names: Sequence[SkeletonCoverageName],
    ignore_empty: bool,
    spacing_mm: Sequence[float] | None,
) -> list[float]:
    spacing = case.spacing_mm if spacing_mm is None else spacing_mm
    if spacing is None and any(name.endswith("_mm") for name in names):
        raise ValueError(
            "spacing_mm must be given for lengths in mm, or y must be a MetaTensor; got neither"
        )
    measured = case.has_label() | (not ignore_empty)
    wanted = spacing if any(name.endswith("_mm") for name in names) else None
    found = [
        ghosts_and_misses(case.pred[n], case.label[n], spacing_mm=wanted)
        for n in np.flatnonzero(measured)
    ]
    attributes = [name if name.endswith("_mm") else f"n_{name}" for name in names]
    return [mean_of_measured(getattr(f, name) for f in found) for name in attributes]
