"""A case that does not fit into the memory that it may take: slab by slab, or column by column."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.inference.folder import OutputFolder, report_name
from cldice_monai.inference.grid import read_grid, working_voxels
from cldice_monai.inference.identity import identify
from cldice_monai.inference.large_cluster import on_cluster
from cldice_monai.inference.large_recipe import (
    large_settings,
    require_blockwise,
    window_predictor,
)
from cldice_monai.inference.measure import CONVENTION, cavity_note
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inference.request import PredictRequest
from cldice_monai.memory_left import peak_bytes
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
    grid = read_grid(case.image)
    if grid is None:
        return False
    shape, sides_mm = grid
    worked = working_voxels(shape, sides_mm, side_mm=side_mm)
    n_bytes = _PER_VOXEL * max(prod(shape), worked)
    if worked != prod(shape):
        n_bytes += _PER_OTHER_VOXEL * min(prod(shape), worked)
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
        if request.save_skeleton:
            files["skeleton"] = f"{case.case_id}_skeleton{ending}"
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
                *cavity_note(figures["betti_numbers"]),
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
        skeleton_path=targets.get("skeleton"),
        progress=progress,
    )
    return result.figures, result.peak_bytes


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
