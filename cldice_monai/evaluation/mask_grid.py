"""Where the voxels of a mask lie, from the beginning of its file alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.data.itk_file import has_itk_ending, read_itk_grid
from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.data.nifti_grid import NiftiGrid, read_grid, require_same_grid
from cldice_monai.data.pictures import picture_size
from cldice_monai.data.spacing import Spacing
from cldice_monai.data.tiff_stack import has_tiff_ending
from cldice_monai.data.tiff_tags import read_tiff_tags
from cldice_monai.data.zarr_image import open_zarr
from cldice_monai.errors import InputError
from cldice_monai.evaluation.mask_folder import has_voxel_size

__all__ = ["mask_grid", "require_one_spacing", "require_same", "turned"]

_Affine = npt.NDArray[np.float64]


def mask_grid(path: Path, spacing: Spacing | None = None) -> NiftiGrid:
    """Return where the voxels of a mask or an image lie; no voxel is read.

    Args:
        path: NIfTI, NRRD, MetaImage, TIFF, OME-Zarr or a picture. Of TIFF files and pictures the
            first axis is that of the columns, the second that of the rows, which run down.
        spacing: size of a voxel where the file does not say it, in the order of the file's axes (z,
            y, x of a stack, y, x of a picture); None: sides of 1.

    Returns:
        Its grid.

    Raises:
        InputError: the file cannot be used, or has another number of axes than the spacing.
    """
    if has_nifti_ending(path):
        return read_grid(path)
    if has_itk_ending(path):
        return read_itk_grid(path)
    if has_voxel_size(path):
        return _zarr_grid(path)
    if has_tiff_ending(path):
        tags = read_tiff_tags(path)
        n_channels = 1 if tags.is_colour else tags.n_channels
        return NiftiGrid(path, tags.space, n_channels, _affine(path, tags.n_axes, spacing))
    return NiftiGrid(path, (*picture_size(path), 1), 1, _affine(path, 2, spacing))


def require_one_spacing(labels: Iterable[Path]) -> None:
    """Refuse labels of which some are stacks and others pictures, as one spacing is given.

    Args:
        labels: files of any format; those that say their own voxel size do not count.

    Raises:
        InputError: a spacing of three numbers and one of two are needed.
    """
    first = {_n_axes(path): path for path in labels if not has_voxel_size(path)}
    if len(first) == 2:
        raise InputError(
            f"spacing: {first[3].name} is a stack (z, y, x) and {first[2].name} a single picture "
            "(y, x), which need numbers of their own; put both kinds of labels into two folders "
            "and evaluate each with its spacing"
        )


def require_same(grid: NiftiGrid, label: NiftiGrid, *, remedy: str) -> None:
    """Refuse a file of another shape than its label, or elsewhere, where both say where they lie.

    A picture beside a file with rows first, as ``cldice-monai prepare`` makes of a picture, is
    turned to its label's axes.

    Args:
        grid: of the file, from `mask_grid`.
        label: of its label.
        remedy: what to do about it.

    Raises:
        InputError: they do not fit, or nothing says how a picture lies beside the other file.
    """
    if _of_one_kind(grid.path, label.path):
        if not has_voxel_size(grid.path):
            grid = dataclasses.replace(grid, affine_mm=label.affine_mm)
        require_same_grid(grid, label, remedy=remedy)
        return
    sized = grid if has_voxel_size(grid.path) else label
    if _rows_first(sized.affine_mm) and not _as_a_picture(sized.affine_mm):
        raise InputError(
            f"{grid.path}: is to be laid on {label.path.name}, but {sized.path.name} is turned in "
            "a way that a picture cannot say; save both in one format"
        )
    shape = grid.shape
    if turned(grid.path, grid.affine_mm, label):
        shape = shape[1], shape[0], shape[2]
    if shape != label.shape and (shape[1], shape[0], shape[2]) == label.shape:
        raise InputError(
            f"{grid.path}: has columns and rows the other way round than its label "
            f"{label.path.name}, whose affine does not say that rows come first; save both in one "
            "format"
        )
    placed = dataclasses.replace(grid, shape=shape, affine_mm=label.affine_mm)
    require_same_grid(placed, label, remedy=remedy)


def turned(path: Path, affine: _Affine, label: NiftiGrid) -> bool:
    """Return whether a file has columns and rows the other way round than its label.

    Args:
        path: the file.
        affine: voxel to world of the file.
        label: grid of its label.

    Returns:
        True where one is a picture or a TIFF file, columns first, and the other has rows first.
    """
    if _of_one_kind(path, label.path):
        return False
    return _as_a_picture(affine if has_voxel_size(path) else label.affine_mm)


def _of_one_kind(path: Path, label: Path) -> bool:
    return has_voxel_size(path) == has_voxel_size(label)


def _rows_first(affine: _Affine) -> bool:
    """Return whether the first axis runs along the height of an image that lies upright."""
    first = np.abs(affine[:2, 0])
    return bool(first[1] > first[0])


def _as_a_picture(affine: _Affine) -> bool:
    """Return whether rows come first and run down, and columns to the right."""
    directions = affine[:2, :2] / np.linalg.norm(affine[:3, :2], axis=0)
    return bool(np.allclose(directions, [[0, 1], [-1, 0]], atol=1e-3))


def _n_axes(path: Path) -> int:
    return read_tiff_tags(path).n_axes if has_tiff_ending(path) else 2


def _affine(path: Path, n_axes: int, spacing: Spacing | None) -> _Affine:
    sizes = (1.0,) * n_axes if spacing is None else spacing.in_mm
    if len(sizes) != n_axes:
        what = "a stack (z, y, x)" if n_axes == 3 else "a single picture (y, x)"
        raise InputError(f"{path}: {what} needs {n_axes} numbers in spacing, got {len(sizes)}")
    depth = sizes[0] if n_axes == 3 else 1.0
    # rows, the second axis, run down
    return np.diag([sizes[-1], -sizes[-2], depth, 1.0])


def _zarr_grid(path: Path) -> NiftiGrid:
    image, affine = open_zarr(path)
    depth, rows, columns = (int(n) for n in image.shape)
    return NiftiGrid(path, (columns, rows, depth), image.n_channels, affine)
