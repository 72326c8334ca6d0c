"""The recipe of inference.json on a volume that is larger than memory."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from cldice_monai.errors import InputError
from cldice_monai.inference.measure import CONVENTION
from cldice_monai.inference.recipe import Recipe
from cldice_monai.volumes import (
    LargeResult,
    LargeSettings,
    LargeVolume,
    open_volume,
    predict_volume,
)

__all__ = ["large_settings", "segment_large", "window_predictor"]


def segment_large(
    recipe: Recipe,
    paths: Sequence[Path],
    mask_path: Path,
    *,
    max_bytes: int,
    prob_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> LargeResult:
    """Segment a NIfTI or OME-Zarr volume within an amount of memory.

    The mask is the one that `Recipe.segment` gives of a volume that keeps its grid, and the figures
    have the names of `cldice_monai.inference.measure.measure`.

    Args:
        recipe: weights and settings.
        paths: NIfTI files in the order of the channels, or the folder of one OME-Zarr image.
        mask_path: file to write: .nii, .nii.gz or .zarr.
        max_bytes: anonymous and shared memory that the process may take, see `parse_bytes`.
        prob_path: file for the probability of a vessel; None writes none.
        progress: is told the finished share of the inference, 0 to 1.

    Returns:
        Mask, figures and memory.

    Raises:
        InputError: if a file cannot be used, the recipe needs the whole volume at once, or the
            memory is too small; it names the least that is enough.
    """
    if recipe.settings.get("min_length_mm"):
        raise InputError(
            "--min-length-mm is not done block by block; leave it out, or --max-memory"
        )
    with open_volume(paths, mask_path.parent) as volume:
        _require_fit(recipe, volume)
        result = predict_volume(
            volume,
            mask_path,
            window_predictor(recipe),
            settings=large_settings(recipe, volume, max_bytes=max_bytes),
            prob_path=prob_path,
            progress=progress,
        )
    result.figures["betti_convention"] = CONVENTION
    return result


def window_predictor(recipe: Recipe) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the network of a recipe as it sees one batch of windows.

    Mirror images and mixed precision are those of the recipe; only what places the windows is left
    out.

    Args:
        recipe: weights and settings.
    """
    inferer = _without_windows(recipe.inferer)
    on_cuda = recipe.device.type == "cuda"

    def predict(windows: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", enabled=on_cuda):
            logits: torch.Tensor = inferer(windows.to(recipe.device), recipe.network)
        return logits

    return predict


def large_settings(recipe: Recipe, volume: LargeVolume, *, max_bytes: int) -> LargeSettings:
    """Return the settings of a recipe as `predict_volume` takes them.

    Args:
        recipe: weights and settings.
        volume: a window is no longer than it has to be, where the recipe does not pad.
        max_bytes: memory that the process may take.
    """
    windows, settings = _innermost(recipe.inferer), recipe.settings
    step = windows.multiple_of
    sides = zip(windows.roi_size, volume.shape, strict=False)
    shorter = [min(most, max(2, -(-n // step)) * step) for most, n in sides]
    overlap, cutoff = windows.overlap, settings["cutoff"]
    return LargeSettings(
        roi=tuple(windows.roi_size if windows.pad_windows else shorter),
        overlap=overlap if isinstance(overlap, int | float) else tuple(overlap),
        threshold=settings["threshold"],
        cutoff=cutoff if isinstance(cutoff, int | float) else tuple(cutoff),
        lift=settings["lift"],
        max_bytes=max_bytes,
    )


def _require_fit(recipe: Recipe, volume: LargeVolume) -> None:
    """Refuse what would need the whole volume at once."""
    if volume.n_channels != recipe.weights.in_channels:
        raise InputError(
            f"{volume.path}: has {volume.n_channels} channels, the weights are for "
            f"{recipe.weights.in_channels}; pass other --weights, or name the files of the "
            "channels with --channels"
        )
    side = recipe.settings.get("side_mm")
    if side is not None and len(volume.shape) == 3 and _would_be_resampled(volume, side):
        raise InputError(
            f"{volume.path}: voxels of {_um(volume.spacing_mm)} um are resampled to "
            f"{1000 * side:g} um for these weights, which is not done for a volume larger than "
            "memory; leave out --max-memory, or pass --weights for its own grid"
        )


def _would_be_resampled(volume: LargeVolume, side_mm: float) -> bool:
    from monai.data import MetaTensor

    from cldice_monai.transforms import ResampleToWorkingGrid

    affine = torch.diag(torch.tensor([*volume.spacing_mm, 1.0], dtype=torch.float64))
    voxel = MetaTensor(torch.zeros(1, 1, 1, 1), affine=affine)
    return ResampleToWorkingGrid(side_mm).resamples(voxel)


def _um(sides_mm: Sequence[float]) -> str:
    return " x ".join(f"{1000 * side:.3g}" for side in sides_mm)


def _without_windows(inferer: Any) -> Any:
    """Return the wrappers of an inferer around one that hands its input to the network."""
    from monai.inferers import SimpleInferer

    inner = getattr(inferer, "inferer", None)
    if inner is None:
        return SimpleInferer()
    wrapper = copy.copy(inferer)
    wrapper.inferer = _without_windows(inner)
    return wrapper


def _innermost(inferer: Any) -> Any:
    inner = getattr(inferer, "inferer", None)
    return inferer if inner is None else _innermost(inner)
