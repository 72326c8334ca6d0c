"""Reading the header and the voxels of one NIfTI file, with one clear line for each fault."""

from __future__ import annotations

import gzip
import logging
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from cldice_monai.data.case_id import NIFTI_ENDINGS
from cldice_monai.errors import InputError
from cldice_monai.memory import require_bytes

__all__ = [
    "data_offset",
    "has_nifti_ending",
    "header_affine",
    "is_gzipped",
    "n_voxel_bytes",
    "read_header",
    "read_voxels",
    "scaled_voxels",
]

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_GZIP_RATIO = 1100  # deflate cannot shrink further than about 1032 : 1
_BLOCK = 1 << 20
_MOST_PADDING = 64 << 20

# nibabel reports what it repairs in a header to standard error; the faults that matter here are
# raised, the others are harmless, so its notes go to a logger of ours that is silent by default.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())
_log.propagate = False


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


def header_affine(path: Path, header: Any) -> np.ndarray:
    """Return the affine a NIfTI reader should use: sform, else qform, else the voxel size.

    Args:
        path: the file, for the message.
        header: header of the file as `read_header` gives it.

    Returns:
        Voxel to world (right, anterior, superior), float64 (4, 4), invertible.

    Raises:
        InputError: if the header gives no usable affine.
    """
    from nibabel.spatialimages import HeaderDataError

    sizes = [float(size) for size in header["pixdim"][1:4]]
    if int(header["sform_code"]) <= 0 and min(sizes) < 0:
        raise InputError(
            f"{path}: the header gives negative voxel sizes {sizes}; export the file again"
        )
    try:
        affine = np.asarray(_repaired(header).get_best_affine(), dtype=np.float64)
    except (HeaderDataError, ValueError) as error:
        raise InputError(
            f"{path}: the header's orientation cannot be read ({_first_line(error)}); "
            "write the file again with a valid qform or sform"
        ) from error
    with np.errstate(over="ignore"):  # of absurd numbers the length is infinite, see below
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if np.isfinite(affine).all() and np.isfinite(lengths).all() and lengths.all():
        volume = abs(np.linalg.det(affine[:3, :3] / lengths))
        if volume > 1e-6:
            return affine
    raise InputError(
        f"{path}: the affine in the header cannot be inverted (voxel sizes "
        f"{[float(v) for v in lengths]}); write the file again with a valid qform or sform"
    )


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
            header = _parse_header(path, stream)
            _check_size(path, header, gzipped)
            if with_voxels:  # as stored, and as float32
                require_bytes(n_voxel_bytes(header) + 4 * _n_voxels(header), path=path)
            return header, _read_raw(header, stream) if with_voxels else np.empty(0)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: the file ends too early or is damaged; copy or download it again"
        ) from error
    except HeaderDataError as error:
        raise InputError(
            f"{path}: the NIfTI header is not valid ({_first_line(error)}); export the file again"
        ) from error
    except MemoryError as error:
        raise InputError(
            f"{path}: the volume does not fit into memory; crop or downsample it"
        ) from error
    except OSError as error:
        raise InputError(
            f"{path}: the file cannot be read ({error.strerror or _first_line(error)}); "
            "check its permissions and the disk"
        ) from error


def _open(path: Path, gzipped: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if gzipped else path.open("rb")


def _parse_header(path: Path, stream: IO[bytes]) -> Any:
    import nibabel as nib

    start = stream.read(4)
    size = next((n for n in (348, 540) for o in "<>" if struct.pack(f"{o}i", n) == start), None)
    if size is None:
        found = "the file is not a NIfTI file" if start else "the file is empty"
        raise InputError(f"{path}: {found}; copy it again or convert the image to NIfTI")
    kind: Any = nib.Nifti1Header if size == 348 else nib.Nifti2Header
    block = start + stream.read(kind.sizeof_hdr - 4)
    if len(block) < kind.sizeof_hdr:
        raise EOFError
    header = kind(block, check=False)
    _check_header(path, header)
    return header


def _check_header(path: Path, header: Any) -> None:
    if bytes(header["magic"].tobytes())[:3] in (b"ni1", b"ni2"):
        raise InputError(
            f"{path}: the voxels are in a separate .img file; convert it to a single .nii.gz"
        )
    n_dims = int(header["dim"][0])
    sizes = [int(n) for n in header["dim"][1:8]]
    if not 1 <= n_dims <= 7 or min(sizes[:n_dims]) < 1:
        raise InputError(
            f"{path}: the header gives impossible dimensions {[n_dims, *sizes]}; "
            "the file is damaged, export it again"
        )
    _repaired(header)  # raises HeaderDataError for what cannot be repaired
    if header.get_data_dtype().kind not in "iuf":
        raise InputError(
            f"{path}: voxels of type {header.get_data_dtype()} are no intensities; "
            "convert the image to one number a voxel (or one channel axis)"
        )


def _repaired(header: Any) -> Any:
    fixed = header.copy()
    fixed.check_fix(logger=_log)
    return fixed


def _n_voxels(header: Any) -> int:
    return math.prod(int(n) for n in header.get_data_shape())


def n_voxel_bytes(header: Any) -> int:
    """Return how many bytes the voxels take in the file, unpacked.

    Args:
        header: as `read_header` gives it.
    """
    return _n_voxels(header) * int(header.get_data_dtype().itemsize)


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


def data_offset(header: Any) -> int:
    """Return where the voxels begin in the unpacked file, in bytes.

    Args:
        header: as `read_header` gives it.

    Raises:
        nibabel.spatialimages.HeaderDataError: if the header gives no usable place.
    """
    from nibabel.spatialimages import HeaderDataError

    offset = float(_repaired(header)["vox_offset"])
    if not offset >= 0 or np.isinf(offset):
        raise HeaderDataError(f"vox_offset is {offset}")
    return int(offset)


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


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
