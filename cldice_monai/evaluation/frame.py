"""What of a label's file is measured, and in which unit of length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cldice_monai.data.nifti_grid import NiftiGrid
from cldice_monai.data.spacing import Spacing
from cldice_monai.evaluation.mask_folder import has_voxel_size
from cldice_monai.evaluation.mask_grid import mask_grid

__all__ = ["Frame", "LengthUnit", "frame_of"]

LengthUnit = Literal["mm", "voxels"]
_Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Frame:
    """The grid of a label, and the axes of it that are measured.

    Args:
        grid: where the label's voxels lie.
        unit: voxels where neither the file nor the user says their size.
    """

    grid: NiftiGrid
    unit: LengthUnit

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of the file that are measured: an image of one slice has two of them."""
        thin = [axis for axis in range(3) if self.grid.shape[axis] == 1]
        return tuple(axis for axis in range(3) if axis not in thin[-1:])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the measured axes: x is the first of the file."""
        return tuple("xyz"[axis] for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along the measured axes."""
        return tuple(self.grid.shape[axis] for axis in self.axes)

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Size of a voxel along the measured axes, in mm, or 1 where the unit is voxels."""
        sides = np.linalg.norm(self.grid.affine_mm[:3, :3], axis=0)
        return tuple(float(sides[axis]) for axis in self.axes)

    @property
    def rows_first(self) -> bool:
        """Whether an image of two axes is shown upright with its second axis to the right."""
        if len(self.axes) == 3:
            return False
        across, along = (self._direction(axis) for axis in self.axes)
        return abs(along[0]) > abs(along[1:]).max() and abs(across[0]) < abs(across[1:]).max()

    @property
    def rows_down(self) -> bool:
        """Whether the rows of an image, or of a slice along z, run down on the screen."""
        rows = self._direction(self.axes[0 if self.rows_first else 1])
        return bool(rows[np.abs(rows).argmax()] < 0)  # to the back or the feet, as viewers show it

    def _direction(self, axis: int) -> npt.NDArray[np.float64]:
        return self.grid.affine_mm[:3, axis]

    def measured(self, volume: _Array) -> _Array:
        """Return the measured axes of an (X, Y, Z) array."""
        return volume.reshape(self.shape)

    def in_file(self, measured: _Array) -> _Array:
        """Return an array of the measured axes as (X, Y, Z)."""
        return measured.reshape(self.grid.shape)

    def upright(self, measured: _Array) -> _Array:
        """Return an array of the measured axes as it is shown, columns before rows."""
        return measured.T if self.rows_first else measured

    @property
    def shown(self) -> tuple[tuple[str, ...], tuple[float, ...]]:
        """Names of the axes and size of a voxel along them, as `upright` orders them."""
        step = -1 if self.rows_first else 1
        return self.names[::step], self.spacing_mm[::step]

    def size_words(self) -> str:
        """Return the size of a voxel in words, in micrometres where it is small.

        Example:
            >>> flat = NiftiGrid(Path("a.nii"), (4, 5, 1), 1, np.diag([0.5, 2, 1, 1]))
            >>> Frame(flat, "mm").size_words()
            '0.5 x 2 mm'
        """
        if self.unit == "voxels":
            return "not known"
        small = max(self.spacing_mm) < 0.1
        sides = [f"{1000 * side if small else side:.4g}" for side in self.spacing_mm]
        return " x ".join(sides) + (" \u00b5m" if small else " mm")


def frame_of(label: Path, spacing: Spacing | None = None) -> Frame:
    """Return what of a label is measured; no voxel is read.

    Args:
        label: file of the label.
        spacing: size of a voxel where the file does not say it, in the order of the file's axes.

    Returns:
        Its frame.

    Raises:
        InputError: see `cldice_monai.evaluation.mask_grid.mask_grid`.
    """
    known = has_voxel_size(label) or spacing is not None
    return Frame(mask_grid(label, spacing), "mm" if known else "voxels")
