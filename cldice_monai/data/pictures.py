"""Pictures (TIFF, GIF, PNG, BMP) as volumes that are one voxel deep."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cldice_monai.data.nifti import Volume
from cldice_monai.data.readers import CaseReaders
from cldice_monai.errors import InputError, first_line
from cldice_monai.files import replace_when_complete

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = [
    "PICTURES",
    "PICTURE_ENDINGS",
    "is_picture",
    "picture_affine",
    "picture_size",
    "picture_volume",
    "read_grey_picture",
    "read_picture",
    "write_picture",
]

PathLike = str | os.PathLike[str]
PICTURE_ENDINGS = (".tif", ".tiff", ".png", ".gif", ".bmp", ".jpg", ".jpeg")
"""Endings of the names of pictures."""


def is_picture(path: PathLike) -> bool:
    """Return whether a file is a picture by its name.

    Example:
        >>> is_picture("21_training.tif"), is_picture("a.nii.gz")
        (True, False)
    """
    return Path(path).suffix.lower() in PICTURE_ENDINGS


def read_picture(path: PathLike | Sequence[PathLike]) -> Volume:
    """Read a TIFF, GIF, PNG, BMP or JPEG file.

    The first array axis behind the channel counts rows from the top (H), the second columns from
    the left (W), as in numpy and torch; MONAI's own PILReader gives the columns first. A picture
    with a palette becomes colour if it has any, else grey. An alpha channel is left out.

    Args:
        path: the file, or a list with this one file.

    Returns:
        float32 (C, H, W, 1) with C = 1 for grey and 3 for colour. The unit is ``"unknown"`` and
        the pixel has size 1: pictures do not say how large a pixel is.

    Raises:
        InputError: if the file is missing, damaged, cut off or no picture.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (5, 4)).save(Path(folder, "a.tif"))  # 5 columns, 4 rows
        ...     read_picture(Path(folder, "a.tif")).array.shape
        (3, 4, 5, 1)
    """
    path = _only(path)
    pixels = _read(path)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3:
        raise InputError(f"{path}: has shape {pixels.shape}, which is no single picture")
    if pixels.shape[-1] in (2, 4):
        pixels = pixels[..., :-1]  # alpha
    return picture_volume(np.moveaxis(pixels, -1, 0), path)


def read_grey_picture(path: PathLike | Sequence[PathLike]) -> Volume:
    """Read a picture of a label or a mask: its channels are joined into one, the largest value.

    Args:
        path: the file, or a list with this one file.

    Returns:
        float32 (1, H, W, 1), otherwise as `read_picture`.

    Raises:
        InputError: as `read_picture`.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (5, 4), (0, 7, 9)).save(Path(folder, "a.png"))
        ...     mask = read_grey_picture(Path(folder, "a.png")).array
        >>> mask.shape, float(mask.max())
        ((1, 4, 5, 1), 9.0)
    """
    volume = read_picture(path)
    joined = volume.array.max(axis=0, keepdims=True)
    return picture_volume(joined[..., 0], volume.path)


def picture_size(path: Path) -> tuple[int, int]:
    """Return the size of a picture, from the beginning of its file.

    Args:
        path: the file.

    Returns:
        Columns and rows, in this order.

    Raises:
        InputError: as `read_picture`, but for damage behind the beginning.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     picture_size(write_picture(np.zeros((4, 5)), Path(folder, "a.png")))
        (5, 4)
    """
    with _opened(path) as picture:
        return picture.size


PICTURES = CaseReaders(image=read_picture, label=read_grey_picture, mask=read_grey_picture)
"""Image, label and mask are pictures."""


def picture_affine(
    row_size: float = 1.0, column_size: float = 1.0, depth: float = 1.0
) -> np.ndarray:
    """Return the affine that shows a picture upright: rows run down, columns to the right.

    Args:
        row_size: distance of two rows, in the unit of the volume.
        column_size: distance of two columns.
        depth: thickness of the section.

    Returns:
        Voxel to world (right, anterior, superior), float64 (4, 4).

    Example:
        >>> picture_affine()[:2, :2].tolist()  # a step down is posterior, one to the right is right
        [[0.0, 1.0], [-1.0, 0.0]]
    """
    affine = np.diag([0.0, 0.0, depth, 1.0])
    affine[0, 1] = column_size
    affine[1, 0] = -row_size
    return affine


def picture_volume(
    array: np.ndarray, path: Path, *, affine: np.ndarray | None = None, unit: str = "unknown"
) -> Volume:
    """Wrap an array (C, H, W) as a `Volume`.

    Args:
        array: the pixels, shape (C, H, W).
        path: where they come from, for messages.
        affine: voxel to world; None for pixels of size 1.
        unit: unit of the affine.

    Returns:
        The volume, float32 (C, H, W, 1).

    Example:
        >>> picture_volume(np.zeros((3, 4, 5)), Path("a.png")).array.shape
        (3, 4, 5, 1)
    """
    return Volume(
        array=np.ascontiguousarray(array, dtype=np.float32)[..., None],
        affine=picture_affine() if affine is None else affine,
        unit=unit,
        qform_code=0,
        sform_code=0,
        file_shape=tuple(int(n) for n in array.shape),
        path=path,
    )


def write_picture(array: np.ndarray, path: PathLike) -> Path:
    """Write a grey PNG file, under a temporary name until it is complete.

    Args:
        array: uint8 (H, W), rows from the top.
        path: file to write, ends in .png; its folder is made, an old file replaced.

    Returns:
        ``path`` as a Path.

    Raises:
        InputError: if it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = write_picture(np.eye(3, dtype=np.uint8), Path(folder, "a.png"))
        ...     read_picture(file).array[0, 0, :, 0].tolist()
        [1.0, 0.0, 0.0]
    """
    from PIL import Image

    with replace_when_complete(path) as temporary:
        Image.fromarray(np.ascontiguousarray(array, dtype=np.uint8)).save(temporary, format="PNG")
    return Path(path)


def _only(path: PathLike | Sequence[PathLike]) -> Path:
    if isinstance(path, str | os.PathLike):
        return Path(path)
    (single,) = path
    return Path(single)


def _read(path: Path) -> np.ndarray:
    with _opened(path) as picture:
        picture.load()
        return np.asarray(_plain(picture))


@contextmanager
def _opened(path: Path) -> Iterator[Picture]:
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd tags in a TIFF; what makes a picture unusable it raises
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            with Image.open(path) as picture:
                _require_one_page(picture, path)
                yield picture
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path}: is damaged or no picture that Pillow can read; copy or download it again"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path}: the picture cannot be read ({first_line(error)}); copy or download it again"
        ) from error


def _require_one_page(picture: Picture, path: Path) -> None:
    n_pages = getattr(picture, "n_frames", 1)
    if n_pages > 1:
        raise InputError(
            f"{path}: holds {n_pages} pages, one picture a file is needed; convert a stack to NIfTI"
        )


def _plain(picture: Picture) -> Picture:
    """Turn palettes, one-bit pictures and other colour spaces into grey or RGB."""
    if picture.mode in ("1", "LA", "La"):
        return picture.convert("L")
    if picture.mode == "P":
        colour = picture.convert("RGB")
        red, green, blue = (np.asarray(band) for band in colour.split())
        is_grey = np.array_equal(red, green) and np.array_equal(red, blue)
        return colour.getchannel(0) if is_grey else colour
    if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV", "PA", "RGBa", "RGBX"):
        return picture.convert("RGB")
    return picture
