"""Every figure of a whole volume: overlap, surface, topology, centreline and network."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from cldice_monai.evaluation.patches import figures_with_skeletons
from cldice_monai.evaluation.radius_bins import RadiusBin, misses_by_radius
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape, check_spacing
from cldice_monai.skeleton.traced import trace_skeleton
from cldice_monai.topology.ghosts import ghosts_and_misses
from cldice_monai.topology.length import skeleton_length_mm

__all__ = ["VolumeFigures", "volume_figures"]

_Masks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class VolumeFigures:
    """What was measured on a whole volume.

    Args:
        figures: by name, NaN where there was nothing to measure.
        misses_by_radius: the label's centreline and what of it is missed, from thin to thick.

    Example:
        >>> line = np.eye(9, dtype=bool)
        >>> found = volume_figures(line, line, spacing_mm=(1, 1))
        >>> found.figures["cldice"], found.misses_by_radius[0].share_missed
        (1.0, 0.0)
    """

    figures: dict[str, float]
    misses_by_radius: list[RadiusBin]


def volume_figures(
    pred: Mask,
    label: Mask,
    *,
    spacing_mm: Sequence[float],
    surface_tolerance_mm: float | None = None,
    th_snap: float = 5.0,
) -> VolumeFigures:
    """Measure a whole prediction against its label.

    Args:
        pred: (H, W) or (H, W, D), binary.
        label: the same shape.
        spacing_mm: voxel size in mm along each axis.
        surface_tolerance_mm: distance within which surfaces agree; None: the largest side of a
            voxel.
        th_snap: voxels within which Opt-J matches junctions and ends.

    Returns:
        What `cldice_monai.evaluation.patches.patch_figures` measures, of the volume; besides
        hd95_mm (NaN where either mask is empty) and surface_dice (0 where one is, NaN where both
        are), with its surface_tolerance_mm; ghosts and misses as voxels,
        pieces and length_mm; of both masks length_mm, junctions and ends of the centreline.

    Raises:
        TypeError: a mask holds no numbers.
        ValueError: shapes differ, a mask is not binary, or the spacing does not fit.

    Example:
        >>> label = np.zeros((9, 9), bool)
        >>> label[4, :] = True
        >>> found = volume_figures(label, label, spacing_mm=(0.5, 0.5)).figures
        >>> found["length_mm_label"], found["hd95_mm"], found["ends_label"]
        (4.0, 0.0, 2.0)
    """
    check_same_shape(pred, label)
    check_spacing(spacing_mm, pred.ndim)
    pred, label = as_mask(pred, name="pred"), as_mask(label, name="label")
    both = np.stack([pred, label])
    skeletons = np.stack([np.asarray(skeletonize(mask)) for mask in both])
    overall = figures_with_skeletons(both[None], skeletons[None], th_snap=th_snap)
    figures = {name: float(values[0]) for name, values in overall.items()}
    tolerance = max(spacing_mm) if surface_tolerance_mm is None else surface_tolerance_mm
    figures |= _surface(pred, label, spacing_mm, tolerance) | {"surface_tolerance_mm": tolerance}
    thin_pred, thin_label = skeletons
    found = ghosts_and_misses(pred, label, spacing_mm=spacing_mm, skeletons=(thin_pred, thin_label))
    for kind in ("ghost", "miss"):
        for what in ("voxels", "pieces"):
            figures[f"{kind}_{what}"] = float(getattr(found, f"n_{kind}_{what}"))
        figures[f"{kind}_length_mm"] = float(getattr(found, f"{kind}_length_mm"))
    figures |= _centreline(thin_pred, "pred", spacing_mm)
    figures |= _centreline(thin_label, "label", spacing_mm)
    return VolumeFigures(figures, misses_by_radius(pred, label, thin_label, spacing=spacing_mm))


def _centreline(skeleton: _Masks, name: str, spacing_mm: Sequence[float]) -> dict[str, float]:
    traced = trace_skeleton(skeleton)
    return {
        f"length_mm_{name}": skeleton_length_mm(skeleton, spacing_mm=spacing_mm),
        f"junctions_{name}": float(traced.n_bifurcations()),
        f"ends_{name}": float((traced.degrees() == 1).sum()),
    }


def _surface(
    pred: _Masks, label: _Masks, spacing_mm: Sequence[float], tolerance_mm: float
) -> dict[str, float]:
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    if not (pred.any() and label.any()):
        none_agrees = 0.0 if pred.any() or label.any() else float("nan")
        return {"hd95_mm": float("nan"), "surface_dice": none_agrees}
    pair = [torch.from_numpy(mask[None, None]) for mask in (pred, label)]
    spacing = [float(size) for size in spacing_mm]
    with warnings.catch_warnings():
        # MONAI 1.6 passes itself an argument that it has deprecated
        warnings.filterwarnings(
            "ignore", message=".*always_return_as_numpy", category=FutureWarning
        )
        hd95 = compute_hausdorff_distance(
            *pair, include_background=True, percentile=95, spacing=spacing
        )
        surface = compute_surface_dice(
            *pair, class_thresholds=[tolerance_mm], include_background=True, spacing=spacing
        )
    return {"hd95_mm": float(hd95), "surface_dice": float(surface)}
