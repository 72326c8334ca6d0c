"""How many voxels an image has, and on the grid that the network works on."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from cldice_monai.data.boxwise.ome_zarr import open_ome_zarr
from cldice_monai.data.nifti_axes import find_axes
from cldice_monai.data.nifti_file import has_nifti_ending, read_header
from cldice_monai.data.nifti_grid import MM_PER_UNIT, header_unit
from cldice_monai.data.nifti_header import header_affine
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError
from cldice_monai.transforms.working_grid import is_microscopy

__all__ = ["enlargement_note", "read_grid", "working_voxels"]

_WORTH_A_NOTE = 27  # times as many voxels: three times along each axis


def read_grid(paths: Sequence[Path]) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """Return shape and voxel size in mm of an image that can be read in parts; reads a header.

    Args:
        paths: of its channels.

    Returns:
        Voxels and their sides along each axis; None for formats that are read as a whole.

    Raises:
        InputError: if a header cannot be read.
    """
    if is_zarr(paths[0]):
        image = open_ome_zarr(paths[0])
        return image.shape, image.spacing_mm
    if not all(has_nifti_ending(path) for path in paths):
        return None
    header = read_header(paths[0])
    dims = tuple(int(n) for n in header.get_data_shape())
    try:
        shape = find_axes(dims).spatial_shape
    except ValueError as error:
        raise InputError(f"{paths[0]}: {error}; save one volume a file") from error
    sides = np.linalg.norm(header_affine(paths[0], header)[:3, :3], axis=0)
    return shape, tuple(float(side) * MM_PER_UNIT[header_unit(header)] for side in sides)


def working_voxels(
    shape: Sequence[int], sides_mm: Sequence[float], *, side_mm: float | None
) -> int:
    """Return how many voxels a volume has on the grid that the network works on.

    Args:
        shape: its voxels along each axis.
        sides_mm: of its voxels.
        side_mm: of those that a volume of a microscope gets; None to keep every grid.

    Example:
        >>> working_voxels((8, 8, 2), (0.001, 0.001, 0.004), side_mm=0.002)
        64
    """
    if side_mm is None or len(shape) != 3 or not is_microscopy(sides_mm):
        return prod(shape)
    pairs = zip(shape, sides_mm, strict=True)
    return round(prod(max(1.0, n * side / side_mm) for n, side in pairs))


def enlargement_note(before: int, after: int) -> list[str]:
    """Say what it costs that a coarse volume of a microscope is interpolated.

    Args:
        before: voxels of the file.
        after: voxels on the grid of the weights.

    Returns:
        One line, or none where it costs little.

    Example:
        >>> enlargement_note(1000, 8000)
        []
    """
    if after <= _WORTH_A_NOTE * before:
        return []
    return [
        f"the grid of the weights has {after / before:.0f} times as many voxels, which takes as "
        "much longer; a volume that is binned to voxels of 20 um or more keeps its own grid"
    ]
