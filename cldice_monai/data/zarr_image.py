"""OME-Zarr images of ordinary size, in memory; larger ones: `cldice_monai.data.boxwise`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cldice_monai.data.boxwise.large_volume import LargeVolume
from cldice_monai.data.boxwise.ome_zarr import open_ome_zarr, write_ome_zarr
from cldice_monai.data.nifti import Volume
from cldice_monai.errors import InputError
from cldice_monai.memory_left import require_bytes

__all__ = ["is_zarr", "open_zarr", "read_zarr", "write_zarr"]


def is_zarr(path: Path) -> bool:
    """Return whether a name is that of a Zarr folder.

    Example:
        >>> is_zarr(Path("brain.ome.zarr")), is_zarr(Path("brain.nii.gz"))
        (True, False)
    """
    return path.suffix.lower() == ".zarr"


def open_zarr(path: Path) -> tuple[LargeVolume, np.ndarray]:
    """Open the finest level of an OME-Zarr image with three axes of space.

    Args:
        path: folder of the image, version 0.4 or 0.5.

    Returns:
        The volume, its axes (Z, Y, X), and the affine of its transpose (X, Y, Z) in mm, float64
        (4, 4): the second axis runs down, as on the screen, and the image's translation is the
        place of the first voxel.

    Raises:
        InputError: if it cannot be read, or has other than three axes of space.
    """
    image = open_ome_zarr(path)
    if len(image.shape) != 3:
        raise InputError(f"{path}: has {len(image.shape)} axes of space, three are needed")
    down = np.array([1.0, -1.0, 1.0])
    affine = np.diag([*(down * image.spacing_mm[::-1]), 1.0])
    affine[:3, 3] = down * image.metadata.translation_mm[::-1]
    return image, affine


def read_zarr(path: Path) -> Volume:
    """Read the finest level of an OME-Zarr image.

    Args:
        path: folder of the image, version 0.4 or 0.5.

    Returns:
        float32 (C, X, Y, Z), turned from the (Z, Y, X) of the array; its second axis runs down, as
        on the screen. The unit is micron.

    Raises:
        InputError: if it cannot be read, or has other than three axes of space.
    """
    image, affine = open_zarr(path)
    require_bytes(8 * image.n_channels * int(np.prod(image.shape)), path=path)
    array = image.read(tuple(slice(0, n) for n in image.shape))
    return Volume(
        array=np.ascontiguousarray(array.transpose(0, 3, 2, 1)),
        affine=np.diag([1000.0, 1000.0, 1000.0, 1.0]) @ affine,
        unit="micron",
        qform_code=0,
        sform_code=0,
        file_shape=tuple(int(n) for n in image.shape),
        path=path,
    )


def write_zarr(array: np.ndarray, path: Path, *, like: Path, dtype: str) -> Path:
    """Write a mask, or probabilities, with the axes and the pyramid of an OME-Zarr image.

    Args:
        array: (X, Y, Z), as of `read_zarr`.
        path: folder to write, ending in .zarr.
        like: the image.
        dtype: ``"uint8"`` or ``"float32"``.

    Returns:
        ``path``.

    Raises:
        InputError: if it cannot be written.
    """
    image = open_ome_zarr(like)
    with write_ome_zarr(path, shape=image.shape, image=image.metadata, dtype=dtype) as output:
        whole = tuple(slice(0, n) for n in image.shape)
        output.write(whole, np.ascontiguousarray(array.transpose(2, 1, 0).astype(dtype)))
    return path
