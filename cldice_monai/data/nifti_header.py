"""The header of a NIfTI file: what it says of the voxels, with one clear line for each fault."""

from __future__ import annotations

import logging
import math
import struct
from pathlib import Path
from typing import IO, Any

import numpy as np

from cldice_monai.errors import InputError, first_line

__all__ = ["data_offset", "header_affine", "n_header_voxels", "n_voxel_bytes", "parse_header"]

# nibabel reports what it repairs in a header to standard error; the faults that matter here are
# raised, the others are harmless, so its notes go to a logger of ours that is silent by default.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())
_log.propagate = False


def parse_header(path: Path, stream: IO[bytes]) -> Any:
    """Read a NIfTI-1 or NIfTI-2 header exactly as it is stored.

    Args:
        path: the file, for the message.
        stream: its unpacked bytes from the first one; read up to the end of the header.

    Returns:
        A nibabel header, nothing repaired.

    Raises:
        EOFError: if the stream ends too early.
        InputError: if this is no NIfTI header, or one without sense.
        nibabel.spatialimages.HeaderDataError: if it has a fault that nibabel names.
    """
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


def header_affine(path: Path, header: Any) -> np.ndarray:
    """Return the affine a NIfTI reader should use: sform, else qform, else the voxel size.

    Args:
        path: the file, for the message.
        header: header of the file as `parse_header` gives it.

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
            f"{path}: the header's orientation cannot be read ({first_line(error)}); "
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


def n_header_voxels(header: Any) -> int:
    """Return how many voxels a header promises, all channels counted.

    Args:
        header: as `parse_header` gives it.
    """
    return math.prod(int(n) for n in header.get_data_shape())


def n_voxel_bytes(header: Any) -> int:
    """Return how many bytes the voxels take in the file, unpacked.

    Args:
        header: as `parse_header` gives it.
    """
    return n_header_voxels(header) * int(header.get_data_dtype().itemsize)


def data_offset(header: Any) -> int:
    """Return where the voxels begin in the unpacked file, in bytes.

    Args:
        header: as `parse_header` gives it.

    Raises:
        nibabel.spatialimages.HeaderDataError: if the header gives no usable place.
    """
    from nibabel.spatialimages import HeaderDataError

    offset = float(_repaired(header)["vox_offset"])
    if not offset >= 0 or np.isinf(offset):
        raise HeaderDataError(f"vox_offset is {offset}")
    return int(offset)


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
