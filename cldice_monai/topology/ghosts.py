"""The ghosts and misses of a prediction: where its network and the label's disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import ndimage

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import Mask, in_form_of
from cldice_monai.topology._components_on_device import count_components_on_device
from cldice_monai.topology.length import check_spacing, skeleton_length_mm
from cldice_monai.topology.overlap import pair_where_it_is

__all__ = ["GhostsAndMisses", "ghosts_and_misses"]


@dataclass(frozen=True)
class GhostsAndMisses:
    """Where two masks disagree about the network, as voxels and as figures.

    Attributes:
        ghosts: voxels of the predicted skeleton outside the label, boolean, the masks' shape; an
            array, or a tensor where the prediction is one.
        misses: voxels of the label's skeleton outside the prediction, boolean, the same shape.
        n_ghost_voxels: number of ghosts.
        n_miss_voxels: number of misses.
        n_ghost_pieces: connected pieces (8 or 26) of the ghosts.
        n_miss_pieces: connected pieces (8 or 26) of the misses.
        ghost_length_mm: length of the ghosts along the predicted skeleton; None without spacing.
        miss_length_mm: length of the misses along the label's skeleton; None without spacing.
        spacing_mm: the spacing that the lengths were measured with; None without.

    Example:
        >>> label = np.zeros((3, 9), bool)
        >>> label[1] = True
        >>> pred = label.copy()
        >>> pred[1, 6:] = False  # a third of the line is missed
        >>> found = ghosts_and_misses(pred, label, spacing_mm=(0.5, 0.5))
        >>> found.n_miss_voxels, found.n_ghost_voxels, found.miss_length_mm
        (3, 0, 1.25)
    """

    ghosts: Mask
    misses: Mask
    n_ghost_voxels: int
    n_miss_voxels: int
    n_ghost_pieces: int
    n_miss_pieces: int
    ghost_length_mm: float | None
    miss_length_mm: float | None
    spacing_mm: tuple[float, ...] | None


def ghosts_and_misses(
    pred: Mask,
    label: Mask,
    *,
    spacing_mm: Sequence[float] | None = None,
    skeletons: tuple[Mask, Mask] | None = None,
) -> GhostsAndMisses:
    """Find the predicted centreline outside the label and the true centreline not predicted.

    Masks on a GPU are worked on there; with ``spacing_mm`` the skeletons are copied to the CPU,
    where lengths are measured.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        spacing_mm: distance in mm between voxel centres along each axis; None measures no length.
        skeletons: of prediction and label, boolean, where they are known already.

    Returns:
        Masks, counts, connected pieces and lengths. Empty masks give zeros.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary, shapes differ, or the spacing does not fit.

    Example:
        >>> label = np.zeros((3, 6), bool)
        >>> label[1, :4] = True
        >>> pred = np.roll(label, 2, axis=1)
        >>> found = ghosts_and_misses(pred, label, spacing_mm=(1.0, 1.0))
        >>> found.n_ghost_voxels, found.n_miss_voxels, found.ghost_length_mm
        (2, 2, 1.5)

    Reference:
        Shit et al., clDice, CVPR 2021, appendix A.
    """
    predicted, true = pair_where_it_is(pred, label)
    spacing = None
    if spacing_mm is not None:
        spacing = tuple(float(s) for s in check_spacing(spacing_mm, ndim=true.ndim))
    if skeletons is None:
        skeletons = skeletonize(predicted), skeletonize(true)
    predicted_skeleton, true_skeleton = (_beside(true, skeleton) for skeleton in skeletons)
    ghosts, misses = predicted_skeleton & ~true, true_skeleton & ~predicted
    return GhostsAndMisses(
        ghosts=in_form_of(pred, ghosts),
        misses=in_form_of(pred, misses),
        n_ghost_voxels=int(ghosts.sum()),
        n_miss_voxels=int(misses.sum()),
        n_ghost_pieces=_n_pieces(ghosts),
        n_miss_pieces=_n_pieces(misses),
        ghost_length_mm=_length(predicted_skeleton, ghosts, spacing),
        miss_length_mm=_length(true_skeleton, misses, spacing),
        spacing_mm=spacing,
    )


def _beside(mask: Any, skeleton: Any) -> Any:
    """Return a skeleton in the form of the mask, on its device."""
    if isinstance(mask, torch.Tensor):
        return torch.as_tensor(skeleton, device=mask.device)
    return np.asarray(skeleton)


def _n_pieces(part: Any) -> int:
    """Count connected pieces (8 or 26)."""
    if isinstance(part, torch.Tensor):
        return int(count_components_on_device(part[None], full=True))
    full = ndimage.generate_binary_structure(part.ndim, part.ndim)
    return int(ndimage.label(part, structure=full)[1])


def _length(skeleton: Mask, part: Mask, spacing_mm: tuple[float, ...] | None) -> float | None:
    if spacing_mm is None:
        return None
    return skeleton_length_mm(skeleton, spacing_mm=spacing_mm, within=part)
