"""A case that does not fit into the memory that it may take: slab by slab, or column by column."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from monai.inferers import SimpleInferer

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.nifti_axes import find_axes
from cldice_monai.data.nifti_file import has_nifti_ending, header_affine, read_header
from cldice_monai.data.nifti_grid import MM_PER_UNIT, header_unit
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError
from cldice_monai.inference.folder import OutputFolder, report_name
from cldice_monai.inference.identity import identify
from cldice_monai.inference.measure import CONVENTION
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inferers import AutocastInferer, FlipInferer
from cldice_monai.transforms.working_grid import is_microscopy
from cldice_monai.workflows.too_much_vessel import too_much_vessel

if TYPE_CHECKING:
    from cldice_monai.volumes import LargeSettings

__all__ = ["large_settings", "needs_streaming", "save_large_case", "window_predictor"]

_IDLE = 600_000_000  # bytes of a process that has everything imported
_PER_VOXEL = 60  # bytes that a voxel takes in memory, from its file to its report
_PER_OTHER_VOXEL = 30  # of the smaller of two grids, where the image is resampled
_PREVIEW_SIDES = (640, 640, 16)
# what is done to an image before the network, of which `cldice_monai.volumes` does the same
_STEPS = frozenset({"LoadCase", "ResampleToWorkingGridd", "ScaleIntensityCutoffd"})


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
    max_bytes: int,
    started: float,
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """Segment a case without having it in memory, and write its files.

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
    from cldice_monai.volumes import predict_large

    _require_blockwise(case, recipe)
    ending = ".zarr" if is_zarr(case.image[0]) else ".nii.gz"
    with folder.together() as place:
        files = {"mask": f"{case.case_id}_mask{ending}"}
        if recipe.saves_probability:
            files["prob"] = f"{case.case_id}_prob{ending}"
        result = predict_large(
            case.image,
            place / files["mask"],
            window_predictor(recipe, turned=is_zarr(case.image[0])),
            settings=large_settings(recipe, turned=is_zarr(case.image[0]), max_bytes=max_bytes),
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
                "larger than memory: segmented part by part",
                *too_much_vessel(result.figures["vessel_fraction"]),
            ],
            "made_with": made_with,
            "wall_seconds": round(time.monotonic() - started, 3),
            "peak_memory_bytes": result.peak_bytes,
        }
        text = json.dumps(report, indent=2, allow_nan=False) + "\n"
        (place / report_name(case.case_id)).write_text(text, encoding="utf-8")
    return report


def large_settings(recipe: Recipe, *, turned: bool, max_bytes: int) -> LargeSettings:
    """Return what a recipe says of preparation and windows.

    Args:
        recipe: of inference.json.
        turned: whether the axes of the file are those of the network in reverse, as in OME-Zarr.
        max_bytes: memory that the process may take.
    """
    from cldice_monai.volumes import LargeSettings

    settings = recipe.settings
    roi, overlap = tuple(settings["roi"]), settings["overlap"]
    if not isinstance(overlap, int | float):
        overlap = tuple(overlap)[::-1] if turned else tuple(overlap)
    return LargeSettings(
        roi=roi[::-1] if turned else roi,
        overlap=overlap,
        threshold=settings["threshold"],
        cutoff=settings["cutoff"],
        lift=settings["lift"],
        side_mm=settings["side_mm"],
        factors=tuple(settings["factors"]),
        pad_windows=settings["pad_windows"],
        max_bytes=max_bytes,
    )


def window_predictor(recipe: Recipe, *, turned: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network as the inferer of the recipe runs it on a batch of windows.

    Args:
        recipe: of inference.json.
        turned: whether the axes of the windows are those of the network in reverse.
    """
    autocast = recipe.inferer
    flip = autocast.inferer
    one = FlipInferer(SimpleInferer(), axes=flip.axes, softmax=flip.softmax)
    inferer = AutocastInferer(one, precision=autocast.precision)
    on_cuda = recipe.device.type == "cuda"

    def predict(windows: torch.Tensor) -> torch.Tensor:
        seen = _turned(windows) if turned else windows
        with torch.autocast("cuda", enabled=on_cuda):
            logits: torch.Tensor = inferer(seen.to(recipe.device), recipe.network)
        return _turned(logits) if turned else logits

    return predict


def _turned(windows: torch.Tensor) -> torch.Tensor:
    n_axes = windows.dim() - 2
    return windows.permute(0, 1, *(1 + n_axes - n for n in range(n_axes)))


def _require_blockwise(case: VesselCase, recipe: Recipe) -> None:
    unknown = sorted(set(recipe.steps_before) - _STEPS)
    if unknown:
        raise InputError(
            f"{case.image[0]}: these weights prepare images by {unknown[0]}, which needs the whole "
            "image in memory; raise --max-memory or crop the image"
        )
    if recipe.settings["min_length_mm"]:
        raise InputError(
            f"{case.image[0]}: min_length_mm needs the whole mask in memory; raise --max-memory or "
            "leave it out"
        )


def _grid(paths: Sequence[Path]) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """Return shape and voxel size in mm of an image that can be read in parts."""
    if is_zarr(paths[0]):
        from cldice_monai.volumes.ome_zarr import open_ome_zarr

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
