"""Volumes in NIfTI files: reading them as (C, X, Y, Z), writing masks on exactly their grid."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from monai.data import ImageReader

from cldice_monai.data.grids import GRID_TOLERANCE_VOXELS, grid_shift_voxels
from cldice_monai.data.nifti_axes import header_axes
from cldice_monai.data.nifti_file import has_nifti_ending, read_header, read_voxels
from cldice_monai.data.nifti_grid import MM_PER_UNIT, header_unit
from cldice_monai.data.nifti_header import header_affine
from cldice_monai.data.nifti_write import write_atomically
from cldice_monai.errors import InputError

__all__ = ["NiftiVolumeReader", "Volume", "join_channels", "read_volume", "write_like"]

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Volume:
    """One volume in memory, with the geometry of its file.

    Attributes:
        array: intensities, float32 (C, X, Y, Z); a two-dimensional image has Z = 1.
        affine: voxel to world in the file's unit (right, anterior, superior), float64 (4, 4).
        unit: ``"mm"``, ``"micron"``, ``"meter"`` or ``"unknown"``.
        qform_code: the header's qform code.
        sform_code: the header's sform code.
        file_shape: shape in the (first) file, before any axis was moved or dropped.
        path: the (first) file.

    Example:
        >>> array, affine = np.zeros((1, 8, 8, 4), np.float32), np.diag([2.0, 2.0, 5.0, 1.0])
        >>> Volume(array, affine, "micron", 1, 1, (8, 8, 4), Path("a.nii")).spacing_mm
        (0.002, 0.002, 0.005)
    """

    array: np.ndarray
    affine: np.ndarray
    unit: str
    qform_code: int
    sform_code: int
    file_shape: tuple[int, ...]
    path: Path

    @property
    def mm_per_unit(self) -> float:
        """Length of the file's unit in mm; a file without a unit is taken to be in mm."""
        return MM_PER_UNIT[self.unit]

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size in mm; a file without a unit is taken to be in mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0) * self.mm_per_unit
        return float(x), float(y), float(z)


def read_volume(paths: PathLike | Sequence[PathLike]) -> Volume:
    """Read a volume from one NIfTI file, or from one file a channel.

    Gzipped or not, NIfTI-1 or -2, any integer or float type, scl_slope applied; singleton axes
    are dropped and a channel axis behind the three of space comes first (see `find_axes`). A
    file is read to its end, so a truncated one never passes as a volume.

    Args:
        paths: one .nii or .nii.gz file, or a sequence of them in the order of the channels.

    Returns:
        The volume, its geometry taken from the first file.

    Raises:
        InputError: if a file is missing, damaged, not a NIfTI file, has no usable affine or more
            than one axis beside space, or if the files of the channels do not share one grid.

    Example:
        >>> import tempfile, nibabel
        >>> image = nibabel.Nifti1Image(np.zeros((4, 5, 6, 2), np.uint8), np.eye(4))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     nibabel.save(image, Path(folder, "a.nii.gz"))
        ...     read_volume(Path(folder, "a.nii.gz")).array.shape
        (2, 4, 5, 6)
    """
    return join_channels([_read_one(file) for file in _as_paths(paths)])


def join_channels(volumes: Sequence[Volume]) -> Volume:
    """Make one volume of those of its channels.

    Args:
        volumes: one with all channels, or several of one channel each on the same grid.

    Returns:
        The volume, its geometry that of the first.

    Raises:
        InputError: if they do not share one grid, or one of several has more than one channel.

    Example:
        >>> one = Volume(np.zeros((1, 8, 8, 4)), np.eye(4), "mm", 1, 1, (8, 8, 4), Path("a.nii"))
        >>> join_channels([one, one]).array.shape
        (2, 8, 8, 4)
    """
    first, *others = volumes
    if not others:
        return first
    for other in others:
        _check_channel_file(first, other)
    array = np.concatenate([volume.array for volume in volumes], axis=0)
    if array.shape[0] != len(volumes):
        raise InputError(
            f"{first.path}: given as one of {len(volumes)} files of one channel each, but together "
            f"they hold {array.shape[0]} channels; give one file with all channels or one a channel"
        )
    return replace(first, array=array)


def write_like(
    array: np.ndarray,
    path: PathLike,
    *,
    like: PathLike | Sequence[PathLike],
    dtype: Literal["uint8", "float32"] = "uint8",
) -> Path:
    """Write a mask, or probabilities, as NIfTI on exactly the grid of an input file.

    The header of the input is copied field by field, so shape (a trailing singleton included),
    qform and sform with their codes, pixdim and units are those of the input bit by bit; of an
    input with several channels the mask has the spatial part. The file appears under its name
    only when it is complete.

    Args:
        array: numbers that ``dtype`` can hold: whole ones from 0 to 255, or any; shape (X, Y, Z)
            as `read_volume` gives it.
        path: file to write, ending in .nii or .nii.gz; its folder is made, an old file replaced.
        like: the input's file, or its files (the first one counts).
        dtype: number type of the voxels in the file.

    Returns:
        ``path`` as a Path.

    Raises:
        ValueError: if the array does not have the input's spatial shape or other values.
        InputError: if ``like`` cannot be read or ``path`` cannot be written.

    Example:
        >>> import nibabel, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     image, mask = Path(folder, "image.nii"), Path(folder, "mask.nii.gz")
        ...     affine = np.diag([-2, 2, 5, 1])
        ...     nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 4)), affine), image)
        ...     _ = write_like(read_volume(image).array[0] > 0, mask, like=image)
        ...     bool(np.array_equal(nibabel.load(mask).affine, affine))
        True
    """
    source = _as_paths(like)[0]
    header = read_header(source)
    axes = header_axes(source, header)
    values = np.asarray(array)
    if values.shape != axes.spatial_shape:
        raise ValueError(
            f"array must be (X, Y, Z) = {axes.spatial_shape} as in {source}, got {values.shape}; "
            "drop batch and channel axes with x[0, 0] and undo any resampling first"
        )
    with np.errstate(invalid="ignore"):
        voxels = values.astype(dtype)
    if dtype == "uint8" and not np.array_equal(voxels, values):
        raise ValueError(
            f"array must hold whole numbers from 0 to 255, got dtype {values.dtype} with values "
            f"from {values.min()} to {values.max()}; threshold it first"
        )
    target = Path(path)
    if not has_nifti_ending(target):
        raise ValueError(f"path must end in .nii or .nii.gz, got {target}; name it so")
    write_atomically(voxels.reshape(axes.mask_shape), target, header=header)
    return target


class NiftiVolumeReader(ImageReader):
    """`read_volume` as a reader for MONAI's ``LoadImage`` and ``LoadImaged``.

    Gives float32 arrays (C, X, Y, Z) and the affine in the unit of the file, for one file, one file
    a channel, and labels. (Not in mm: MONAI takes grids that differ by less than a thousandth for
    one, and the voxels of microscopes would be less than that.) In a config:
    ``"reader": "$cldice_monai.data.NiftiVolumeReader()"`` together with
    ``"ensure_channel_first": true``.

    Example:
        >>> NiftiVolumeReader().verify_suffix(["a_0000.nii.gz", "a_0001.nii.gz"])
        True
    """

    def verify_suffix(self, filename: PathLike | Sequence[PathLike]) -> bool:
        """Return whether every name ends in .nii or .nii.gz."""
        return all(has_nifti_ending(path) for path in _as_paths(filename))

    def read(self, data: PathLike | Sequence[PathLike], **kwargs: Any) -> tuple[Path, ...]:
        """Return the paths; the files are opened by `get_data`.

        ``LoadImage`` answers an exception of this method by trying its other readers and then
        hides the reason in a RuntimeError, while one of `get_data` reaches the user as it is.
        """
        return _as_paths(data)

    def get_data(self, img: Sequence[Path]) -> tuple[np.ndarray, dict[str, Any]]:
        """Read the files.

        Args:
            img: what `read` returned.

        Returns:
            The array, float32 (C, X, Y, Z), and MONAI's metadata: ``affine``,
            ``original_affine``, ``spatial_shape``, ``original_channel_dim`` and ``space``; and
            ``mm_per_unit``, the length of the affine's unit in mm.

        Raises:
            InputError: as `read_volume`.
        """
        volume = read_volume(img)
        meta = {
            "affine": volume.affine.copy(),
            "original_affine": volume.affine.copy(),
            "mm_per_unit": volume.mm_per_unit,
            "spatial_shape": np.asarray(volume.array.shape[1:]),
            "original_channel_dim": 0,
            "space": "RAS",
        }
        return volume.array, meta


def _as_paths(paths: PathLike | Sequence[PathLike]) -> tuple[Path, ...]:
    files = (paths,) if isinstance(paths, str | os.PathLike) else tuple(paths)
    if not files:
        raise ValueError("paths must name at least one file, got none")
    return tuple(Path(file) for file in files)


def _read_one(path: Path) -> Volume:
    header_axes(path, read_header(path))  # a bad shape is told before the voxels are read
    header, values = read_voxels(path)
    axes = header_axes(path, header)
    return Volume(
        array=axes.channel_first(values),
        affine=header_affine(path, header),
        unit=header_unit(header),
        qform_code=int(header["qform_code"]),
        sform_code=int(header["sform_code"]),
        file_shape=axes.shape,
        path=path,
    )


def _check_channel_file(first: Volume, other: Volume) -> None:
    shape, other_shape = first.array.shape[1:], other.array.shape[1:]
    if shape != other_shape:
        raise InputError(
            f"{other.path}: shape {other_shape} differs from {shape} of {first.path.name}, "
            "channels of one case need one grid; resample one of them"
        )
    shift = grid_shift_voxels(first.affine, other.affine, shape)
    if shift > GRID_TOLERANCE_VOXELS:
        raise InputError(
            f"{other.path}: its grid lies up to {shift:.3g} voxels off that of {first.path.name}, "
            "channels of one case need one grid; resample one of them"
        )
