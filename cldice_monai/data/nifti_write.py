"""Writing a uint8 NIfTI file so that it is there completely or not at all."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.files import replace_when_complete

__all__ = ["write_atomically"]

_UINT8_CODE = 2
_COMPRESSION = 6


def write_atomically(mask: np.ndarray, path: Path, *, header: Any) -> None:
    """Write a mask with a copied header under a temporary name, then rename it.

    Everything about geometry in the header is copied as it is. Only what describes the voxels is
    set: type, shape, scaling, display range, intent; header extensions are left out.

    Args:
        mask: uint8, the shape the file is to have.
        path: the .nii or .nii.gz file to write; its folder is made where it is missing.
        header: nibabel header of the file whose grid the mask has, as it was stored.

    Raises:
        InputError: if the folder or the file cannot be written; nothing is left behind then.
    """
    with replace_when_complete(path) as temporary:
        _write(mask, temporary, header)


def _write(mask: np.ndarray, path: Path, header: Any) -> None:
    block = _mask_header(mask, header) + bytes(4)  # four zero bytes: no extensions follow
    voxels = mask.tobytes(order="F")
    with path.open("wb") as file:
        if path.name.lower().endswith(".gz"):
            # no name and no time inside, so that equal masks are equal files
            with gzip.GzipFile("", "wb", _COMPRESSION, file, mtime=0) as stream:
                stream.write(block)
                stream.write(voxels)
        else:
            file.write(block)
            file.write(voxels)
        file.flush()
        os.fsync(file.fileno())


def _mask_header(mask: np.ndarray, header: Any) -> bytes:
    copy = header.copy()
    dim = copy["dim"].copy()
    if tuple(dim[1 : dim[0] + 1]) != mask.shape:
        dim[:] = 1
        dim[0] = mask.ndim
        dim[1 : mask.ndim + 1] = mask.shape
    copy["dim"] = dim
    copy["datatype"] = _UINT8_CODE
    copy["bitpix"] = 8
    copy["vox_offset"] = copy.sizeof_hdr + 4
    copy["scl_slope"], copy["scl_inter"] = 1, 0
    copy["cal_max"] = copy["cal_min"] = 0
    copy["intent_code"] = 0
    copy["intent_name"] = b""
    for name in ("intent_p1", "intent_p2", "intent_p3"):
        copy[name] = 0
    block: bytes = copy.binaryblock
    return block
