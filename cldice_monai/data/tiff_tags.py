"""What the tags of a TIFF file say, before any voxel is read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.errors import InputError, first_line
from cldice_monai.memory_left import require_bytes

__all__ = ["CHANNEL_LETTERS", "TiffTags", "damaged", "quiet", "read_tiff_tags"]

CHANNEL_LETTERS = "CS"
"""tifffile's names of an axis of channels, and of one of colours."""

_DEPTH = "ZIQ"  # its names of an axis that counts pages
_MAX_RATIO = 1500  # no compression that is read here packs tighter, but for one
_GROUP_4 = 4  # a row like the one above is one bit in it


@dataclass(frozen=True)
class TiffTags:
    """The image that a file promises.

    Args:
        shape: numbers along the file's axes.
        axes: the letter of each axis.
        dtype: type of the numbers.
        compressions: codes of the compressions of its pages.
    """

    shape: tuple[int, ...]
    axes: str
    dtype: np.dtype[Any]
    compressions: frozenset[int]

    @property
    def n_axes(self) -> int:
        """Axes of space: 3 of a stack, 2 of a picture."""
        return 3 if self._count(_DEPTH) > 1 else 2

    @property
    def n_channels(self) -> int:
        """Channels, or colours, at each voxel."""
        return self._count(CHANNEL_LETTERS)

    @property
    def is_colour(self) -> bool:
        """Whether its channels are colours."""
        return self._count("S") > 1

    @property
    def space(self) -> tuple[int, int, int]:
        """Columns, rows and pages."""
        return self._count("X"), self._count("Y"), self._count(_DEPTH)

    def _count(self, letters: str) -> int:
        pairs = zip(self.axes, self.shape, strict=True)
        return int(np.prod([n for letter, n in pairs if letter in letters], dtype=int))


def read_tiff_tags(path: Path) -> TiffTags:
    """Read the tags of a file, and compare what they promise with its size.

    Args:
        path: TIFF, ImageJ, OME or BigTIFF.

    Returns:
        The tags.

    Raises:
        InputError: if the file is missing, damaged, cut off, holds several images or a time axis.
    """
    import tifffile

    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        with quiet(), tifffile.TiffFile(path) as file:
            series = file.series
            if len(series) != 1:
                raise InputError(f"{path}: holds {len(series)} images, one a file is needed")
            found = TiffTags(
                tuple(int(n) for n in series[0].shape),
                series[0].axes,
                np.dtype(series[0].dtype),
                frozenset(int(page.compression) for page in series[0].pages if page is not None),
            )
    except InputError:
        raise
    except Exception as error:  # a damaged tag ends in almost any exception
        raise damaged(path, error) from error
    n_voxels = int(np.prod(found.shape, dtype=object))
    n_bytes = n_voxels * found.dtype.itemsize
    n_stored = n_bytes // 8 if found.dtype.kind == "b" else n_bytes  # black and white: one bit each
    ratio = 1 if found.compressions == {1} else _MAX_RATIO
    if _GROUP_4 in found.compressions:
        ratio = max(ratio, found.space[0])
    if n_stored > ratio * path.stat().st_size:
        raise InputError(
            f"{path}: promises {found.shape} voxels, more than the file can hold: it is cut off or "
            "damaged; copy it again"
        )
    require_bytes(n_bytes + 4 * n_voxels, path=path)
    if found.dtype.kind not in "biuf":
        raise InputError(f"{path}: voxels of type {found.dtype} are no intensities; convert them")
    odd = [a for a, n in zip(found.axes, found.shape, strict=True) if n > 1 and a not in "ZIQCSYX"]
    if odd or "Y" not in found.axes or "X" not in found.axes:
        raise InputError(
            f"{path}: axes {found.axes} of shape {found.shape}; one volume of Z, Y, X (and "
            "channels) a file is needed"
        )
    return found


@contextmanager
def quiet() -> Iterator[None]:
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


def damaged(path: Path, error: BaseException) -> InputError:
    """Return the error of a file that tifffile or a codec cannot read."""
    reason = first_line(error)
    if "imagecodecs" in reason:  # which tifffile asks for where it has no codec of its own
        return InputError(
            f"{path}: its compression is not read here; save it without one, or with LZW or zlib"
        )
    return InputError(f"{path}: the TIFF file cannot be read ({reason[:120]}); copy it again")
