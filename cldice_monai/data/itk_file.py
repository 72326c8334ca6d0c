"""NRRD and MetaImage files, read and written by ITK."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cldice_monai.data.itk_claims import (
    META_ENDINGS,
    NRRD_ENDINGS,
    read_claim,
    require_complete,
)
from cldice_monai.data.itk_module import load_itk
from cldice_monai.data.nifti import Volume
from cldice_monai.data.nifti_grid import NiftiGrid
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.memory_left import require_bytes

__all__ = [
    "ITK_ENDINGS",
    "has_itk_ending",
    "ras_affine",
    "read_itk_file",
    "read_itk_grid",
    "write_itk_like",
]

ITK_ENDINGS = (*NRRD_ENDINGS, *META_ENDINGS)
_RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def has_itk_ending(path: Path) -> bool:
    """Return whether a name is that of an NRRD or MetaImage file."""
    return path.suffix.lower() in ITK_ENDINGS


def read_itk_file(path: Path) -> Volume:
    """Read an NRRD or MetaImage file.

    ITK's lengths are mm, and its world is left, posterior, superior; the affine of the volume is
    turned to right, anterior, superior.

    Args:
        path: .nrrd, .nhdr, .mha or .mhd.

    Returns:
        float32 (C, X, Y, Z), its unit mm.

    Raises:
        InputError: if the file is damaged, cut off, has other than two or three axes of space, or
            no usable geometry.
    """
    claim = read_claim(path)
    require_bytes(claim.n_bytes + 8 * math.prod(claim.sizes), path=path)
    require_complete(claim)
    image = _image(path)
    n_dims = image.GetImageDimension()
    if n_dims not in (2, 3):
        raise InputError(f"{path}: has {n_dims} axes of space, two or three are needed")
    array = load_itk().array_from_image(image)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{path}: voxels of type {array.dtype} are no intensities; convert them")
    if array.ndim == n_dims:
        array = array[..., None]
    if n_dims == 2:
        array = array[None]
    with np.errstate(over="ignore"):
        channels_first = array.astype(np.float32).transpose(3, 2, 1, 0)
    return Volume(
        array=np.ascontiguousarray(channels_first),
        affine=_affine(path, image),
        unit="mm",
        qform_code=0,
        sform_code=0,
        file_shape=tuple(int(n) for n in image.GetLargestPossibleRegion().GetSize()),
        path=path,
    )


def read_itk_grid(path: Path) -> NiftiGrid:
    """Read where the voxels of an NRRD or MetaImage file lie, without them.

    Args:
        path: .nrrd, .nhdr, .mha or .mhd.

    Returns:
        The grid, as `read_itk_file` gives it.

    Raises:
        InputError: as `read_itk_file`, but for damaged voxels.
    """
    read_claim(path)
    itk = load_itk()
    with _one_line_errors(path):
        file = itk.ImageIOFactory.CreateImageIO(str(path), itk.CommonEnums.IOFileMode_ReadMode)
        file.SetFileName(str(path))
        file.ReadImageInformation()
    axes = range(file.GetNumberOfDimensions())
    if len(axes) not in (2, 3):
        raise InputError(f"{path}: has {len(axes)} axes of space, two or three are needed")
    origin, spacing = ([of(axis) for axis in axes] for of in (file.GetOrigin, file.GetSpacing))
    direction = np.array([list(file.GetDirection(axis)) for axis in axes]).T
    x, y, z = (*(int(file.GetDimensions(axis)) for axis in axes), 1)[:3]
    affine = _usable(path, ras_affine(origin, spacing, direction))
    return NiftiGrid(path, (x, y, z), int(file.GetNumberOfComponents()), affine)


def write_itk_like(
    array: np.ndarray, path: Path, *, like: Path, dtype: Literal["uint8", "float32"]
) -> Path:
    """Write a mask, or probabilities, with the geometry of an NRRD or MetaImage file.

    Args:
        array: (X, Y, Z).
        path: file to write; .nrrd or .mha.
        like: the file whose origin, spacing and directions are taken over.
        dtype: number type of the voxels.

    Returns:
        ``path``.

    Raises:
        InputError: if the file cannot be written.
    """
    itk = load_itk()
    source = _image(like)
    values = array.astype(dtype).transpose(2, 1, 0)
    if source.GetImageDimension() == 2:
        values = values[0]
    image = itk.image_from_array(np.ascontiguousarray(values))
    image.SetOrigin(source.GetOrigin())
    image.SetSpacing(source.GetSpacing())
    image.SetDirection(source.GetDirection())
    with replace_when_complete(path) as temporary:
        try:
            itk.imwrite(image, str(temporary), compression=True)
        except RuntimeError as error:  # ITK does not say why
            raise OSError(None, "ITK could not write it") from error
    return path


def ras_affine(
    origin: Sequence[float], spacing: Sequence[float], direction: np.ndarray
) -> np.ndarray:
    """Return ITK's geometry as voxel to world (right, anterior, superior).

    Args:
        origin: position of the first voxel, two or three numbers, left, posterior, superior.
        spacing: distance of voxels along each axis.
        direction: direction of each axis in its columns.

    Returns:
        float64 (4, 4).

    Example:
        >>> ras_affine((1, 2, 3), (0.5, 0.5, 2), np.eye(3))[:2].tolist()
        [[-0.5, 0.0, 0.0, -1.0], [0.0, -0.5, 0.0, -2.0]]
    """
    n = len(spacing)
    affine = np.eye(4)
    affine[:n, :n] = np.asarray(direction) * np.asarray(spacing)
    affine[:n, 3] = origin
    return _RAS_FROM_LPS @ affine


def _affine(path: Path, image: Any) -> np.ndarray:
    direction = load_itk().array_from_matrix(image.GetDirection())
    return _usable(path, ras_affine(list(image.GetOrigin()), list(image.GetSpacing()), direction))


def _usable(path: Path, affine: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not (np.isfinite(affine).all() and lengths.all()):
        raise InputError(f"{path}: the geometry in the header makes no sense; export it again")
    if abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-6:
        raise InputError(f"{path}: the axes in the header lie in one plane; export it again")
    return affine


def _image(path: Path) -> Any:
    """Let ITK read a file that was checked."""
    itk = load_itk()
    with _one_line_errors(path):
        return itk.imread(str(path))


@contextlib.contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        # KeyError: a type that ITK was not built for; AttributeError: nothing in it reads the file
        words = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = words[-1] if words else type(error).__name__
        raise InputError(
            f"{path}: ITK cannot read it ({reason[:120]}); copy or export the file again"
        ) from error
