"""The skeletons of prediction and label that a loss compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from cldice_monai.losses._mask_fill import extend_past_mask
from cldice_monai.losses._prepare import Prepared, plain
from cldice_monai.skeleton.soft import soft_skeleton
from cldice_monai.skeleton.soft_straight_through import exact_skeleton

__all__ = ["Skeletoniser", "check_skeletoniser", "skeleton_pair"]

Skeletoniser = Literal["soft", "exact"] | Callable[[Tensor], Tensor]


def check_skeletoniser(skeleton: Skeletoniser) -> None:
    """Raise a TypeError unless ``skeleton`` is "soft", "exact" or callable."""
    if skeleton not in ("soft", "exact") and not callable(skeleton):
        raise TypeError(f'skeleton must be "soft", "exact" or a function, got {skeleton!r}')


def skeleton_pair(
    prepared: Prepared,
    target_skeleton: Tensor | None,
    skeleton: Skeletoniser,
    iter_: int,
    spacing: Sequence[float] | None,
) -> tuple[Tensor, Tensor]:
    """Return the skeletons of prediction and label, the second without gradient.

    Args:
        prepared: probabilities, label and mask.
        target_skeleton: the label's skeleton, or None to compute it.
        skeleton: how skeletons are made.
        iter_: iterations of the soft skeleton.
        spacing: voxel size along each spatial axis, or None.

    Returns:
        Two tensors of the shape of ``prepared.input``.

    Raises:
        ValueError: where ``target_skeleton`` or what a function returns has another shape.
    """
    # What an erosion and the opening at each level can reach; other skeletons look at all of it.
    reach = iter_ + 2 if isinstance(skeleton, str) and skeleton == "soft" else None

    def thin(x: Tensor) -> Tensor:
        x = extend_past_mask(x, prepared.mask, reach)
        if skeleton == "soft":
            return soft_skeleton(x, iter_, spacing=spacing)
        found = exact_skeleton(x) if isinstance(skeleton, str) else skeleton(x)
        if not isinstance(found, Tensor):
            raise TypeError(f"skeleton must return a tensor, got {type(found).__name__}")
        if found.shape != x.shape:
            raise ValueError(
                f"skeleton must return the shape {tuple(x.shape)}, got {tuple(found.shape)}"
            )
        return found

    if target_skeleton is not None:
        return thin(prepared.input), _fitted(target_skeleton, prepared)
    with torch.no_grad():
        true = thin(prepared.target)
    return thin(prepared.input), true


def _fitted(target_skeleton: Tensor, prepared: Prepared) -> Tensor:
    """Bring a given skeleton to the target's form, dropping a background that is left out."""
    if not isinstance(target_skeleton, Tensor):
        raise TypeError(f"target_skeleton must be a tensor, got {type(target_skeleton).__name__}")
    found, target = plain(target_skeleton).detach(), prepared.target
    whole = (target.shape[0], target.shape[1] + 1, *target.shape[2:])
    if prepared.background_left_out and tuple(found.shape) == whole:
        found = found[:, 1:]
    if found.shape != target.shape:
        raise ValueError(
            f"target_skeleton must have the shape of the one-hot target {tuple(target.shape)}, "
            f"got {tuple(target_skeleton.shape)}"
        )
    return found.to(target)
