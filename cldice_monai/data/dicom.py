"""Folders with one series of DICOM slices, read by ITK."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.data.itk_file import ras_affine
from cldice_monai.data.itk_module import kept_locale, load_itk
from cldice_monai.data.nifti import Volume
from cldice_monai.errors import InputError
from cldice_monai.memory_left import require_bytes

__all__ = ["is_dicom_folder", "read_dicom_folder"]

_MAGIC_AT = 128
_HEADER = 2048  # bytes in which the transfer syntax stands, element (0002, 0010)
_SYNTAX = re.compile(rb"\x02\x00\x10\x00UI..([0-9.]+)", re.DOTALL)
_PLAIN = (b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.2")
_UNEVEN = 0.01  # share of the distance of two slices that another distance may differ by


def is_dicom_folder(folder: Path) -> bool:
    """Return whether a folder directly holds a file that begins as DICOM files do.

    Args:
        folder: one that does not exist holds none.

    Returns:
        True if there is such a file; hidden ones are passed over.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "slice_1").write_bytes(bytes(128) + b"DICM")
        ...     is_dicom_folder(Path(folder))
        True
    """
    if not folder.is_dir():
        return False
    files = (path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    return any(_is_dicom(path) for path in files)


@kept_locale()
def read_dicom_folder(folder: Path) -> Volume:
    """Read the series of slices in a folder.

    Args:
        folder: holds the files of one series, and nothing of another.

    Returns:
        float32 (1, X, Y, Z), its unit mm.

    Raises:
        InputError: if there is no series or more than one, slices are missing, or a file is
            damaged.
    """
    itk = load_itk()
    names = itk.GDCMSeriesFileNames.New()
    names.SetUseSeriesDetails(False)
    names.SetDirectory(str(folder))
    series = list(names.GetSeriesUIDs())
    if len(series) != 1:
        what = "no DICOM series" if not series else f"{len(series)} DICOM series"
        raise InputError(f"{folder}: holds {what}, one a folder is needed; sort the files first")
    files = [Path(name) for name in names.GetFileNames(series[0])]
    _require_all_read(folder, files)
    _require_sizes(files)
    try:
        image = itk.imread([str(file) for file in files], itk.F)
    except (RuntimeError, TypeError, KeyError) as error:
        raise InputError(
            f"{folder}: the DICOM series cannot be read; copy or export it again"
        ) from error
    _require_even_slices(folder, image)
    affine = ras_affine(
        list(image.GetOrigin()),
        list(image.GetSpacing()),
        itk.array_from_matrix(image.GetDirection()),
    )
    array = itk.array_from_image(image).astype(np.float32)
    return Volume(
        array=np.ascontiguousarray(array.transpose(2, 1, 0))[None],
        affine=affine,
        unit="mm",
        qform_code=1,
        sform_code=1,
        file_shape=array.shape[::-1],
        path=folder,
    )


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(_MAGIC_AT)
            return file.read(4) == b"DICM"
    except OSError:
        return False


def _require_all_read(folder: Path, files: list[Path]) -> None:
    """Refuse a folder with a slice that GDCM passed over, which would be a gap in the volume."""
    known = {file.resolve() for file in files}
    for path in sorted(folder.iterdir()):
        wanted = path.suffix.lower() in (".dcm", ".ima") or (path.is_file() and _is_dicom(path))
        if wanted and path.name[0] != "." and path.resolve() not in known:
            raise InputError(f"{path}: a damaged or foreign slice; copy it again or take it away")


def _require_sizes(files: list[Path]) -> None:
    """Compare what each header promises with its file before anything is allocated."""
    itk = load_itk()
    total = 0
    for file in files:
        reader: Any = itk.GDCMImageIO.New()
        reader.SetFileName(str(file))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise InputError(f"{file}: the DICOM header cannot be read; copy it again") from error
        n_bytes = int(reader.GetImageSizeInBytes())
        if n_bytes > _most_times(file) * file.stat().st_size:
            raise InputError(
                f"{file}: promises {n_bytes} bytes of pixels, more than it can hold; copy it again"
            )
        total += n_bytes
    require_bytes(6 * total, path=files[0].parent)  # as float32, twice, and as it is stored


def _most_times(file: Path) -> int:
    """Return by how much the pixels of a file can be larger than the file."""
    with file.open("rb") as stream:
        found = _SYNTAX.search(stream.read(_HEADER))
    is_plain = found is not None and found[1].rstrip(b"\0 ") in _PLAIN
    # a byte may be read as a double where it is rescaled; no compression of slices reaches 1100
    return 8 if is_plain else 1100


def _require_even_slices(folder: Path, image: Any) -> None:
    key = "ITK_non_uniform_sampling_deviation"
    found = dict(image)  # ITK's metadata behind the geometry
    deviation = float(found.get(key, 0.0) or 0.0)
    distance = float(image.GetSpacing()[2])
    if deviation > _UNEVEN * distance:
        raise InputError(
            f"{folder}: slices are missing or not evenly spaced (by {deviation:.3g} mm); "
            "export the whole series"
        )
