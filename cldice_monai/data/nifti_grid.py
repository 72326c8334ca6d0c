"""Where the voxels of a file lie, from its header alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cldice_monai.data.grids import GRID_TOLERANCE_VOXELS, grid_shift_voxels
from cldice_monai.data.nifti_axes import header_axes
from cldice_monai.data.nifti_file import read_header
from cldice_monai.data.nifti_header import header_affine
from cldice_monai.errors import InputError

__all__ = ["MM_PER_UNIT", "NiftiGrid", "header_unit", "read_grid", "require_same_grid"]

MM_PER_UNIT = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
"""Length of each unit of `header_unit`; a file without a unit is taken to be in mm."""

_UNITS = {1: "meter", 2: "mm", 3: "micron"}


@dataclass(frozen=True, eq=False)
class NiftiGrid:
    """The grid of a NIfTI file.

    Args:
        path: the file.
        shape: voxels along x, y and z; a two-dimensional image is one voxel deep.
        n_channels: channels at each voxel.
        affine_mm: voxel to world in mm, float64 (4, 4).
    """

    path: Path
    shape: tuple[int, int, int]
    n_channels: int
    affine_mm: npt.NDArray[np.float64]


def header_unit(header: Any) -> str:
    """Return the unit of a header's affine: ``"mm"``, ``"micron"``, ``"meter"`` or ``"unknown"``.

    Args:
        header: nibabel header.

    Returns:
        A key of `MM_PER_UNIT`.

    Example:
        >>> import nibabel
        >>> header = nibabel.Nifti1Header()
        >>> header.set_xyzt_units("micron")
        >>> header_unit(header)
        'micron'
    """
    return _UNITS.get(int(header["xyzt_units"]) & 7, "unknown")


def read_grid(path: Path) -> NiftiGrid:
    """Read the grid of a file without its voxels.

    Args:
        path: a .nii or .nii.gz file.

    Returns:
        The grid; a file without a unit is taken to be in mm.

    Raises:
        InputError: the file is missing or damaged, has no usable affine, or more than one axis
            beside space.

    Example:
        >>> import nibabel, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.nii")
        ...     nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 4, 2)), np.eye(4)), path)
        ...     grid = read_grid(path)
        >>> grid.shape, grid.n_channels
        ((8, 8, 4), 2)
    """
    header = read_header(path)
    axes = header_axes(path, header)
    affine = header_affine(path, header) * MM_PER_UNIT[header_unit(header)]
    return NiftiGrid(path, axes.spatial_shape, axes.n_channels, affine)


def require_same_grid(grid: NiftiGrid, label: NiftiGrid, *, remedy: str) -> None:
    """Refuse a file that does not lie on the grid of its label.

    Args:
        grid: of the file.
        label: of its label.
        remedy: what to do about it.

    Raises:
        InputError: another shape, or the same shape elsewhere.

    Example:
        >>> label = NiftiGrid(Path("label.nii"), (8, 8, 4), 1, np.eye(4))
        >>> require_same_grid(NiftiGrid(Path("a.nii"), (8, 8, 4), 2, np.eye(4)), label, remedy="")
        >>> moved = NiftiGrid(Path("b.nii"), (8, 8, 4), 1, np.diag([2.0, 1, 1, 1]))
        >>> require_same_grid(moved, label, remedy="resample it")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: b.nii: lies up to 7 voxels from its label label.nii ...
    """
    if grid.shape != label.shape:
        raise InputError(
            f"{grid.path}: {grid.shape} voxels, its label {label.path.name} has {label.shape}; "
            f"{remedy}"
        )
    shift = grid_shift_voxels(label.affine_mm, grid.affine_mm, label.shape)
    if shift > GRID_TOLERANCE_VOXELS:
        raise InputError(
            f"{grid.path}: lies up to {shift:.3g} voxels from its label {label.path.name} (same "
            f"shape, other affine); {remedy}"
        )
