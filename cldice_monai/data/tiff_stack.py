"""TIFF stacks of a microscope, whose voxel size the user says."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cldice_monai.data.nifti import Volume
from cldice_monai.data.pictures import picture_affine
from cldice_monai.data.spacing import Spacing
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.memory import require_bytes

__all__ = ["TIFF_ENDINGS", "has_tiff_ending", "read_tiff_stack", "tiff_axes", "write_tiff"]

TIFF_ENDINGS = (".tif", ".tiff")

_DEPTH = "ZIQ"  # tifffile's names of an axis that counts pages
_CHANNEL = "CS"
_MAX_RATIO = 1500  # no compression that is read here packs tighter
_READ_BY_PILLOW = (5,)  # LZW


@dataclass(frozen=True)
class _Stack:
    """What the tags of a file say: shape, the letter of each axis, number type."""

    shape: tuple[int, ...]
    axes: str
    dtype: np.dtype[Any]
    compressions: frozenset[int]


def has_tiff_ending(path: Path) -> bool:
    """Return whether a name is that of a TIFF file."""
    return path.suffix.lower() in TIFF_ENDINGS


def tiff_axes(path: Path) -> int:
    """Return the number of axes of space that a TIFF file has, from its tags alone.

    Args:
        path: the file.

    Returns:
        3 for a stack, 2 for a picture.

    Raises:
        InputError: as `read_tiff_stack`, but for the spacing.
    """
    return _n_axes(_describe(path))


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
    stack = _describe(path)
    n_axes = _n_axes(stack)
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


def _n_axes(stack: _Stack) -> int:
    letters = zip(stack.axes, stack.shape, strict=True)
    return 3 if any(letter in _DEPTH and n > 1 for letter, n in letters) else 2


def _volume(array: np.ndarray, affine: np.ndarray, unit: str, stack: _Stack, path: Path) -> Volume:
    values = np.ascontiguousarray(array, dtype=np.float32)
    return Volume(values, affine, unit, 0, 0, stack.shape, path)


def _describe(path: Path) -> _Stack:
    """Read the tags alone, and compare what they promise with the size of the file."""
    import tifffile

    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        with _quiet(), tifffile.TiffFile(path) as file:
            series = file.series
            if len(series) != 1:
                raise InputError(f"{path}: holds {len(series)} images, one a file is needed")
            found = _Stack(
                tuple(int(n) for n in series[0].shape),
                series[0].axes,
                np.dtype(series[0].dtype),
                frozenset(int(page.compression) for page in series[0].pages if page is not None),
            )
    except InputError:
        raise
    except Exception as error:  # a damaged tag ends in almost any exception
        raise _damaged(path, error) from error
    n_bytes = int(np.prod(found.shape, dtype=object)) * found.dtype.itemsize
    ratio = 1 if found.compressions == {1} else _MAX_RATIO
    if n_bytes > ratio * path.stat().st_size:
        raise InputError(
            f"{path}: promises {found.shape} voxels, more than the file can hold: it is cut off or "
            "damaged; copy it again"
        )
    require_bytes(n_bytes + 4 * int(np.prod(found.shape, dtype=object)), path=path)
    if found.dtype.kind not in "iuf":
        raise InputError(f"{path}: voxels of type {found.dtype} are no intensities; convert them")
    odd = [a for a, n in zip(found.axes, found.shape, strict=True) if n > 1 and a not in "ZIQCSYX"]
    if odd or "Y" not in found.axes or "X" not in found.axes:
        raise InputError(
            f"{path}: axes {found.axes} of shape {found.shape}; one volume of Z, Y, X (and "
            "channels) a file is needed"
        )
    return found


def _pixels(path: Path, stack: _Stack) -> np.ndarray:
    import tifffile

    try:
        with _quiet():
            if stack.compressions & set(_READ_BY_PILLOW):
                pages = _pages_by_pillow(path)
                return pages.reshape(stack.shape)
            return np.asarray(tifffile.imread(path)).reshape(stack.shape)
    except MemoryError as error:
        raise InputError(f"{path}: does not fit into memory; crop it") from error
    except Exception as error:  # the codecs end in almost any exception
        raise _damaged(path, error) from error


def _pages_by_pillow(path: Path) -> np.ndarray:
    from PIL import Image, ImageSequence

    with Image.open(path) as stack:
        return np.stack([np.asarray(page) for page in ImageSequence.Iterator(stack)])


def _channels_first(pixels: np.ndarray, stack: _Stack) -> np.ndarray:
    """Bring an array of the file's axes to (C, Z, Y, X)."""
    channel = [n for n, letter in enumerate(stack.axes) if letter in _CHANNEL]
    rows, columns = stack.axes.index("Y"), stack.axes.index("X")
    depth = [n for n in range(pixels.ndim) if n not in (*channel, rows, columns)]
    ordered = pixels.transpose(*channel, *depth, rows, columns)
    return ordered.reshape(
        int(np.prod([stack.shape[n] for n in channel], dtype=int)),
        int(np.prod([stack.shape[n] for n in depth], dtype=int)),
        stack.shape[rows],
        stack.shape[columns],
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what tifffile and Pillow say of odd tags away from the user."""
    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = before


def _damaged(path: Path, error: BaseException) -> InputError:
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return InputError(f"{path}: the TIFF file cannot be read ({reason[:120]}); copy it again")
