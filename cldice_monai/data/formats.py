"""The formats of images: which file is read and written by what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cldice_monai.data.dicom import is_dicom_folder, read_dicom_folder
from cldice_monai.data.itk_claims import META_ENDINGS
from cldice_monai.data.itk_file import has_itk_ending, read_itk_file, write_itk_like
from cldice_monai.data.itk_module import load_itk
from cldice_monai.data.nifti import Volume, join_channels, read_volume, write_like
from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.data.nifti_write import write_new
from cldice_monai.data.pictures import is_picture, read_picture, write_picture
from cldice_monai.data.spacing import Spacing
from cldice_monai.data.tiff_stack import has_tiff_ending, read_tiff_stack, write_tiff
from cldice_monai.data.zarr_image import is_zarr, read_zarr, write_zarr
from cldice_monai.errors import InputError

__all__ = ["FORMATS", "FileFormat", "format_of", "read_image", "write_result"]

DType = Literal["uint8", "float32"]


@dataclass(frozen=True)
class FileFormat:
    """How one kind of file is told, read and written.

    Attributes:
        name: for messages.
        matches: whether a path is of this kind, by its name, or for a folder by what is in it.
        read: takes a path and the spacing that the user gave, or None.
        write: takes an (X, Y, Z) array, a path without ending, the volume that was read, and the
            number type; writes a file of the same grid and returns its path.
        needs_spacing: the files do not say the size of their voxels.
        load: loads what reads them, in the main thread before others begin.
    """

    name: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, Spacing | None], Volume]
    write: Callable[[np.ndarray, Path, Volume, DType], Path]
    needs_spacing: bool = False
    load: Callable[[], object] = lambda: None


def format_of(path: Path) -> FileFormat | None:
    """Return the format of a file or folder, None where there is none for it.

    Example:
        >>> [getattr(format_of(Path(name)), "name", None) for name in ("a.nii.gz", "b.txt")]
        ['NIfTI', None]
    """
    return next((known for known in FORMATS if known.matches(path)), None)


def read_image(paths: Path | Sequence[Path], *, spacing: Spacing | None = None) -> Volume:
    """Read an image in any of the formats; every unit ends in ``Volume.mm_per_unit``.

    Args:
        paths: one path, or one a channel.
        spacing: voxel size where the format needs it, in the order of the file's axes.

    Returns:
        float32 (C, X, Y, Z) with its geometry.

    Raises:
        InputError: if the format is not known, or the files cannot be used.

    Example:
        >>> import tempfile
        >>> from cldice_monai.data.pictures import write_picture
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     read_image(write_picture(np.zeros((4, 5)), Path(folder, "a.png"))).array.shape
        (1, 4, 5, 1)
    """
    return join_channels([_read_one(path, spacing) for path in _as_list(paths)])


def write_result(array: np.ndarray, stem: Path, *, like: Volume, dtype: DType = "uint8") -> Path:
    """Write a mask, a skeleton or probabilities in the format of an image and on its grid.

    Args:
        array: (X, Y, Z) as the volume's; whole numbers from 0 to 255, or any with float32.
        stem: path without the ending, which is added.
        like: the image, from `read_image`.
        dtype: number type in the file.

    Returns:
        The file's path.

    Raises:
        InputError: if it cannot be written.
        ValueError: if ``like`` is of no file in a known format.

    Example:
        >>> import nibabel, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.nii")
        ...     nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 4)), np.eye(4)), path)
        ...     image = read_image(path)
        ...     write_result(image.array[0] > 0, Path(folder, "a_mask"), like=image).name
        'a_mask.nii.gz'
    """
    found = format_of(like.path)
    if found is None:
        raise ValueError(f"like must be a volume of a file, got one of {like.path}")
    return found.write(array, stem, like, dtype)


def _read_one(path: Path, spacing: Spacing | None) -> Volume:
    found = format_of(path)
    if found is None:
        known = ".nii.gz, .nii, .nrrd, .mha, .mhd, .tif, .zarr, .png or a folder of DICOM slices"
        raise InputError(f"{path}: not a format that is read here; convert it to one of {known}")
    if not path.exists():
        raise InputError(f"{path}: there is no such file; check the path")
    return found.read(path, spacing)


def _as_list(paths: Path | Sequence[Path]) -> list[Path]:
    return [paths] if isinstance(paths, Path) else list(paths)


def _with_ending(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _write_nifti(array: np.ndarray, stem: Path, like: Volume, dtype: DType) -> Path:
    return write_like(array, _with_ending(stem, ".nii.gz"), like=like.path, dtype=dtype)


def _write_itk(array: np.ndarray, stem: Path, like: Volume, dtype: DType) -> Path:
    # voxels beside their header would be two files, of which one could be missing
    ending = ".mha" if like.path.suffix.lower() in META_ENDINGS else ".nrrd"
    return write_itk_like(array, _with_ending(stem, ending), like=like.path, dtype=dtype)


def _write_tiff(array: np.ndarray, stem: Path, like: Volume, dtype: DType) -> Path:
    return write_tiff(array, _with_ending(stem, ".tif"), like=like, dtype=dtype)


def _write_zarr(array: np.ndarray, stem: Path, like: Volume, dtype: DType) -> Path:
    return write_zarr(array, _with_ending(stem, ".zarr"), like=like.path, dtype=dtype)


def _write_dicom(array: np.ndarray, stem: Path, like: Volume, dtype: DType) -> Path:
    return write_new(array, _with_ending(stem, ".nii.gz"), affine=like.affine, dtype=dtype)


def _write_picture(array: np.ndarray, stem: Path, like: Volume, dtype: DType) -> Path:
    pixels = array[..., 0]
    if dtype == "float32":
        pixels = np.round(255 * pixels)
    elif pixels.max(initial=0) == 1:
        pixels = 255 * pixels
    return write_picture(pixels, _with_ending(stem, ".png"))


def _is_other_picture(path: Path) -> bool:
    return is_picture(path) and not has_tiff_ending(path)


FORMATS: tuple[FileFormat, ...] = (
    FileFormat("NIfTI", has_nifti_ending, lambda path, _: read_volume(path), _write_nifti),
    FileFormat(
        "ITK", has_itk_ending, lambda path, _: read_itk_file(path), _write_itk, load=load_itk
    ),
    FileFormat("TIFF", has_tiff_ending, read_tiff_stack, _write_tiff, needs_spacing=True),
    FileFormat("OME-Zarr", is_zarr, lambda path, _: read_zarr(path), _write_zarr),
    FileFormat("picture", _is_other_picture, lambda path, _: read_picture(path), _write_picture),
    FileFormat(
        "DICOM",
        is_dicom_folder,
        lambda path, _: read_dicom_folder(path),
        _write_dicom,
        load=load_itk,
    ),
)
"""Every format, the first that matches counts."""
