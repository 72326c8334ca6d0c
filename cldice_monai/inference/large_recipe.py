"""The bundle's inference.json for volumes that are segmented in parts."""

from __future__ import annotations

import torch
from monai.inferers import SimpleInferer

from cldice_monai.data.cases import VesselCase
from cldice_monai.errors import InputError
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inferers import AutocastInferer, FlipInferer
from cldice_monai.volumes.large_settings import LargeSettings, Predictor

__all__ = ["large_settings", "require_blockwise", "window_predictor"]

# what is done to an image before the network, of which `cldice_monai.volumes` does the same
_STEPS = frozenset({"LoadCase", "ResampleToWorkingGridd", "ScaleIntensityCutoffd"})


def large_settings(recipe: Recipe, *, turned: bool, max_bytes: int) -> LargeSettings:
    """Return what a recipe says of preparation and windows.

    Args:
        recipe: of inference.json.
        turned: whether the axes of the file are those of the network in reverse, as in OME-Zarr.
        max_bytes: memory that the process may take.
    """
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
        floor=settings["floor"],
        side_mm=settings["side_mm"],
        factors=tuple(settings["factors"]),
        pad_windows=settings["pad_windows"],
        max_bytes=max_bytes,
    )


def window_predictor(recipe: Recipe, *, turned: bool) -> Predictor:
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


def require_blockwise(case: VesselCase, recipe: Recipe) -> None:
    """Refuse what cannot be done in parts.

    Args:
        case: the image, for the message.
        recipe: of inference.json.

    Raises:
        InputError: if a setting or the preparation of the weights needs the whole image in memory.
    """
    unknown = sorted(set(recipe.steps_before) - _STEPS)
    if unknown:
        raise InputError(
            f"{case.image[0]}: these weights prepare images by {unknown[0]}, which needs the whole "
            "image in memory; raise --max-memory or crop the image"
        )
    for setting in ("fill_cavities", "min_length_mm"):
        if recipe.settings[setting]:
            raise InputError(
                f"{case.image[0]}: {setting} needs the whole mask in memory; raise --max-memory or "
                "leave it out"
            )
