"""Writing what `prepare` found: a Decathlon list, and NIfTI files where the source has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.nifti import Volume
from cldice_monai.data.paper_split import SplitIds
from cldice_monai.data.source import Source
from cldice_monai.errors import InputError
from cldice_monai.files import (
    fill_folder_when_complete,
    replace_when_complete,
    require_empty_folder,
)

__all__ = ["LIST_NAME", "require_free_target", "write_converted", "write_references"]

LIST_NAME = "dataset.json"
_UNIT_NAMES = {"meter": "meter", "mm": "mm", "micron": "micron", "unknown": "unknown"}


def require_free_target(source: Source, target: Path) -> None:
    """Check, before hours of reading, that nothing would be overwritten.

    Args:
        source: the dataset.
        target: the folder to write to.

    Raises:
        InputError: if there is a list already or, for a source that is converted, anything.
    """
    if not source.is_nifti:
        require_empty_folder(target)
    elif target.exists() and not target.is_dir():
        raise InputError(f"{target}: is a file, not a folder; choose another folder")
    elif (target / LIST_NAME).exists():
        raise InputError(
            f"{target / LIST_NAME}: is there already and nothing is overwritten; "
            "choose another folder or remove it"
        )


def write_references(
    source: Source,
    cases: Mapping[str, VesselCase],
    split: SplitIds,
    target: Path,
    *,
    record: Mapping[str, Any],
) -> Path:
    """Write a list that refers to the files where they are.

    Args:
        source: the dataset.
        cases: the cases by id.
        split: which case is in which part.
        target: folder for the list; paths below it are written relative to it, others whole.
        record: further entries of the list.

    Returns:
        The list.

    Raises:
        InputError: if it cannot be written.
    """
    lists = {
        part: [_entry(cases[name], target) for name in ids] for part, ids in _parts(split).items()
    }
    path = target / LIST_NAME
    with replace_when_complete(path) as temporary:
        temporary.write_text(_as_json(source, lists, split, record), encoding="utf-8")
    return path


def write_converted(
    source: Source,
    cases: Mapping[str, VesselCase],
    split: SplitIds,
    target: Path,
    *,
    record: Mapping[str, Any],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write images, labels and masks as NIfTI files, and a list of them.

    Everything is written to a temporary folder that is renamed at the end. Images keep their
    values; labels and masks are 0 and 1. The first two axes are rows and columns, the third has
    length 1, channels are the fourth.

    Args:
        source: the dataset.
        cases: the cases by id.
        split: which case is in which part.
        target: the folder to make.
        record: further entries of the list.
        progress: called with the number of cases written and to write.

    Returns:
        The list.

    Raises:
        InputError: if a file cannot be read or written.
    """
    parts = _parts(split)
    total = sum(len(ids) for ids in parts.values())
    lists: dict[str, list[dict[str, Any]]] = {part: [] for part in parts}
    with fill_folder_when_complete(target) as folder:
        for part, ids in parts.items():
            for name in ids:
                converted = _convert(source, cases[name], folder, "Ts" if part == "test" else "Tr")
                lists[part].append(_entry(converted, folder))
                progress(sum(len(entries) for entries in lists.values()), total)
        text = _as_json(source, lists, split, record)
        (folder / LIST_NAME).write_text(text, encoding="utf-8")
    return target / LIST_NAME


def _parts(split: SplitIds) -> dict[str, tuple[str, ...]]:
    return {"training": split.training, "validation": split.validation, "test": split.test}


def _convert(source: Source, case: VesselCase, folder: Path, ending: str) -> VesselCase:
    image = source.readers.image(case.image)
    image_path = _save(image, folder / f"images{ending}" / f"{case.case_id}.nii.gz")
    assert case.label is not None  # cases without one have been left out
    label = _as_mask(source.readers.label(case.label))
    label_path = _save(label, folder / f"labels{ending}" / image_path.name)
    mask_path = None
    if case.mask is not None:
        mask = _as_mask(source.readers.mask(case.mask))
        mask_path = _save(mask, folder / f"masks{ending}" / image_path.name)
    return VesselCase(case.case_id, (image_path,), label_path, mask_path)


def _as_mask(volume: Volume) -> Volume:
    return replace(volume, array=(volume.array > 0).astype(np.float32))


def _save(volume: Volume, path: Path) -> Path:
    import nibabel

    path.parent.mkdir(exist_ok=True)
    array = np.moveaxis(volume.array, 0, -1)
    array = array[..., 0] if array.shape[-1] == 1 else array
    image = nibabel.Nifti1Image(_smallest(array), volume.affine)
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1)
    image.header.set_xyzt_units(_UNIT_NAMES[volume.unit])
    nibabel.save(image, path)
    return path


def _smallest(array: np.ndarray) -> np.ndarray:
    """Return the array in the smallest type that keeps its values."""
    for dtype in (np.uint8, np.int16):
        limits = np.iinfo(dtype)
        fits = array.min() >= limits.min and array.max() <= limits.max
        if fits and np.array_equal(array, np.floor(array)):
            return array.astype(dtype)
    return array


def _entry(case: VesselCase, folder: Path) -> dict[str, Any]:
    images = [_reference(path, folder) for path in case.image]
    entry: dict[str, Any] = {"image": images[0] if len(images) == 1 else images}
    if case.label is not None:
        entry["label"] = _reference(case.label, folder)
    if case.mask is not None:
        entry["mask"] = _reference(case.mask, folder)
    entry["case_id"] = case.case_id
    return entry


def _reference(path: Path, folder: Path) -> str:
    whole, base = path.absolute(), folder.absolute()
    return whole.relative_to(base).as_posix() if whole.is_relative_to(base) else str(whole)


def _as_json(
    source: Source,
    lists: Mapping[str, Sequence[Mapping[str, Any]]],
    split: SplitIds,
    record: Mapping[str, Any],
) -> str:
    content = {
        "name": source.name,
        "licence": source.licence,
        "tensorImageSize": "3D" if len(source.channel_names) == 1 else "4D",
        "channel_names": {str(i): name for i, name in enumerate(source.channel_names)},
        "labels": {"background": 0, source.structure: 1},
        "numTraining": len(split.training),
        "numTest": len(split.test),
        **lists,
        "folds": [list(fold) for fold in split.folds],
        "unused": list(split.unused),
        **record,
    }
    return json.dumps(content, indent=2) + "\n"
