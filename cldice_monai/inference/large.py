"""A case that does not fit into the memory that it may take: slab by slab, or column by column."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.inferers import SimpleInferer

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.nifti_axes import find_axes
from cldice_monai.data.nifti_file import has_nifti_ending, read_header
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError
from cldice_monai.inference.folder import OutputFolder, report_name
from cldice_monai.inference.identity import identify
from cldice_monai.inference.measure import CONVENTION
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inferers import AutocastInferer, FlipInferer
from cldice_monai.workflows.too_much_vessel import too_much_vessel

__all__ = ["needs_streaming", "save_large_case"]

_IDLE = 600_000_000  # bytes of a process that has everything imported
_PER_VOXEL = 60  # bytes that a voxel takes in memory, from its file to its report
_PREVIEW_SIDES = (640, 640, 16)
_MULTIPLE = 8  # what the network divides the sides of a window by


def needs_streaming(case: VesselCase, *, max_bytes: int) -> bool:
    """Return whether a case, segmented in memory, would take more than it may.

    Args:
        case: its files; only headers are read. Formats that cannot be read in parts never do.
        max_bytes: what it may take.

    Raises:
        InputError: if a header cannot be read.
    """
    n_voxels = _n_voxels(case.image)
    return n_voxels is not None and _IDLE + _PER_VOXEL * n_voxels > max_bytes


def save_large_case(
    case: VesselCase,
    recipe: Recipe,
    folder: OutputFolder,
    *,
    made_with: dict[str, Any],
    max_bytes: int,
    started: float,
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """Segment a case on its own grid without having it in memory, and write its files.

    Args:
        case: NIfTI files or an OME-Zarr image.
        recipe: network, windows and threshold.
        folder: where the files go.
        made_with: what the mask was made with, for the report.
        max_bytes: memory that the process may take.
        started: `time.monotonic()` when the case began.
        progress: is told the finished share.

    Returns:
        The report, as it was written.

    Raises:
        InputError: if a setting needs the whole mask, the memory is too small, or a file cannot be
            used or written.
    """
    from cldice_monai.volumes import LargeSettings, predict_large

    settings = recipe.settings
    _require_blockwise(case, settings)
    shape = _shape(case.image)
    ending = ".zarr" if is_zarr(case.image[0]) else ".nii.gz"
    with folder.together() as place:
        files = {"mask": f"{case.case_id}_mask{ending}"}
        if recipe.saves_probability:
            files["prob"] = f"{case.case_id}_prob{ending}"
        result = predict_large(
            case.image,
            place / files["mask"],
            _predictor(recipe),
            settings=LargeSettings(
                roi=_windows(settings, shape),
                overlap=settings["overlap"],
                threshold=settings["threshold"],
                cutoff=settings["cutoff"],
                lift=settings["lift"],
                side_mm=settings["side_mm"],
                max_bytes=max_bytes,
            ),
            prob_path=place / files["prob"] if "prob" in files else None,
            progress=progress,
        )
        files["preview"] = f"{case.case_id}_preview.png"
        _save_preview(case, place, files)
        report = {
            "case_id": case.case_id,
            "input": identify(case.image),
            "files": files,
            **result.figures,
            "betti_convention": CONVENTION,
            "notes": [
                "larger than memory: segmented part by part, on its own grid",
                *too_much_vessel(result.figures["vessel_fraction"]),
            ],
            "made_with": made_with,
            "wall_seconds": round(time.monotonic() - started, 3),
            "peak_memory_bytes": result.peak_bytes,
        }
        text = json.dumps(report, indent=2, allow_nan=False) + "\n"
        (place / report_name(case.case_id)).write_text(text, encoding="utf-8")
    return report


def _require_blockwise(case: VesselCase, settings: dict[str, Any]) -> None:
    if settings["min_length_mm"]:
        raise InputError(
            f"{case.image[0]}: min_length_mm needs the whole mask in memory; raise --max-memory or "
            "leave it out"
        )


def _predictor(recipe: Recipe) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network as the inferer of the recipe runs it on a batch of windows."""
    autocast = recipe.inferer
    flip = autocast.inferer
    one = FlipInferer(SimpleInferer(), axes=flip.axes, softmax=flip.softmax)
    inferer = AutocastInferer(one, precision=autocast.precision)
    on_cuda = recipe.device.type == "cuda"

    def predict(windows: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", enabled=on_cuda):
            logits: torch.Tensor = inferer(windows.to(recipe.device), recipe.network)
        return logits

    return predict


def _windows(settings: dict[str, Any], shape: Sequence[int]) -> tuple[int, ...]:
    """Return the sides of a window, shorter where the volume is and nothing may be padded."""
    roi = tuple(settings["roi"])
    if settings["pad_windows"]:
        return roi
    sides = zip(roi, shape, strict=True)
    return tuple(min(most, max(2, -(-n // _MULTIPLE)) * _MULTIPLE) for most, n in sides)


def _n_voxels(paths: Sequence[Path]) -> int | None:
    if not (is_zarr(paths[0]) or all(has_nifti_ending(path) for path in paths)):
        return None
    return prod(_shape(paths))


def _shape(paths: Sequence[Path]) -> tuple[int, ...]:
    if is_zarr(paths[0]):
        from cldice_monai.volumes.ome_zarr import open_ome_zarr

        return open_ome_zarr(paths[0]).shape
    dims = tuple(int(n) for n in read_header(paths[0]).get_data_shape())
    try:
        return find_axes(dims).spatial_shape
    except ValueError as error:
        raise InputError(f"{paths[0]}: {error}; save one volume a file") from error


def _save_preview(case: VesselCase, place: Path, files: dict[str, str]) -> None:
    """Draw the middle of the volume, as much as is looked at in one picture."""
    from cldice_monai.report import save_preview
    from cldice_monai.volumes import open_volume

    with (
        open_volume(case.image, place) as volume,
        open_volume([place / files["mask"]], place) as found,
    ):
        turned = is_zarr(case.image[0])
        sides = _PREVIEW_SIDES[::-1] if turned else _PREVIEW_SIDES
        box = tuple(_middle(n, side) for n, side in zip(volume.shape, sides, strict=True))
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
        title=f"{case.case_id}, its middle",
    )


def _middle(n: int, side: int) -> slice:
    first = max(0, (n - side) // 2)
    return slice(first, min(n, first + side))
