"""Reading the header and the voxels of one NIfTI file, with one clear line for each fault."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from cldice_monai.data.case_id import NIFTI_ENDINGS
from cldice_monai.data.nifti_header import (
    data_offset,
    n_header_voxels,
    n_voxel_bytes,
    parse_header,
)
from cldice_monai.errors import InputError, first_line
from cldice_monai.memory_left import require_bytes

__all__ = [
    "has_nifti_ending",
    "is_gzipped",
    "read_header",
    "read_voxels",
    "scaled_voxels",
]

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_GZIP_RATIO = 1100  # deflate cannot shrink further than about 1032 : 1
_BLOCK = 1 << 20
_MOST_PADDING = 64 << 20


def has_nifti_ending(path: Path) -> bool:
    """Return whether the name ends in ``.nii`` or ``.nii.gz``."""
    return path.name.lower().endswith(NIFTI_ENDINGS)


def read_header(path: Path) -> Any:
    """Read the header of a NIfTI-1 or NIfTI-2 file exactly as it is stored.

    Args:
        path: a .nii or .nii.gz file.

    Returns:
        A nibabel header with the bytes of the file, nothing repaired.

    Raises:
        InputError: if the file is missing, unreadable, not a NIfTI file, cut off, or its header
            makes no sense.
    """
    return _guarded(path, with_voxels=False)[0]


def read_voxels(path: Path) -> tuple[Any, np.ndarray]:
    """Read a NIfTI file to its last byte, so that a truncated or damaged one is noticed.

    Args:
        path: a .nii or .nii.gz file.

    Returns:
        The header as in `read_header` and the intensities with scl_slope and scl_inter applied,
        float32 with the file's shape.

    Raises:
        InputError: as `read_header`, and if the voxels are cut off or damaged.
    """
    header, raw = _guarded(path, with_voxels=True)
    return header, scaled_voxels(path, header, raw)


def is_gzipped(path: Path) -> bool:
    """Return whether a file begins as gzip does, whatever its name.

    Args:
        path: an existing file.
    """
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


def _guarded(path: Path, *, with_voxels: bool) -> tuple[Any, np.ndarray]:
    """Read header (and voxels), turning every fault into an InputError."""
    from nibabel.spatialimages import HeaderDataError

    if not has_nifti_ending(path):
        raise InputError(
            f"{path}: not a NIfTI file name; convert the image to .nii.gz (or .nii) first"
        )
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        gzipped = is_gzipped(path)
        with _open(path, gzipped) as stream:
            header = parse_header(path, stream)
            _check_size(path, header, gzipped)
            if with_voxels:  # as stored, and as float32
                require_bytes(n_voxel_bytes(header) + 4 * n_header_voxels(header), path=path)
            return header, _read_raw(header, stream) if with_voxels else np.empty(0)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the file ends too early or is damaged; copy or download it again"
        ) from error
    except HeaderDataError as error:
        raise InputError(
            f"{path}: the NIfTI header is not valid ({first_line(error)}); export the file again"
        ) from error
    except MemoryError as error:
        raise InputError(
            f"{path}: the volume does not fit into memory; crop or downsample it"
        ) from error
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be read ({error.strerror or first_line(error)}); "
            "check its permissions and the disk"
        ) from error


def _open(path: Path, gzipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if gzipped else path.open("rb")


def _check_size(path: Path, header: Any, gzipped: bool) -> None:
    """Compare the header's promise with the file before anything is allocated."""
    available = path.stat().st_size * (_MAX_GZIP_RATIO if gzipped else 1)
    needed = n_voxel_bytes(header) + data_offset(header)
    if needed > available:
        raise InputError(
            f"{path}: the header promises {header.get_data_shape()} voxels ({needed} bytes) but "
            f"the file holds {'at most ' if gzipped else ''}{available} bytes: it is cut off or "
            "damaged; copy or download it again"
        )


def _read_raw(header: Any, stream: IO[bytes]) -> np.ndarray:
    stream.seek(data_offset(header))
    needed = n_voxel_bytes(header)
    data = stream.read(needed)
    if len(data) < needed:
        raise EOFError
    _read_to_the_end(stream)
    dtype = header.get_data_dtype()
    return np.frombuffer(data, dtype=dtype).reshape(header.get_data_shape(), order="F")


def _read_to_the_end(stream: IO[bytes]) -> None:
    """Go on to where gzip compares the checksum; a little padding is harmless, no end of it is not.

    Raises:
        BadGzipFile: if much more comes than the header says.
    """
    for _ in range(_MOST_PADDING // _BLOCK):
        if not stream.read(_BLOCK):
            return
    raise gzip.BadGzipFile


def scaled_voxels(path: Path, header: Any, raw: np.ndarray) -> np.ndarray:
    """Return stored voxels as intensities, with scl_slope and scl_inter applied.

    Args:
        path: the file, for the message.
        header: as `read_header` gives it.
        raw: voxels as they are stored, any shape.

    Returns:
        float32 of the same shape.

    Raises:
        InputError: if the scaling in the header is no number.
    """
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    unscaled = slope == 0 or np.isnan(slope) or (slope, inter) == (1.0, 0.0)
    if not unscaled and not np.isfinite([slope, inter]).all():
        raise InputError(
            f"{path}: the header's scl_slope {slope} and scl_inter {inter} are no numbers; "
            "export the file again"
        )
    # what float32 cannot hold becomes infinite, which is counted and reported with the NaN
    with np.errstate(over="ignore", invalid="ignore"):
        values = raw.astype(np.float32)
        if not unscaled:
            values *= np.float32(slope)
            values += np.float32(inter)
    return values
