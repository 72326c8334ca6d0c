"""Masks in every format that segmentations are written in."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from cldice_monai.data.formats import format_of, read_image
from cldice_monai.data.nifti import Volume
from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.data.nifti_grid import NiftiGrid, read_grid, require_same_grid
from cldice_monai.data.pictures import is_picture, read_grey_picture
from cldice_monai.data.spacing import Spacing
from cldice_monai.data.tiff_stack import has_tiff_ending, read_tiff_stack, tiff_axes
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError

__all__ = [
    "has_voxel_size",
    "list_masks",
    "mask_grid",
    "read_mask",
    "require_same",
    "rows_run_down",
]


def list_masks(folder: Path) -> list[Path]:
    """Return the volumes directly in a folder, or its TIFF files and pictures if it has none.

    Args:
        folder: an existing folder.

    Returns:
        The paths, sorted; hidden ones are left out.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise InputError(
            f"{folder}: the folder cannot be read ({error.strerror}); check its permissions"
        ) from error
    known = [p for p in entries if (is_zarr(p) or p.is_file()) and format_of(p) is not None]
    return [p for p in known if has_voxel_size(p)] or known


def has_voxel_size(path: Path) -> bool:
    """Return whether a file of this name says how large its voxels are.

    Example:
        >>> [has_voxel_size(Path(name)) for name in ("a.nii.gz", "a.tif", "a.png")]
        [True, False, False]
    """
    return not (is_picture(path) or has_tiff_ending(path))


def rows_run_down(path: Path) -> bool:
    """Return whether the second axis of a file of this name runs down on the screen."""
    return is_zarr(path) or not has_voxel_size(path)


def read_mask(path: Path) -> Volume:
    """Read a mask or an image; a voxel whose size the file does not say has sides of 1.

    Args:
        path: NIfTI, NRRD, MetaImage, TIFF, OME-Zarr or a picture.

    Returns:
        float32 (C, X, Y, Z). The first axis is that of the columns, in pictures too.

    Raises:
        InputError: the file cannot be used.
    """
    if has_tiff_ending(path):
        n_axes = tiff_axes(path)
        volume = read_tiff_stack(path, Spacing((1.0,) * n_axes, "mm"))
        return _columns_first(volume) if n_axes == 2 else _without_size(volume)
    if is_picture(path):
        return _columns_first(read_grey_picture(path))
    return read_image(path)


def mask_grid(path: Path) -> NiftiGrid:
    """Return where the voxels of a file lie; of a NIfTI file the header alone is read.

    Args:
        path: as for `read_mask`.

    Returns:
        Its grid.

    Raises:
        InputError: the file cannot be used.
    """
    if has_nifti_ending(path):
        return read_grid(path)
    volume = read_mask(path)
    affine = np.diag([*[volume.mm_per_unit] * 3, 1.0]) @ volume.affine
    n_channels, x, y, z = volume.array.shape
    return NiftiGrid(path, (x, y, z), n_channels, affine)


def require_same(grid: NiftiGrid, label: NiftiGrid, *, remedy: str) -> None:
    """Refuse a file of another shape than its label, or elsewhere, where both say where they lie.

    Args:
        grid: of the file, from `mask_grid`.
        label: of its label.
        remedy: what to do about it.

    Raises:
        InputError: they do not fit.
    """
    sized = [one for one in (grid, label) if has_voxel_size(one.path)]
    if len(sized) == 1 and _rows_first(sized[0]):
        raise InputError(
            f"{grid.path}: the label {label.path} is of another format, and one has rows first, "
            "the other columns; save both in one format"
        )
    if len(sized) < 2:
        grid = dataclasses.replace(grid, affine_mm=label.affine_mm)
    require_same_grid(grid, label, remedy=remedy)


def _rows_first(grid: NiftiGrid) -> bool:
    """Return whether the first axis runs down a picture, as in those that `prepare` converts."""
    first = np.abs(grid.affine_mm[:2, 0])
    return bool(first[1] > first[0])


def _columns_first(volume: Volume) -> Volume:
    array = np.ascontiguousarray(volume.array.transpose(0, 2, 1, 3))
    return _without_size(dataclasses.replace(volume, array=array))


def _without_size(volume: Volume) -> Volume:
    return dataclasses.replace(volume, affine=np.diag([1.0, -1.0, 1.0, 1.0]), unit="unknown")
