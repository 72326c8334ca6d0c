"""A case that does not fit into the memory that it may take: slab by slab, or column by column."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.data.boxwise.ome_zarr import open_ome_zarr
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.nifti_axes import find_axes
from cldice_monai.data.nifti_file import has_nifti_ending, header_affine, read_header
from cldice_monai.data.nifti_grid import MM_PER_UNIT, header_unit
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError
from cldice_monai.inference.folder import OutputFolder, report_name
from cldice_monai.inference.identity import identify
from cldice_monai.inference.large_cluster import on_cluster
from cldice_monai.inference.large_recipe import (
    large_settings,
    require_blockwise,
    window_predictor,
)
from cldice_monai.inference.measure import CONVENTION
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inference.request import PredictRequest
from cldice_monai.memory import peak_bytes
from cldice_monai.transforms.working_grid import is_microscopy
from cldice_monai.volumes import LargeVolume, open_volume, predict_volume
from cldice_monai.workflows.too_much_vessel import too_much_vessel

__all__ = ["needs_streaming", "save_large_case"]

_IDLE = 600_000_000  # bytes of a process that has everything imported
_PER_VOXEL = 60  # bytes that a voxel takes in memory, from its file to its report
_PER_OTHER_VOXEL = 30  # of the smaller of two grids, where the image is resampled
_PREVIEW_SIDES = (640, 640, 16)  # x, y, z


def needs_streaming(case: VesselCase, *, max_bytes: int, side_mm: float | None = None) -> bool:
    """Return whether a case, segmented in memory, would take more than it may.

    Args:
        case: its files; only headers are read. Formats that cannot be read in parts never do.
        max_bytes: what it may take.
        side_mm: voxel side that a microscope's volume is resampled to; None for its own grid.

    Raises:
        InputError: if a header cannot be read.
    """
    grid = _grid(case.image)
    if grid is None:
        return False
    shape, sides_mm = grid
    n_bytes = _PER_VOXEL * prod(shape)
    if side_mm is not None and len(shape) == 3 and is_microscopy(sides_mm):
        pairs = zip(shape, sides_mm, strict=True)
        both = sorted((prod(shape), prod(max(1.0, n * side / side_mm) for n, side in pairs)))
        n_bytes = int(_PER_VOXEL * both[1] + _PER_OTHER_VOXEL * both[0])
    return _IDLE + n_bytes > max_bytes


def save_large_case(
    case: VesselCase,
    recipe: Recipe,
    folder: OutputFolder,
    *,
    made_with: dict[str, Any],
    request: PredictRequest,
    started: float,
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """Segment a case without having it in memory, and write its files.

    Args:
        case: NIfTI files or an OME-Zarr image.
        recipe: network, windows and threshold.
        folder: where the files go.
        made_with: what the mask was made with, for the report.
        request: memory that the process may take, or the cluster.
        started: `time.monotonic()` when the case began.
        progress: is told the finished share.

    Returns:
        The report, as it was written.

    Raises:
        InputError: if a setting needs the whole mask, the memory is too small, or a file cannot be
            used or written.
    """
    require_blockwise(case, recipe)
    ending = ".zarr" if is_zarr(case.image[0]) else ".nii.gz"
    with folder.together() as place, open_volume(case.image, place) as volume:
        files = {"mask": f"{case.case_id}_mask{ending}"}
        if recipe.saves_probability:
            files["prob"] = f"{case.case_id}_prob{ending}"
        folder.refuse_to_replace(case.image, files.values())
        targets = {name: place / file for name, file in files.items()}
        if request.scheduler is None:
            figures, peak = _here(volume, recipe, targets, request.max_bytes, progress)
        else:
            figures, peak = on_cluster(case, recipe, targets, request, progress), peak_bytes()
        files["preview"] = f"{case.case_id}_preview.png"
        _save_preview(volume, place, files, case_id=case.case_id)
        report = {
            "case_id": case.case_id,
            "input": identify(case.image),
            "files": files,
            **_in_xyz(figures, turned=is_zarr(case.image[0])),
            "betti_convention": CONVENTION,
            "notes": [
                "segmented part by part",
                *too_much_vessel(figures["vessel_fraction"]),
            ],
            "made_with": made_with,
            "wall_seconds": round(time.monotonic() - started, 3),
            "peak_memory_bytes": peak,
        }
        text = json.dumps(report, indent=2, allow_nan=False) + "\n"
        (place / report_name(case.case_id)).write_text(text, encoding="utf-8")
    return report


def _here(
    volume: LargeVolume,
    recipe: Recipe,
    targets: dict[str, Path],
    max_bytes: int,
    progress: Callable[[float], None],
) -> tuple[dict[str, Any], int]:
    """Segment a case in this process; return its figures and the memory that it took."""
    turned = is_zarr(volume.path)
    result = predict_volume(
        volume,
        targets["mask"],
        window_predictor(recipe, turned=turned),
        settings=large_settings(recipe, turned=turned, max_bytes=max_bytes),
        prob_path=targets.get("prob"),
        progress=progress,
    )
    return result.figures, result.peak_bytes


def _grid(paths: Sequence[Path]) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """Return shape and voxel size in mm of an image that can be read in parts."""
    if is_zarr(paths[0]):
        image = open_ome_zarr(paths[0])
        return image.shape, image.spacing_mm
    if not all(has_nifti_ending(path) for path in paths):
        return None
    header = read_header(paths[0])
    dims = tuple(int(n) for n in header.get_data_shape())
    try:
        shape = find_axes(dims).spatial_shape
    except ValueError as error:
        raise InputError(f"{paths[0]}: {error}; save one volume a file") from error
    sides = np.linalg.norm(header_affine(paths[0], header)[:3, :3], axis=0)
    return shape, tuple(float(side) * MM_PER_UNIT[header_unit(header)] for side in sides)


def _in_xyz(figures: dict[str, Any], *, turned: bool) -> dict[str, Any]:
    """Return figures with the axes in the order that they have of an image in memory."""
    if not turned:
        return figures
    return {**figures, **{name: figures[name][::-1] for name in ("shape", "spacing_mm")}}


def _save_preview(volume: LargeVolume, place: Path, files: dict[str, str], *, case_id: str) -> None:
    """Draw the middle of the volume, as much as is looked at in one picture."""
    from cldice_monai.report import save_preview

    turned = is_zarr(volume.path)
    sides = _PREVIEW_SIDES[: len(volume.shape)]
    sides = sides[::-1] if turned else sides
    box = tuple(_middle(n, side) for n, side in zip(volume.shape, sides, strict=True))
    with open_volume([place / files["mask"]], place, announce=False) as found:
        image, mask = volume.read(box)[0], found.read(box)[0] > 0
    spacing = volume.spacing_mm
    if turned:  # z, y, x, its rows running down
        image, mask = image.T[:, ::-1], mask.T[:, ::-1]
        spacing = spacing[::-1]
    save_preview(
        place / files["preview"],
        np.ascontiguousarray(image),
        np.ascontiguousarray(mask),
        spacing_mm=spacing,
        title=f"{case_id}: the middle {'x'.join(map(str, image.shape))} voxels",
    )


def _middle(n: int, side: int) -> slice:
    first = max(0, (n - side) // 2)
    return slice(first, min(n, first + side))
