"""Large volumes by the ending of their file: NIfTI or OME-Zarr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume
from cldice_monai.data.boxwise.nifti import open_nifti, write_nifti
from cldice_monai.data.boxwise.ome_metadata import OmeImage, stack_image
from cldice_monai.data.boxwise.ome_zarr import open_ome_zarr, write_ome_zarr
from cldice_monai.errors import InputError

__all__ = ["open_volume", "write_volume"]


@contextmanager
def open_volume(
    paths: Sequence[Path], scratch: Path, *, announce: bool = True
) -> Iterator[LargeVolume]:
    """Open NIfTI files or an OME-Zarr image by its ending.

    Args:
        paths: files in the order of the channels, or one folder ending in .zarr.
        scratch: folder where packed files are unpacked.
        announce: log a note of that, and of a unit that is missing.

    Yields:
        The volume.

    Raises:
        InputError: if it cannot be used.

    Example:
        >>> import nibabel, numpy, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.nii")
        ...     image = nibabel.Nifti1Image(numpy.zeros((9, 8, 7)), numpy.diag([2, 2, 5, 1]))
        ...     nibabel.save(image, path)
        ...     with open_volume([path], scratch=Path(folder)) as volume:
        ...         box = volume.read((slice(0, 3), slice(0, 4), slice(0, 5)))
        >>> volume.shape, volume.spacing_mm, box.shape
        ((9, 8, 7), (2.0, 2.0, 5.0), (1, 3, 4, 5))
    """
    if Path(paths[0]).suffix.lower() == ".zarr":
        if len(paths) > 1:
            raise InputError(f"{paths[1]}: one OME-Zarr image holds all channels; give one")
        yield open_ome_zarr(Path(paths[0]))
        return
    files = [Path(path) for path in paths]
    with open_nifti(files, scratch=scratch, announce=announce) as volume:
        yield volume


def write_volume(
    path: Path, *, like: LargeVolume, dtype: str = "uint8"
) -> AbstractContextManager[LargeOutput]:
    """Write a mask or probabilities on the grid of a volume, in the format of the ending.

    Args:
        path: ends in .nii or .nii.gz for a NIfTI volume, in .zarr for any.
        like: the volume.
        dtype: "uint8" or "float32".

    Returns:
        Context of the output.

    Raises:
        InputError: for NIfTI on the grid of an OME-Zarr image.

    Example:
        >>> import nibabel, numpy, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path, mask = Path(folder, "a.nii"), Path(folder, "mask.nii")
        ...     nibabel.save(nibabel.Nifti1Image(numpy.zeros((9, 8, 7)), numpy.eye(4)), path)
        ...     with open_volume([path], Path(folder)) as volume:
        ...         with write_volume(mask, like=volume) as output:
        ...             for z in range(7):
        ...                 box = (slice(0, 9), slice(0, 8), slice(z, z + 1))
        ...                 output.write(box, volume.read(box)[0].astype("uint8"))
        ...     nibabel.load(mask).shape
        (9, 8, 7)
    """
    zarr_grid = isinstance(like.metadata, OmeImage)
    if path.suffix.lower() != ".zarr":
        if zarr_grid:
            raise InputError(f"{path}: the mask of an OME-Zarr image is one; name it .zarr")
        return write_nifti(path, like=like, dtype=dtype)
    if zarr_grid:
        return write_ome_zarr(path, shape=like.shape, image=like.metadata, dtype=dtype)
    return _write_turned(path, like, dtype)


@contextmanager
def _write_turned(path: Path, like: LargeVolume, dtype: str) -> Iterator[LargeOutput]:
    """Write the grid of a NIfTI file with its axes in the order of OME-Zarr, z, y, x."""
    image = stack_image(sides=like.spacing_mm[::-1], unit="millimeter")
    with write_ome_zarr(path, shape=like.shape[::-1], image=image, dtype=dtype) as output:
        yield LargeOutput(
            write=lambda box, values: output.write(box[::-1], values.transpose()),
            read=lambda box: output.read(box[::-1]).transpose(),
            chunks=None if output.chunks is None else output.chunks[::-1],
        )
