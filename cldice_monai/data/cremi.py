"""CREMI: sections of a fly's brain; the task is the membrane between the neurons."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.cremi_samples import choose_samples
from cldice_monai.data.layout import LayoutCases, nearest
from cldice_monai.data.nifti import Volume
from cldice_monai.data.pairing import name_some
from cldice_monai.data.paper_split import PaperCounts
from cldice_monai.data.pictures import picture_affine, picture_volume
from cldice_monai.data.readers import CaseReaders
from cldice_monai.data.source import Source
from cldice_monai.data.vessel_dataset import PublishedDataset
from cldice_monai.errors import InputError, first_line

if TYPE_CHECKING:
    import h5py

__all__ = ["CREMI", "CREMIDataset", "find_cremi_cases", "membrane", "read_membrane", "read_raw"]

_RAW, _IDS = "volumes/raw", "volumes/labels/neuron_ids"
_ENDINGS = (".hdf", ".h5", ".hdf5")


def membrane(neuron_ids: np.ndarray) -> np.ndarray:
    """Tell the membrane in a section from the ids of its neurons.

    A pixel is membrane if its id differs from that of a pixel that it shares an edge with, or if
    its id is 0. Both pixels at a border between neurons are membrane, so a border is two pixels
    wide. Neighbours in other sections are not looked at.

    Args:
        neuron_ids: (H, W), any integer type.

    Returns:
        bool (H, W).

    Example:
        >>> membrane(np.array([[1, 1, 2, 2], [1, 1, 1, 2], [1, 1, 1, 1]])).astype(int).tolist()
        [[0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]
    """
    ids = np.asarray(neuron_ids)
    found = ids == 0
    for axis in (0, 1):
        before = (slice(None),) * axis + (slice(None, -1),)
        behind = (slice(None),) * axis + (slice(1, None),)
        differs = ids[before] != ids[behind]
        found[before] |= differs
        found[behind] |= differs
    return found


def find_cremi_cases(root: Path) -> LayoutCases:
    """Find the sections of the HDF5 files ``sample_A*.hdf``, ``sample_B*.hdf``, ``sample_C*.hdf``.

    Only headers are read. A case is one section; image and label are ``<file>/<number>``, counted
    from the first labelled section. Test volumes (``sample_A+``), which have no labels, are left
    alone. Of the plain and the padded file of a sample one may be there.

    Args:
        root: the folder with the files, or one of them.

    Returns:
        The cases, named ``<file without ending>_<number>``, and a problem for each file that
        cannot be used.

    Raises:
        InputError: if there is no such file, or h5py is not installed.
    """
    if not root.exists():
        raise InputError(f"{root}: there is no such folder; pass the folder of the CREMI data")
    _require_h5py()
    names = [root] if root.is_file() else sorted(root.iterdir())
    files = [path for path in names if path.suffix.lower() in _ENDINGS and path.is_file()]
    found = LayoutCases()
    for path in choose_samples(files, found):
        n_sections = 0
        try:
            with _open(path) as file:
                n_sections = len(_volume(path, file, _IDS))
                _first_voxel(path, file)
        except InputError as error:
            found.add_problem(str(error), n_cases=n_sections)
            continue
        for number in range(n_sections):
            section = path / f"{number:03d}"
            found.cases.append(VesselCase(f"{path.stem}_{number:03d}", (section,), section))
    if not found.cases and not found.problems:
        others = [path.name for path in names]
        near = nearest("sample_A_20160501.hdf", others)
        shown = f"nearest found: {near}" if near else f"found {name_some(others) or 'no file'}"
        raise InputError(
            f"{root}: not the layout of CREMI: no labelled HDF5 file ({shown}); expected "
            "sample_A_20160501.hdf, sample_B_20160501.hdf and sample_C_20160501.hdf"
        )
    return found


def read_raw(path: Path | Sequence[Path]) -> Volume:
    """Read the image of a section, cut to the labelled part where the file is padded.

    Args:
        path: ``<file>/<number of the labelled section>``, or a list with this one path.

    Returns:
        float32 (1, H, W, 1), unit micron.

    Raises:
        InputError: if the file or the section cannot be read.
    """
    path = path if isinstance(path, str | os.PathLike) else path[0]
    file_path, number = _split(path)
    with _open(file_path) as file:
        raw, ids = _volume(file_path, file, _RAW), _volume(file_path, file, _IDS)
        first = _first_voxel(file_path, file)
        depth, height, width = ids.shape
        _require_section(path, number, depth)
        rows = slice(first[1], first[1] + height)
        columns = slice(first[2], first[2] + width)
        return _as_volume(raw[first[0] + number, rows, columns], path, ids)


def read_membrane(path: Path) -> Volume:
    """Read the neuron ids of a section and tell its membrane.

    Args:
        path: ``<file>/<number of the section>``.

    Returns:
        float32 (1, H, W, 1), 1 on the membrane (see `membrane`), unit micron.

    Raises:
        InputError: if the file or the section cannot be read.
    """
    file_path, number = _split(path)
    with _open(file_path) as file:
        ids = _volume(file_path, file, _IDS)
        _require_section(path, number, len(ids))
        return _as_volume(membrane(ids[number]), path, ids)


def _as_volume(section: np.ndarray, path: Path, ids: h5py.Dataset) -> Volume:
    depth, row, column = (size / 1000 for size in _resolution_nm(ids))
    affine = picture_affine(row, column, depth)
    return picture_volume(section[None], path, affine=affine, unit="micron")


def _resolution_nm(dataset: h5py.Dataset) -> tuple[float, float, float]:
    """Voxel size (depth, height, width); CREMI is 40, 4, 4 nm where a file does not say it."""
    z, y, x = (float(v) for v in dataset.attrs.get("resolution", (40.0, 4.0, 4.0)))
    return z, y, x


def _first_voxel(path: Path, file: h5py.File) -> tuple[int, int, int]:
    """Where the labels begin in the image, in voxels; both must be there and fit."""
    raw, ids = _volume(path, file, _RAW), _volume(path, file, _IDS)
    offset_nm = ids.attrs.get("offset", (0.0, 0.0, 0.0))
    z, y, x = (round(float(o) / r) for o, r in zip(offset_nm, _resolution_nm(ids), strict=True))
    if any(o < 0 or o + n > s for o, n, s in zip((z, y, x), ids.shape, raw.shape, strict=True)):
        raise InputError(
            f"{path}: the labels {ids.shape} from {(z, y, x)} on do not lie in the image "
            f"{raw.shape}; download the file again"
        )
    return z, y, x


def _split(path: Path) -> tuple[Path, int]:
    path = Path(path)
    return path.parent, int(path.name)


def _require_section(path: Path, number: int, n_sections: int) -> None:
    if not 0 <= number < n_sections:
        raise InputError(f"{path}: there are {n_sections} labelled sections; choose one of them")


def _volume(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    if name not in file:
        raise InputError(
            f"{path}: has no {name}, it holds {name_some(sorted(file))}; "
            "download a training volume of CREMI"
        )
    volume = file[name]
    if getattr(volume, "ndim", 0) != 3:
        raise InputError(f"{path}: {name} is no volume of three axes; download the file again")
    return volume


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    _require_h5py()
    import h5py

    if not path.is_file():
        raise InputError(f"{path}: there is no such file; check the path")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(
            f"{path}: the HDF5 file cannot be read ({first_line(error)}); copy or download it again"
        ) from error


def _require_h5py() -> None:
    try:
        import h5py  # noqa: F401
    except ImportError as error:
        raise InputError(
            "CREMI comes as HDF5 files and h5py is not installed; run pip install "
            "'cldice-monai[cremi]'"
        ) from error


CREMI = Source(
    name="CREMI",
    find=find_cremi_cases,
    counts=PaperCounts(324, 0, 51),
    channel_names=("electron microscopy",),
    structure="membrane",
    licence="look at cremi.org",
    readers=CaseReaders(image=read_raw, label=read_membrane, mask=read_membrane),
    spatial_dims=2,
    stacked=True,
)


class CREMIDataset(PublishedDataset):
    """CREMI: 375 sections of 1250 x 1250 pixels of 4 nm; the label is the membrane.

    Needs ``pip install 'cldice-monai[cremi]'``. The membrane is told from the neuron ids, see
    `membrane`. The paper: 324 sections in three folds, 51 for the test. Neighbouring sections
    are much alike, so each part gets runs of neighbours and not sections drawn one by one.

    See `PublishedDataset` for the arguments and `CaseDataset` for the items: ``image`` is
    (1, H, W) with values 0 to 255, ``label`` is (1, H, W).

    Example:
        >>> CREMIDataset("/nowhere", "training")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere: there is no such folder; \
pass the folder of the CREMI data

    Reference:
        MICCAI challenge on circuit reconstruction from electron microscopy images, cremi.org.
    """

    source = CREMI
