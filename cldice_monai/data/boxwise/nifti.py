"""NIfTI files that are read and written box by box, without ever being in memory."""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import numpy as np

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume
from cldice_monai.data.grids import GRID_TOLERANCE_VOXELS, grid_shift_voxels
from cldice_monai.data.nifti_axes import Axes, find_axes
from cldice_monai.data.nifti_file import is_gzipped, read_header, scaled_voxels
from cldice_monai.data.nifti_grid import MM_PER_UNIT, header_unit
from cldice_monai.data.nifti_header import data_offset, header_affine, n_voxel_bytes
from cldice_monai.data.nifti_write import header_bytes
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete

__all__ = ["open_nifti", "write_nifti"]

_logger = logging.getLogger(__name__)
_BLOCK = 1 << 20
_SQUARE = 1e-3  # cosine of the angle between two axes up to which they count as at right angles


@contextmanager
def open_nifti(
    paths: Sequence[Path], *, scratch: Path, announce: bool = True
) -> Iterator[LargeVolume]:
    """Open a volume in one NIfTI file, or in one file a channel.

    A file that is not compressed is read where it lies. A compressed one is unpacked once into
    ``scratch``, which is announced with its size, and removed at the end.

    Args:
        paths: .nii or .nii.gz files in the order of the channels.
        scratch: folder on a disk with room for the unpacked files; not one in memory.
        announce: log a note of files that are unpacked or name no unit.

    Yields:
        The volume.

    Raises:
        InputError: if a file cannot be used, or the room does not suffice; it says for what.
    """
    with ExitStack() as stack:
        level = logging.WARNING if announce else logging.DEBUG
        parts = [_open_one(Path(path), scratch, stack, level) for path in paths]
        yield parts[0] if len(parts) == 1 else _joined(parts)


@contextmanager
def write_nifti(path: Path, *, like: LargeVolume, dtype: str = "uint8") -> Iterator[LargeOutput]:
    """Write a mask, or probabilities, box by box on the grid of a volume from `open_nifti`.

    The file appears under its name only when it is complete; a ``.nii.gz`` is packed at the end
    from a file of its own, which takes a byte a voxel beside it.

    Args:
        path: the .nii or .nii.gz file.
        like: the volume whose header is copied.
        dtype: "uint8" or "float32".

    Yields:
        The output.

    Raises:
        InputError: if the file cannot be written; a full disk is noticed before the first voxel.
    """
    header, axes = like.metadata
    block = header_bytes(header, shape=axes.mask_shape, dtype=dtype)
    number_type = np.dtype(dtype).newbyteorder(header.endianness)
    packed = path.name.lower().endswith(".gz")
    with ExitStack() as stack:
        target = stack.enter_context(replace_when_complete(path))
        raw = target
        if packed:
            raw = Path(stack.enter_context(_scratch_file(path.parent)))
        _reserve(raw, block, int(np.prod(axes.mask_shape)) * number_type.itemsize)

        def voxels(mode: Literal["r", "r+"]) -> np.ndarray:
            # mapped for each box, so that no page stays in the process
            shape = axes.spatial_shape
            return np.memmap(raw, number_type, mode, len(block), shape=shape, order="F")

        yield LargeOutput(
            write=lambda box, values: voxels("r+").__setitem__(box, values),
            read=lambda box: np.array(voxels("r")[box]),
        )
        if packed:
            _pack(raw, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())


def _open_one(path: Path, scratch: Path, stack: ExitStack, level: int) -> LargeVolume:
    header = read_header(path)
    try:
        axes = find_axes(tuple(int(n) for n in header.get_data_shape()))
    except ValueError as error:
        raise InputError(
            f"{path}: {error}; save one volume of shape (X, Y, Z) or (X, Y, Z, channels) a file"
        ) from error
    unit = header_unit(header)
    if unit == "unknown":
        _logger.log(level, "note: %s: names no unit of length, so it counts as mm", path.name)
    steps = header_affine(path, header)[:3, :3] * MM_PER_UNIT[unit]
    sides = np.linalg.norm(steps, axis=0)
    cosines = (steps / sides).T @ (steps / sides) - np.eye(3)
    file = path
    if is_gzipped(path):
        file = stack.enter_context(_scratch_file(scratch))
        _unpack(path, file, header, level)
    return LargeVolume(
        path=path,
        shape=axes.spatial_shape,
        n_channels=axes.n_channels,
        spacing_mm=tuple(map(float, sides)),
        voxel_mm=float(abs(np.linalg.det(steps))),
        at_right_angles=bool(np.abs(cosines).max() < _SQUARE),
        read=_reader(path, file, header, axes),
        slow_axis=2,
        unit="mm" if unit == "unknown" else unit,
        chunks=None,
        metadata=(header, axes),
    )


def _reader(path: Path, file: Path, header: Any, axes: Axes) -> Callable[[Region], np.ndarray]:
    dtype, offset = header.get_data_dtype(), data_offset(header)

    def read(box: Region) -> np.ndarray:
        # mapped for each box, so that no page stays in the process
        stored = np.memmap(file, dtype, "r", offset, shape=axes.shape, order="F")
        return scaled_voxels(path, header, np.asarray(axes.channel_first(stored)[:, *box]))

    return read


def _joined(parts: Sequence[LargeVolume]) -> LargeVolume:
    """Return one volume of several files of one channel each, on one grid."""
    first = parts[0]
    affine = header_affine(first.path, first.metadata[0])
    for part in parts:
        shift = 0.0
        if part.shape == first.shape:
            other = header_affine(part.path, part.metadata[0])
            shift = grid_shift_voxels(affine, other, first.shape)
        if part.shape != first.shape or part.n_channels != 1 or shift > GRID_TOLERANCE_VOXELS:
            raise InputError(
                f"{part.path}: does not have the grid of {first.path.name} and one channel; "
                "resample it, or give one file with all channels"
            )

    def read(box: Region) -> np.ndarray:
        return np.concatenate([part.read(box) for part in parts])

    return LargeVolume(**{**vars(first), "n_channels": len(parts), "read": read})


@contextmanager
def _scratch_file(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".incomplete-", suffix=".nii", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _unpack(path: Path, target: Path, header: Any, level: int) -> None:
    """Unpack as many bytes as the header promises, and read on to the end for the checksum."""
    needed = data_offset(header) + n_voxel_bytes(header)
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise InputError(
            f"{path}: unpacked it takes {needed} bytes, and {target.parent} has {free}; "
            "free some space there or write the results to a larger disk"
        )
    line = "note: %s: unpacked once to a temporary file of %d bytes"
    _logger.log(level, line, path.name, needed)
    left = needed
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as file:
            stream = cast("BinaryIO", source)
            while block := stream.read(_BLOCK):
                file.write(block[:left])
                left -= min(left, len(block))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        left = max(left, 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be unpacked into {target.parent} ({error.strerror or error}); "
            "free some space there or write the results to a larger disk"
        ) from error
    if left:
        raise InputError(f"{path}: the file ends too early or is damaged; copy it again")


def _reserve(path: Path, block: bytes, n_bytes: int) -> None:
    """Write the header and take the room of the voxels, which are zero, from the disk now.

    A mapped file that the disk has no room for would end the process with a signal later.
    """
    with path.open("wb") as file:
        file.write(block)
        file.flush()
        os.posix_fallocate(file.fileno(), 0, len(block) + n_bytes)


def _pack(raw: Path, target: Path) -> None:
    # no name and no time inside, so that equal masks are equal files
    with (
        raw.open("rb") as source,
        target.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as stream,
    ):
        shutil.copyfileobj(source, stream, _BLOCK)
