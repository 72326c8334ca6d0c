"""OME-Zarr images that are read and written box by box, with a pyramid of coarser levels."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume
from cldice_monai.data.boxwise.ome_metadata import OmeImage, image_attributes, parse_image
from cldice_monai.errors import InputError, first_line
from cldice_monai.files import replace_folder_when_complete
from cldice_monai.topology.blocks import blocks_of

__all__ = [
    "create_levels",
    "fill_coarser",
    "n_levels",
    "open_level",
    "open_ome_zarr",
    "write_ome_zarr",
]

_logger = logging.getLogger(__name__)
_CHUNK = 128
_LONGEST = 1 << 20  # voxels of an axis: a metre at 1 um; nothing says how much a Zarr array holds


def open_ome_zarr(path: Path) -> LargeVolume:
    """Open the finest level of an OME-Zarr image, version 0.4 or 0.5.

    Args:
        path: folder of the group that has ``multiscales`` in its attributes.

    Returns:
        The volume; its axes of space are in the order of the array, mostly z, y, x.

    Raises:
        InputError: if it cannot be read, has several times, or zarr is not installed.
    """
    zarr = _zarr()
    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: is no Zarr group that can be read ({first_line(error)}); check the path"
        ) from error
    image = parse_image(path, attributes)
    array = open_level(path, image.level)
    _check_array(path, array, image)
    if None in image.units:
        _logger.warning("note: %s: has no unit; its voxel size is taken to be in mm", path.name)
    in_space = [axis for axis, kind in enumerate(image.axes) if kind == "space"]
    channel = image.axes.index("channel") if "channel" in image.axes else None

    def read(box: Region) -> np.ndarray:
        index: list[Any] = [0] * array.ndim
        if channel is not None:
            index[channel] = slice(None)
        for axis, part in zip(in_space, box, strict=True):
            index[axis] = part
        try:
            values = np.asarray(array[tuple(index)], dtype=np.float32)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{path}: a chunk cannot be read ({first_line(error)}); copy the image again"
            ) from error
        if channel is None:
            return values[None]
        return np.moveaxis(values, sum(axis < channel for axis in in_space), 0)

    return LargeVolume(
        path=path,
        shape=tuple(array.shape[axis] for axis in in_space),
        n_channels=1 if channel is None else array.shape[channel],
        spacing_mm=image.spacing_mm,
        voxel_mm=prod(image.spacing_mm),
        at_right_angles=True,
        read=read,
        slow_axis=0,
        unit=image.units[0] or "mm",
        chunks=tuple(array.chunks[axis] for axis in in_space),
        metadata=image,
    )


@contextmanager
def write_ome_zarr(
    path: Path, *, shape: Sequence[int], image: OmeImage, dtype: str = "uint8"
) -> Iterator[LargeOutput]:
    """Write an image box by box, and its coarser levels at the end.

    Args:
        path: folder to write; it appears when it is complete.
        shape: in space.
        image: its axes, units and voxel size.
        dtype: "uint8" or "float32".

    Yields:
        The output.

    Raises:
        InputError: if the folder cannot be written, or zarr is not installed.
    """
    with replace_folder_when_complete(path) as folder:
        create_levels(folder, shape=shape, image=image, dtype=dtype, name=path.stem)
        array = open_level(folder, "0", mode="r+")
        yield LargeOutput(array.__setitem__, array.__getitem__, tuple(array.chunks))
        for level in range(1, n_levels(folder)):
            coarse = open_level(folder, str(level))
            for block in blocks_of(coarse.shape, coarse.chunks):
                fill_coarser(folder, level, block.owned)


def create_levels(
    folder: Path,
    *,
    shape: Sequence[int],
    image: OmeImage,
    dtype: str,
    name: str,
    chunk: int = _CHUNK,
) -> None:
    """Create the arrays of all levels, empty, and the metadata.

    Each level halves the one before, until it fits into one chunk.

    Args:
        folder: an empty folder.
        shape: of the finest level.
        image: axes, units and voxel size of the finest level.
        dtype: of the voxels.
        name: of the image.
        chunk: sides of the chunks.
    """
    group = _zarr().open_group(folder, mode="w", zarr_format=_zarr_format(image))
    levels = [replace(image, level="0")]
    while True:
        level = levels[-1]
        if image.version == "0.4":
            more: dict[str, Any] = {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
        else:
            more = {"dimension_names": list(image.names)}
        chunks = tuple(min(chunk, size) for size in shape)
        group.create_array(
            level.level, shape=tuple(shape), chunks=chunks, dtype=dtype, fill_value=0, **more
        )
        if max(shape) <= chunk:
            break
        factors = [min(size, 2) for size in shape]
        levels.append(replace(level.coarser(factors), level=str(len(levels))))
        shape = [-(-size // factor) for size, factor in zip(shape, factors, strict=True)]
    group.attrs.update(image_attributes(levels, name=name))


def fill_coarser(folder: Path, level: int, box: Region) -> None:
    """Fill a box of a level from the one before; a voxel is the largest of those it joins.

    The largest, so that a thin vessel stays visible on every level.

    Args:
        folder: the group.
        level: 1 or more.
        box: in that level; whole chunks, where several processes write.
    """
    fine = open_level(folder, str(level - 1))
    factors = [min(size, 2) for size in fine.shape]
    joined = tuple(
        slice(part.start * factor, min(part.stop * factor, size))
        for part, factor, size in zip(box, factors, fine.shape, strict=True)
    )
    values = np.asarray(fine[joined])
    missing = [(0, -size % factor) for size, factor in zip(values.shape, factors, strict=True)]
    values = np.pad(values, missing)
    offsets = product(*(range(factor) for factor in factors))
    steps = [
        values[tuple(slice(first, None, factor) for first, factor in zip(o, factors, strict=True))]
        for o in offsets
    ]
    open_level(folder, str(level), mode="r+")[box] = np.maximum.reduce(steps)


def n_levels(folder: Path) -> int:
    """Return the number of levels of a group that `create_levels` made."""
    return len(list(_zarr().open_group(folder, mode="r").array_keys()))


def open_level(folder: Path, level: str, *, mode: str = "r") -> Any:
    """Open one array of a group.

    Args:
        folder: the group.
        level: path of the array in it.
        mode: "r" to read, "r+" to write.

    Raises:
        InputError: if there is no such array.
    """
    try:
        return _zarr().open_array(folder / level, mode=mode)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder}: array {level} cannot be read ({first_line(error)}); copy the image again"
        ) from error


def _check_array(path: Path, array: Any, image: OmeImage) -> None:
    if array.ndim != len(image.axes) or min(array.shape) < 1:
        raise InputError(
            f"{path}: the array has shape {array.shape}, its metadata the axes "
            f"{', '.join(image.axes)}; they must agree"
        )
    if max(array.shape) > _LONGEST:
        raise InputError(
            f"{path}: the array has shape {array.shape}; no axis of an image is longer than "
            f"{_LONGEST}, so its metadata are damaged; copy it again"
        )
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path}: voxels of type {array.dtype} are no intensities; convert them")
    times = [n for n, kind in zip(array.shape, image.axes, strict=True) if kind == "time"]
    if any(n > 1 for n in times):
        raise InputError(f"{path}: holds {max(times)} times; save each time as an image of its own")


def _zarr_format(image: OmeImage) -> int:
    return 2 if image.version == "0.4" else 3


def _zarr() -> ModuleType:
    try:
        import zarr
    except ImportError as error:
        raise InputError(
            "OME-Zarr needs the package zarr; pip install 'cldice-monai[zarr]'"
        ) from error
    return zarr
