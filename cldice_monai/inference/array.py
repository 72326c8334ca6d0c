"""One call for one array or one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cldice_monai.errors import InputError

if TYPE_CHECKING:
    from cldice_monai.data.nifti import Volume
    from cldice_monai.data.spacing import Spacing

__all__ = ["predict"]


def predict(
    image: np.ndarray | str | os.PathLike[str],
    *,
    spacing: Sequence[float] | None = None,
    spacing_unit: str = "mm",
    weights: str | os.PathLike[str] | None = None,
    probability: bool = False,
    **settings: Any,
) -> np.ndarray:
    """Segment the vessels of one array, or of one file, and return the mask.

    It does what ``cldice-monai predict`` and the bundle's inference.json do; nothing is written.
    To segment many images use those, since the weights are loaded at every call.

    Args:
        image: (X, Y, Z), or (C, X, Y, Z) with the channels that the weights take; (H, W) or
            (C, H, W) where the weights are for pictures. Or the path of an image file. An array
            in the order (Z, Y, X) is turned first: its mask would differ from the file's.
        spacing: voxel size along the axes of the array in their order; needed for an array and a
            TIFF file, left out where the file says it.
        spacing_unit: nm, um, mm, cm or m.
        weights: file of the weights; None for those of the bundle.
        probability: return how probable a vessel is, not the mask.
        settings: keys of inference.json: threshold, device, roi, overlap, tta,
            fill_cavities, min_length_mm, precision and others.

    Returns:
        The mask, uint8, 1 is vessel (or the number of the class); or float32 probabilities. Its
        shape is that of the array in space; of a file it is (X, Y, Z) in the file's order of
        voxels, of a TIFF stack turned from (Z, Y, X).

    Raises:
        InputError: if the image, the spacing, the weights or a setting cannot be used.

    Example:
        >>> image = np.random.default_rng(0).random((40, 40, 20))
        >>> mask = predict(image, spacing=(1, 1, 2))
        >>> mask.shape, mask.dtype
        ((40, 40, 20), dtype('uint8'))
    """
    from cldice_monai.data.formats import format_of, read_image
    from cldice_monai.data.spacing import Spacing
    from cldice_monai.inference.recipe import Recipe

    size = None
    if spacing is not None:
        sizes = tuple(spacing) if isinstance(spacing, Iterable) else (spacing,)
        size = Spacing(sizes, spacing_unit)
    recipe = Recipe(weights=weights, settings={**settings, "save_prob": probability})
    if isinstance(image, str | os.PathLike):
        known = format_of(Path(image))
        if size is not None and known is not None and not known.needs_spacing:
            raise InputError(
                f"spacing has no effect: {image} says the size of its voxels; leave it out"
            )
        volume, shape = read_image(Path(image), spacing=size), None
    else:
        volume, shape = _as_volume(image, size, n_axes=recipe.weights.spatial_dims)
    found = recipe.segment(recipe.prepare(volume))
    result = found.classes if found.probability is None else found.probability
    return result if shape is None else result.reshape(shape)


def _as_volume(
    image: Any, spacing: Spacing | None, *, n_axes: int
) -> tuple[Volume, tuple[int, ...]]:
    from cldice_monai.data.nifti import Volume

    array = np.asarray(image)
    if array.dtype.kind not in "biuf":
        raise InputError(f"image must hold numbers, got an array of {array.dtype}")
    if array.ndim not in (n_axes, n_axes + 1) or 0 in array.shape:
        axes = "(X, Y, Z) or (C, X, Y, Z)" if n_axes == 3 else "(H, W) or (C, H, W)"
        raise InputError(f"image must be {axes}, got {array.shape}; drop or add axes first")
    if spacing is None or len(spacing.sizes) != n_axes:
        raise InputError(
            f"spacing must have {n_axes} numbers, one an axis of the array, got "
            f"{None if spacing is None else list(spacing.sizes)}; for example "
            "spacing=(1, 1, 5), spacing_unit='um'"
        )
    sizes, unit = spacing.in_header_unit()
    channels = array if array.ndim == n_axes + 1 else array[None]
    shape = tuple(int(n) for n in channels.shape[1:])
    with np.errstate(over="ignore"):
        values = channels.astype(np.float32).reshape((len(channels), *(*shape, 1)[:3]))
    affine = np.diag([*(*sizes, 1.0)[:3], 1.0])
    path = Path("the array")
    return Volume(values, affine, unit, 0, 0, shape, path), shape
