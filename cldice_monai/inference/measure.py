"""What is measured on a mask: volume, length, branches, radii, topology."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cldice_monai.inference.geometry import Grid
from cldice_monai.skeleton.radius import PERCENTILES, radii_along
from cldice_monai.skeleton.traced import trace_skeleton
from cldice_monai.topology.betti import betti_numbers
from cldice_monai.topology.length import skeleton_length_mm

__all__ = ["CONVENTION", "cavity_note", "measure"]

CONVENTION = (
    "b0 components, b1 loops, b2 cavities (2D: b0, b1); foreground 26-connected (8), background 6 "
    "(4); outside the image is background"
)
_LISTED = 20  # components that a report names, the largest first
_NO_SPACING = "the file does not say the size of a voxel"
_EMPTY = "the mask is empty"
_SHEARED = "the axes of the grid are not at right angles"
_Mask = npt.NDArray[np.bool_]


def measure(mask: _Mask, skeleton: _Mask, grid: Grid) -> dict[str, Any]:
    """Measure a segmentation; what cannot be measured is None, with its reason.

    Args:
        mask: (X, Y, Z), vessel; Z is 1 for a picture.
        skeleton: the same shape, from `cldice_monai.skeletonize`.
        grid: size of a voxel.

    Returns:
        Figures by name, ready for JSON. ``not_measured`` holds the reason for each None.

    Example:
        >>> mask = np.zeros((9, 9, 9), bool); mask[1:8, 4, 4] = True
        >>> found = measure(mask, mask, Grid((0.5, 0.5, 0.5), 0.125, True, False))
        >>> found["centreline_length_mm"], found["vessel_volume_mm3"], found["n_end_points"]
        (3.0, 0.875, 2)
    """
    if grid.is_flat:
        mask, skeleton = mask[..., 0], skeleton[..., 0]
    reasons: dict[str, str] = {}
    found: dict[str, Any] = {
        "shape": list(mask.shape),
        "spacing_mm": None if grid.spacing_mm is None else [round(s, 9) for s in grid.spacing_mm],
        "n_vessel_voxels": int(mask.sum()),
        "vessel_fraction": float(mask.mean()),
    }
    if grid.spacing_mm is None:
        reasons["spacing_mm"] = _NO_SPACING
    found |= _sizes(mask, skeleton, grid, reasons)
    found |= _network(skeleton)
    found["radius_mm"] = _radii(mask, skeleton, grid, reasons)
    found |= _topology(mask)
    found["not_measured"] = reasons
    return found


def cavity_note(betti_numbers: Mapping[str, int]) -> list[str]:
    """Say that what was measured along a skeleton has walls in it.

    A thinning keeps a closed wall around each cavity, however small, so that a few holes of one
    voxel can make the length many times that of the vessels.

    Args:
        betti_numbers: of the mask, by name; b2 is missing in 2D.

    Returns:
        One line for the user, or none.

    Example:
        >>> cavity_note({"b0": 1, "b1": 0, "b2": 3})[0][:29]
        'the mask encloses 3 cavities,'
        >>> cavity_note({"b0": 1, "b1": 0})
        []
    """
    n_cavities = betti_numbers.get("b2", 0)
    if not n_cavities:
        return []
    cavities = "a cavity" if n_cavities == 1 else f"{n_cavities} cavities"
    return [
        f"the mask encloses {cavities}, and a skeleton keeps a wall around each: its length is too "
        "long, its branches and radii are not those of the vessels; --fill-cavities fills them"
    ]


def _sizes(mask: _Mask, skeleton: _Mask, grid: Grid, reasons: dict[str, str]) -> dict[str, Any]:
    size = "vessel_area_mm2" if grid.is_flat else "vessel_volume_mm3"
    density = "length_density_mm_per_mm2" if grid.is_flat else "length_density_mm_per_mm3"
    found: dict[str, Any] = dict.fromkeys((size, "centreline_length_mm", density))
    if grid.spacing_mm is None or grid.voxel_mm is None:
        return _without(found, reasons, _NO_SPACING)
    found[size] = float(mask.sum() * grid.voxel_mm)
    if not grid.at_right_angles:
        return _without(found, reasons, _SHEARED)
    length = skeleton_length_mm(skeleton, spacing_mm=grid.spacing_mm)
    found["centreline_length_mm"] = length
    found[density] = length / (mask.size * grid.voxel_mm)
    return found


def _without(found: dict[str, Any], reasons: dict[str, str], reason: str) -> dict[str, Any]:
    reasons |= {name: reason for name, value in found.items() if value is None}
    return found


def _network(skeleton: _Mask) -> dict[str, int]:
    traced = trace_skeleton(skeleton)
    return {
        "n_branch_points": traced.n_bifurcations(),
        "n_end_points": int((traced.degrees() == 1).sum()),
        "n_segments": len(traced.pairs),
    }


def _radii(
    mask: _Mask, skeleton: _Mask, grid: Grid, reasons: dict[str, str]
) -> dict[str, float] | None:
    """Return percentiles of the distance to the background over the voxels of the centreline."""
    reason = None
    if grid.spacing_mm is None:
        reason = _NO_SPACING
    elif not grid.at_right_angles:
        reason = _SHEARED
    elif not skeleton.any():
        reason = _EMPTY
    elif mask.all():
        reason = "every voxel is vessel"
    if reason is not None or grid.spacing_mm is None:
        reasons["radius_mm"] = str(reason)
        return None
    radii = radii_along(skeleton, mask, np.asarray(grid.spacing_mm))
    values = np.percentile(radii, PERCENTILES)
    found = {f"p{p}": float(value) for p, value in zip(PERCENTILES, values, strict=True)}
    return {"mean": float(radii.mean()), **found}


def _topology(mask: _Mask) -> dict[str, Any]:
    from scipy import ndimage

    numbers = betti_numbers(mask)
    labels, n_components = ndimage.label(mask, np.ones((3,) * mask.ndim))
    touching = set[int]()
    for axis in range(mask.ndim):
        for end in (0, -1):
            touching |= set(np.unique(np.take(labels, end, axis=axis)).tolist())
    touching.discard(0)
    sizes = np.bincount(labels.ravel(), minlength=n_components + 1)[1:]
    order = np.argsort(-sizes, kind="stable")[:_LISTED]
    return {
        "betti_numbers": {f"b{n}": int(number) for n, number in enumerate(numbers)},
        "betti_convention": CONVENTION,
        "components": {
            "n": int(n_components),
            "n_touching_border": len(touching),
            "largest": [
                {"voxels": int(sizes[n]), "touches_border": int(n) + 1 in touching} for n in order
            ],
        },
    }
