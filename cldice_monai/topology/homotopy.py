"""Corollary 1.1 as code: when clDice of 1 on both sides proves that two masks agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cldice_monai.skeleton.background import background_skeleton
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape, in_form_of
from cldice_monai.skeleton.simple_points import separates_background
from cldice_monai.topology.betti import betti_numbers

__all__ = ["HomotopyCertificate", "admits_skeleta", "homotopy_certificate"]


@dataclass(frozen=True)
class HomotopyCertificate:
    """What corollary 1.1 says about a prediction and a label.

    Attributes:
        holds: no ghost and no miss in foreground or background: the masks are homotopy equivalent,
            and so are their backgrounds. False proves nothing: the masks may still agree.
        premises_met: both masks admit foreground and background skeleta, as the corollary supposes.
        ghosts: foreground skeleton of the prediction outside the label.
        misses: foreground skeleton of the label outside the prediction.
        background_ghosts: background skeleton of the prediction inside the label.
        background_misses: background skeleton of the label inside the prediction.

    The four are boolean, of the masks' shape: arrays, or tensors where the prediction is one.

    Example:
        >>> label = np.zeros((7, 7), bool)
        >>> label[2:5, 1:6] = True
        >>> pred = label.copy()
        >>> pred[3, 3] = False  # a hole
        >>> found = homotopy_certificate(pred, label)
        >>> found.holds, np.argwhere(found.background_ghosts).tolist()
        (False, [[3, 3]])
    """

    holds: bool
    premises_met: bool
    ghosts: Mask
    misses: Mask
    background_ghosts: Mask
    background_misses: Mask


def homotopy_certificate(
    pred: Mask, label: Mask, *, connectivity: Connectivity = "foreground-full"
) -> HomotopyCertificate:
    """Compare two masks through the skeletons of their foregrounds and backgrounds.

    The paper proves the corollary for masks that admit skeleta in its sense, see `admits_skeleta`.
    With skeletons made of deletions of simple points, as here, the argument of its theorem 1 needs
    the inclusions alone, so ``holds`` is a proof with or without ``premises_met``.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape, binary.
        connectivity: of the foreground.

    Returns:
        The verdict and the voxels that stand against it.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: a mask is not binary, the shapes differ, or the connectivity is unknown.

    Example:
        >>> label = np.zeros((7, 7), bool)
        >>> label[2:5, 1:6] = True
        >>> pred = label.copy()
        >>> pred[2, 1] = False  # a corner less: nothing has changed
        >>> homotopy_certificate(pred, label).holds
        True
        >>> pred[3, 3] = False  # a hole
        >>> homotopy_certificate(pred, label).holds
        False

    Reference:
        Shit et al., clDice, CVPR 2021, theorem 1 and corollary 1.1.
    """
    check_connectivity(connectivity)
    predicted, true = as_mask(pred, name="pred"), as_mask(label, name="label")
    check_same_shape(predicted, true)
    inner = (slice(1, -1),) * true.ndim
    outside_pred = background_skeleton(predicted, connectivity=connectivity)[inner]
    outside_label = background_skeleton(true, connectivity=connectivity)[inner]
    ghosts = skeletonize(predicted, connectivity=connectivity) & ~true
    misses = skeletonize(true, connectivity=connectivity) & ~predicted
    background_ghosts, background_misses = outside_pred & true, outside_label & predicted
    against = (ghosts, misses, background_ghosts, background_misses)
    return HomotopyCertificate(
        holds=not any(voxels.any() for voxels in against),
        premises_met=all(admits_skeleta(m, connectivity=connectivity) for m in (predicted, true)),
        ghosts=in_form_of(pred, ghosts),
        misses=in_form_of(pred, misses),
        background_ghosts=in_form_of(pred, background_ghosts),
        background_misses=in_form_of(pred, background_misses),
    )


def admits_skeleta(mask: Mask, *, connectivity: Connectivity = "foreground-full") -> bool:
    """Tell whether foreground and background of a mask, in the sphere, can be thinned to graphs.

    This is the premise of the paper's corollary. In 3D it means one component, no cavity, no knot:
    neither skeleton has a voxel in a surface. In 2D every mask with foreground and background has
    it. The test looks at the skeletons found, not at all there could be: a crowded junction can
    look like a surface, so that False is not certain.

    Args:
        mask: (H, W) or (H, W, D), binary.
        connectivity: of the foreground.

    Returns:
        Whether both skeletons are curves.

    Raises:
        TypeError: ``mask`` holds no numbers.
        ValueError: ``mask`` is not binary, has another number of axes, or the connectivity is
            unknown.

    Example:
        >>> ball = np.pad(np.ones((3, 3, 3), bool), 1)
        >>> hollow = ball.copy()
        >>> hollow[2, 2, 2] = False
        >>> admits_skeleta(ball), admits_skeleta(hollow)
        (True, False)

    Reference:
        Shit et al., clDice, CVPR 2021, section 3.
    """
    check_connectivity(connectivity)
    voxels = as_mask(mask)
    if not voxels.any():
        return False
    if voxels.ndim == 2:
        return True
    components, _, cavities = betti_numbers(voxels, connectivity=connectivity)
    if components != 1 or cavities:
        return False
    dual: Connectivity = (
        "foreground-face" if connectivity == "foreground-full" else "foreground-full"
    )
    inside = np.pad(skeletonize(voxels, connectivity=connectivity), 1)
    outside = background_skeleton(voxels, connectivity=connectivity)
    return _is_curve(inside, connectivity) and _is_curve(outside, dual)


def _is_curve(padded: np.ndarray, connectivity: Connectivity) -> bool:
    """Tell whether no voxel within the outermost layer lies in a surface."""
    places = np.argwhere(padded[(slice(1, -1),) * padded.ndim])
    codes = np.zeros(len(places), np.int64)
    for bit, offset in enumerate(np.ndindex((3,) * padded.ndim)):
        codes |= padded[tuple((places + offset).T)].astype(np.int64) << bit
    return not separates_background(codes, ndim=padded.ndim, connectivity=connectivity).any()
