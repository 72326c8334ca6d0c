"""TIFF stacks of a microscope, whose voxel size the user says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from cldice_monai.data.nifti import Volume
from cldice_monai.data.pictures import picture_affine
from cldice_monai.data.spacing import Spacing
from cldice_monai.data.tiff_tags import CHANNEL_LETTERS, TiffTags, damaged, quiet, read_tiff_tags
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete

__all__ = ["TIFF_ENDINGS", "has_tiff_ending", "read_tiff_stack", "write_tiff"]

TIFF_ENDINGS = (".tif", ".tiff")

_READ_BY_PILLOW = (2, 3, 4, 5)  # black and white as faxes are (group 3 and 4), and LZW


def has_tiff_ending(path: Path) -> bool:
    """Return whether a name is that of a TIFF file."""
    return path.suffix.lower() in TIFF_ENDINGS


def read_tiff_stack(path: Path, spacing: Spacing | None) -> Volume:
    """Read a TIFF stack, or a single picture.

    The pages become the third axis of the volume, columns the first, rows the second; rows run
    down, as they do on the screen.

    Args:
        path: TIFF, ImageJ, OME or BigTIFF, one image of (Z,) Y, X and perhaps a channel axis.
        spacing: voxel size in the order of the file's axes: Z, Y, X of a stack; Y, X of a picture.

    Returns:
        float32 (C, X, Y, Z) of a stack, (C, H, W, 1) of a picture as `read_picture` gives it.

    Raises:
        InputError: without a spacing or with one of another number of axes; if the file is
            damaged, cut off, holds several images or a time axis.
    """
    if spacing is None:
        raise InputError(
            f"{path}: a TIFF file does not say the size of its voxels; pass --spacing with the "
            "unit, in the order of the axes: --spacing 5,0.994,0.994um"
        )
    stack = read_tiff_tags(path)
    n_axes = stack.n_axes
    depth = n_axes == 3
    if len(spacing.sizes) != n_axes:
        what = "a stack (z, y, x)" if depth else "a single picture (y, x)"
        raise InputError(
            f"{path}: {what} needs {n_axes} numbers in --spacing, got {len(spacing.sizes)}"
        )
    array = _channels_first(_pixels(path, stack), stack)
    sizes, unit = spacing.in_header_unit()
    if not depth:
        affine = picture_affine(sizes[0], sizes[1])
        return _volume(array.transpose(0, 2, 3, 1), affine, unit, stack, path)
    # the second axis runs down on the screen
    affine = np.diag([sizes[2], -sizes[1], sizes[0], 1.0])
    return _volume(array.transpose(0, 3, 2, 1), affine, unit, stack, path)


def write_tiff(
    array: np.ndarray, path: Path, *, like: Volume, dtype: Literal["uint8", "float32"]
) -> Path:
    """Write a mask, or probabilities, in the axis order of the TIFF file of a volume.

    Args:
        array: (X, Y, Z), or (H, W, 1) of a picture.
        path: file to write.
        like: the volume, from `read_tiff_stack`.
        dtype: number type; a mask's 1 becomes 255, so that viewers show it.

    Returns:
        ``path``.

    Raises:
        InputError: if it cannot be written.
    """
    import tifffile

    flat = like.array.shape[-1] == 1 and abs(like.affine[0, 0]) == 0
    pages = array[..., 0] if flat else array.transpose(2, 1, 0)
    values = np.ascontiguousarray(pages.astype(dtype))
    if dtype == "uint8" and values.max(initial=0) == 1:
        values *= 255
    with replace_when_complete(path) as temporary:
        tifffile.imwrite(temporary, values, compression="zlib", photometric="minisblack")
    return path


def _volume(
    array: np.ndarray, affine: np.ndarray, unit: str, stack: TiffTags, path: Path
) -> Volume:
    values = np.ascontiguousarray(array, dtype=np.float32)
    return Volume(values, affine, unit, 0, 0, stack.shape, path)


def _pixels(path: Path, stack: TiffTags) -> np.ndarray:
    import tifffile

    try:
        with quiet():
            if stack.compressions & set(_READ_BY_PILLOW):
                pages = _pages_by_pillow(path)
                return pages.reshape(stack.shape)
            return np.asarray(tifffile.imread(path)).reshape(stack.shape)
    except MemoryError as error:
        raise InputError(f"{path}: does not fit into memory; crop it") from error
    except Exception as error:  # the codecs end in almost any exception
        raise damaged(path, error) from error


def _pages_by_pillow(path: Path) -> np.ndarray:
    from PIL import Image, ImageSequence

    with Image.open(path) as stack:
        return np.stack([np.asarray(page) for page in ImageSequence.Iterator(stack)])


def _channels_first(pixels: np.ndarray, stack: TiffTags) -> np.ndarray:
    """Bring an array of the file's axes to (C, Z, Y, X)."""
    channel = [n for n, letter in enumerate(stack.axes) if letter in CHANNEL_LETTERS]
    rows, columns = stack.axes.index("Y"), stack.axes.index("X")
    depth = [n for n in range(pixels.ndim) if n not in (*channel, rows, columns)]
    ordered = pixels.transpose(*channel, *depth, rows, columns)
    return ordered.reshape(
        int(np.prod([stack.shape[n] for n in channel], dtype=int)),
        int(np.prod([stack.shape[n] for n in depth], dtype=int)),
        stack.shape[rows],
        stack.shape[columns],
    )
