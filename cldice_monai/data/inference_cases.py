"""Finding the volumes to segment, and their labels where there are any."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.case_id import strip_ending
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.decathlon import read_decathlon_list
from cldice_monai.data.pairing import group_channels, labels_by_id, list_volumes, name_some
from cldice_monai.data.pictures import PICTURES, is_picture
from cldice_monai.data.places import as_place, list_name, require_channel_count
from cldice_monai.data.published_cases import (
    OWN_DATA,
    find_published_cases,
    require_source_name,
)
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.data.vessap import first_channels, is_vessap
from cldice_monai.errors import InputError

__all__ = ["OUTPUT_SUFFIXES", "InferenceCases", "find_cases_to_segment", "find_inference_cases"]

OUTPUT_SUFFIXES = ("_mask", "_prob", "_skeleton")
"""Names with these endings are results of an earlier run, not volumes to segment."""

_LABELS_OF = {"imagesTs": "labelsTs", "imagesTr": "labelsTr", "raw": "gt"}


def find_inference_cases(
    dataset_dir: str | os.PathLike[str], *, in_channels: int = 1
) -> list[VesselCase]:
    """Find the volumes to segment; no volume is opened.

    They are, whichever comes first, the .nii and .nii.gz files directly in ``dataset_dir``
    (results of earlier runs such as ``x_mask.nii.gz`` left out), those in its ``imagesTs``, those
    in ``raw`` of a VesSAP release, or the list ``test`` of its ``dataset.json``. Labels are taken,
    where they exist, from the list, from ``labelsTs`` or ``labelsTr`` in ``dataset_dir``, or from
    the folder that belongs beside it (``labelsTs`` to ``imagesTs``, ``labelsTr`` to ``imagesTr``,
    ``gt`` to ``raw``).

    Args:
        dataset_dir: a folder, a .json list, or one .nii or .nii.gz file.
        in_channels: channels the network takes. For a single file ``x_0000.nii.gz`` the files of
            the other channels beside it are taken along; in the ``raw`` folder of the VesSAP
            release as many channels are taken.

    Returns:
        The cases sorted by id (a list's in its own order), at least one.

    Raises:
        InputError: if nothing is found, two files are the same case, or a list is not valid.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("a.nii.gz", "b.nii", "a_mask.nii.gz"):
        ...         Path(folder, name).touch()
        ...     [case.case_id for case in find_inference_cases(folder)]
        ['a', 'b']
    """
    place = as_place(dataset_dir, volume=True)
    require_channel_count(in_channels)
    if place.suffix.lower() == ".json" and place.is_file():
        return _from_list(place)
    if place.is_file():
        return _in_folder(place.parent, _with_siblings(place, in_channels), in_channels)
    raw = [place / "raw"] if is_vessap(place) else []
    for folder in (place, place / "imagesTs", *raw):
        volumes = [path for path in list_volumes(folder) if not _is_output(path)]
        if volumes:
            return _in_folder(folder, volumes, in_channels)
    if list_name(place).is_file():
        return _from_list(list_name(place))
    raise InputError(_nothing_found(place))


@dataclass(frozen=True)
class InferenceCases:
    """The images to segment.

    Attributes:
        cases: at least one, sorted by id.
        readers: how the files are read.
        notes: one line for each thing worth knowing.
    """

    cases: tuple[VesselCase, ...]
    readers: CaseReaders = NIFTI
    notes: tuple[str, ...] = ()


def find_cases_to_segment(
    dataset_dir: str | os.PathLike[str],
    *,
    in_channels: int = 1,
    source: str = "auto",
    seed: int = 0,
) -> InferenceCases:
    """Find volumes as `find_inference_cases` does, or pictures, or the test part of a dataset.

    Pictures (TIFF, PNG, GIF, JPEG) are taken where ``dataset_dir`` is one or holds some, and no
    volume. The test part of a published dataset is taken where ``source`` names one and
    ``dataset_dir`` has its folders.

    Args:
        dataset_dir: a folder, a .json list, one volume or one picture.
        in_channels: channels the network takes.
        source: as for `cldice_monai.data.find_training_cases`.
        seed: seed that the parts were drawn with.

    Returns:
        The cases and how they are read.

    Raises:
        InputError: as `find_inference_cases`, and as `find_published_cases`.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("a.png", "b.png"):
        ...         Path(folder, name).touch()
        ...     [case.case_id for case in find_cases_to_segment(folder).cases]
        ['a', 'b']
    """
    place = as_place(dataset_dir, volume=True, picture=True)
    require_channel_count(in_channels)
    require_source_name(source)
    if not _has_volumes(place):
        pictures = _pictures(place)
        if pictures:
            return InferenceCases(tuple(pictures), PICTURES)
        if source not in OWN_DATA:
            found = find_published_cases(place, source, in_channels=in_channels, seed=seed)
            return InferenceCases(found.test, found.source.readers, found.notes)
    return InferenceCases(tuple(find_inference_cases(place, in_channels=in_channels)))


def _has_volumes(place: Path) -> bool:
    """Tell whether `find_inference_cases` finds something that does not need a source."""
    if place.is_file():
        return not is_picture(place)
    folders = (place, place / "imagesTs")
    return list_name(place).is_file() or any(
        not _is_output(path) for folder in folders for path in list_volumes(folder)
    )


def _pictures(place: Path) -> list[VesselCase]:
    paths = [place] if place.is_file() else sorted(place.iterdir())
    found: dict[str, Path] = {}
    for path in paths:
        is_result = _is_output(path) or path.stem.endswith("_preview")
        if not is_picture(path) or path.name.startswith(".") or is_result:
            continue
        case = path.stem
        if case in found:
            raise InputError(
                f"{path}: both it and {found[case].name} would be case {case}; rename one of them"
            )
        found[case] = path
    return [VesselCase(case, (path,)) for case, path in found.items()]


def _in_folder(folder: Path, volumes: Iterable[Path], in_channels: int) -> list[VesselCase]:
    labels: dict[str, Path] = {}
    for label_folder in reversed(_label_folders(folder)):
        labels.update(labels_by_id(label_folder))
    images = group_channels(volumes, known_ids=labels)
    if folder.name == "raw" and is_vessap(folder.parent):
        images = {case: first_channels(case, f, in_channels) for case, f in images.items()}
    return [VesselCase(case, files, labels.get(case)) for case, files in images.items()]


def _label_folders(folder: Path) -> list[Path]:
    """Where the labels of a folder of images may be, the likeliest first."""
    inside = [folder / "labelsTs", folder / "labelsTr"]
    named = folder.resolve() if folder.name in ("", "..") else folder
    beside = _LABELS_OF.get(named.name)
    return [named.parent / beside, *inside] if beside else inside


def _from_list(path: Path) -> list[VesselCase]:
    test = read_decathlon_list(path).test
    if not test:
        raise InputError(
            f"{path}: the list has no entry in 'test', where the volumes to segment belong; "
            "add some, or pass a folder of volumes with --dataset_dir"
        )
    return list(test)


def _with_siblings(path: Path, in_channels: int) -> list[Path]:
    """Return a file, with the files of its further channels if it is named as channel 0."""
    name = strip_ending(path)
    ending = path.name[len(name) :]
    if not name.endswith("_0000"):
        return [path]
    siblings = [
        path.with_name(f"{name.removesuffix('_0000')}_{channel:04d}{ending}")
        for channel in range(1, in_channels)
    ]
    return [path, *(sibling for sibling in siblings if sibling.is_file())]


def _is_output(path: Path) -> bool:
    return strip_ending(path).endswith(OUTPUT_SUFFIXES)


def _nothing_found(place: Path) -> str:
    outputs = list_volumes(place) + list_volumes(place / "imagesTs")
    if outputs:
        return (
            f"{place}: only results of earlier runs in it ({name_some([p.name for p in outputs])}; "
            f"names ending in {', '.join(OUTPUT_SUFFIXES)} are not segmented); add volumes or "
            "rename these"
        )
    line = f"{place}: no volume to segment; expected .nii.gz or .nii files in it or in its imagesTs"
    filled = sorted(p.name for p in place.iterdir() if p.is_dir() and list_volumes(p))
    return f"{line}; to segment those in {name_some(filled)} pass that folder" if filled else line
