"""How many iterations the soft skeleton needs for given labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from cldice_monai.losses._prepare import blank, counting
from cldice_monai.skeleton._soft_schedule import erosion_schedule

__all__ = ["suggest_iter"]

_LEVELS_AT_A_TIME = 64


def suggest_iter(
    labels: Tensor | np.ndarray | Iterable[Tensor | np.ndarray],
    *,
    spacing: Sequence[float] | None = None,
    include_background: bool = False,
    ignore_index: int | None = None,
) -> int:
    """Return the smallest ``iter_`` with which every label is thinned completely.

    One more adds nothing but time; one less leaves a core in the thickest vessel.

    Args:
        labels: (B, C, H, W) or (B, C, H, W, D), or several of them, one-hot or probabilities
            (from one half on), or class indices in one channel. Every class is thinned by itself.
        spacing: voxel size along each spatial axis, as it will be given to the loss.
        include_background: whether channel 0 of several is a vessel of its own, as with a sigmoid,
            and not the background.
        ignore_index: class index that does not count, in class indices and in one-hot labels.

    Returns:
        Number of iterations, 0 or more; 0 where all labels are empty.

    Raises:
        ValueError: for another shape.

    Example:
        >>> label = torch.zeros(1, 1, 32, 32)
        >>> label[..., 10:17, :] = 1
        >>> suggest_iter(label)
        3

    Reference:
        Shit et al., clDice, CVPR 2021, section 4.1: k at least the largest radius.
    """
    batch = [labels] if isinstance(labels, Tensor | np.ndarray) else labels
    masks = (mask for label in batch for mask in _vessels(label, include_background, ignore_index))
    return max((max(erosions_needed(mask, spacing) - 1, 0) for mask in masks), default=0)


def erosions_needed(mask: Tensor, spacing: Sequence[float] | None) -> int:
    """Return after how many levels of erosion nothing is left of a batch of masks.

    An item that is vessel everywhere has no surface to erode from and is passed over.

    Args:
        mask: boolean, (N, H, W) or (N, H, W, D).
        spacing: voxel size along each spatial axis, in any one unit; None for equal sides.

    Returns:
        Number of levels, 0 for masks without vessel.

    Example:
        >>> tube = torch.zeros(1, 9, 9, dtype=torch.bool)
        >>> tube[0, 2:7] = True  # of 5 voxels across
        >>> erosions_needed(tube, None)
        3
    """
    n_dims = mask.dim() - 1
    level = 0
    schedule: list[tuple[bool, ...]] = []
    while (mask := mask[~mask.flatten(1).all(dim=1)]).any():
        if level == len(schedule):
            schedule = erosion_schedule(level + _LEVELS_AT_A_TIME, n_dims, spacing)
        mask = _erode(mask, schedule[level])
        level += 1
    return level


def _vessels(
    label: Tensor | np.ndarray, include_background: bool, ignore_index: int | None
) -> Iterator[Tensor]:
    """Yield boolean masks (N, ...): the channels, or one class index after the other."""
    label = torch.as_tensor(label).detach()
    if label.dim() not in (4, 5):
        raise ValueError(
            f"labels must be (B, C, H, W) or (B, C, H, W, D), got {tuple(label.shape)}; "
            "add batch and channel axes with label[None, None]"
        )
    if not label.is_floating_point() and label.dtype != torch.bool:
        label = label.long()  # torch compares no uint16
    counts = counting(label, None, ignore_index)
    if counts is not None:
        label = blank(label, counts)
    single = label.shape[1] == 1
    if single and bool((label > 1).any()) and bool((label == label.round()).all()):
        for value in label.unique().tolist():
            if value > 0:
                yield label[:, 0] == value
        return
    if not single and not include_background:
        label = label[:, 1:]
    yield (label >= 0.5).flatten(0, 1)


def _erode(mask: Tensor, axes: tuple[bool, ...]) -> Tensor:
    """Keep what has all its face neighbours along the active axes; the outside is left out."""
    kept = mask.clone()
    for axis, active in enumerate(axes, start=1):
        if active:
            n = mask.shape[axis] - 1
            kept.narrow(axis, 0, n).logical_and_(mask.narrow(axis, 1, n))
            kept.narrow(axis, 1, n).logical_and_(mask.narrow(axis, 0, n))
    return kept
