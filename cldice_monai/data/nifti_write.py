"""Writing a NIfTI file so that it is there completely or not at all."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.files import replace_when_complete

__all__ = ["header_bytes", "write_atomically", "write_new"]

_CODES = {"uint8": 2, "float32": 16}
_COMPRESSION = 6


def write_atomically(voxels: np.ndarray, path: Path, *, header: Any) -> None:
    """Write voxels with a copied header under a temporary name, then rename it.

    Everything about geometry in the header is copied as it is. Only what describes the voxels is
    set: type, shape, scaling, display range, intent; header extensions are left out.

    Args:
        voxels: uint8 or float32, the shape the file is to have.
        path: the .nii or .nii.gz file to write; its folder is made where it is missing.
        header: nibabel header of the file whose grid the voxels have, as it was stored.

    Raises:
        InputError: if the folder or the file cannot be written; nothing is left behind then.
    """
    with replace_when_complete(path) as temporary:
        _write(voxels, temporary, header)


def write_new(voxels: np.ndarray, path: Path, *, affine: np.ndarray, dtype: str) -> Path:
    """Write voxels on a grid that no NIfTI file has yet, such as that of DICOM slices.

    Args:
        voxels: (X, Y, Z).
        path: the .nii or .nii.gz file to write.
        affine: voxel to world in mm, right, anterior, superior.
        dtype: ``"uint8"`` or ``"float32"``.

    Returns:
        ``path``.

    Raises:
        InputError: if it cannot be written.
    """
    import nibabel as nib

    header = nib.Nifti1Header()
    header.set_data_shape(voxels.shape)
    header.set_qform(affine, code="scanner")
    header.set_sform(affine, code="scanner")
    header.set_xyzt_units("mm")
    write_atomically(voxels.astype(dtype), path, header=header)
    return path


def _write(voxels: np.ndarray, path: Path, header: Any) -> None:
    block = header_bytes(header, shape=voxels.shape, dtype=voxels.dtype.name)
    # a header is copied in its own byte order, which the voxels must then have too
    content = voxels.astype(voxels.dtype.newbyteorder(header.endianness)).tobytes(order="F")
    with path.open("wb") as file:
        if path.name.lower().endswith(".gz"):
            # no name and no time inside, so that equal masks are equal files
            with gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as stream:
                stream.write(block)
                stream.write(content)
        else:
            file.write(block)
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


def header_bytes(header: Any, *, shape: tuple[int, ...], dtype: str) -> bytes:
    """Return what stands before the voxels in a file with a copied header.

    Args:
        header: nibabel header of the file whose grid the voxels have, as it was stored.
        shape: of the voxels.
        dtype: "uint8" or "float32".

    Returns:
        The header, with only what describes the voxels set, and the mark that no extension follows.
    """
    copy = header.copy()
    dim = copy["dim"].copy()
    if tuple(dim[1 : dim[0] + 1]) != shape:
        dim[:] = 1
        dim[0] = len(shape)
        dim[1 : len(shape) + 1] = shape
    copy["dim"] = dim
    copy["datatype"] = _CODES[dtype]
    copy["bitpix"] = 8 * np.dtype(dtype).itemsize
    copy["vox_offset"] = copy.sizeof_hdr + 4
    copy["scl_slope"], copy["scl_inter"] = 1, 0
    copy["cal_max"] = copy["cal_min"] = 0
    copy["intent_code"] = 0
    copy["intent_name"] = b""
    for name in ("intent_p1", "intent_p2", "intent_p3"):
        copy[name] = 0
    block: bytes = copy.binaryblock
    return block + bytes(4)
