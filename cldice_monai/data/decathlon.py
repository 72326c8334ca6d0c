"""Lists of cases in a JSON file, as in the Medical Segmentation Decathlon and MONAI."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cldice_monai.data.case_id import NIFTI_ENDINGS, case_id, strip_ending
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.pairing import name_some
from cldice_monai.errors import InputError

__all__ = ["DecathlonList", "has_training_list", "read_decathlon_list"]

_EXAMPLE = '{"training": [{"image": "imagesTr/a.nii.gz", "label": "labelsTr/a.nii.gz"}]}'


@dataclass(frozen=True)
class DecathlonList:
    """The cases of one JSON list; a part that the file does not have is empty.

    Attributes:
        training: cases to train on.
        validation: cases that the list names for validation.
        test: cases to test on, with or without labels.
        folds: case ids of training and validation dealt into folds, if the list has ``folds``.

    Example:
        >>> cases = tuple(VesselCase(name, (Path(f"{name}.nii.gz"),)) for name in "abc")
        >>> found = DecathlonList(training=cases[:2], validation=cases[2:], test=())
        >>> [case.case_id for case in found.training]
        ['a', 'b']
    """

    training: tuple[VesselCase, ...]
    validation: tuple[VesselCase, ...]
    test: tuple[VesselCase, ...]
    folds: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class _Entry:
    """One entry: where it stands, and its files."""

    place: str
    image: tuple[Path, ...]
    label: Path | None
    mask: Path | None
    case_id: str | None


def has_training_list(path: Path) -> bool:
    """Return whether the file is a JSON object with a list ``training`` (nnU-Net's has none).

    Args:
        path: a .json file; one that does not exist has no list.

    Returns:
        True if the list is there and not empty.

    Raises:
        InputError: if the file is not JSON.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "dataset.json")
        ...     _ = path.write_text('{"numTraining": 8}')  # as nnU-Net writes it
        ...     has_training_list(path), has_training_list(Path(folder, "missing.json"))
        (False, False)
    """
    return path.is_file() and bool(_load(path).get("training"))


def read_decathlon_list(path: Path) -> DecathlonList:
    """Read the lists ``training``, ``validation`` and ``test`` of a JSON file.

    An entry is ``{"image": ..., "label": ...}``; ``image`` is one path or a list of one path a
    channel, and an entry of ``test`` may lack the label or be the image's path itself. Paths are
    relative to the folder of the JSON file. ``image`` without the channel number that the files
    have (``x.nii.gz`` for ``x_0000.nii.gz``), as nnU-Net writes it, is understood. An entry may
    have a ``mask``, a path, and a ``case_id``; the file may have ``folds``, lists of the ids in
    training and validation.

    Args:
        path: the .json file.

    Returns:
        The cases in the order of the file. Case ids are those of the list; where it has none,
        names of files if these are unique, else the paths with ``_`` for ``/``.

    Raises:
        InputError: if the file is missing, not JSON or of another structure, if an entry lacks
            what it needs or names a file that is not there, or if an image is listed twice.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("a.nii.gz", "a_label.nii.gz"):
        ...         Path(folder, name).touch()
        ...     path = Path(folder, "list.json")
        ...     entry = {"image": "a.nii.gz", "label": "a_label.nii.gz"}
        ...     _ = path.write_text(json.dumps({"training": [entry]}))
        ...     [case.case_id for case in read_decathlon_list(path).training]
        ['a']
    """
    content = _load(path)
    entries = {
        part: [
            _entry(path, f"entry {number} of {part!r}", value, needs_label=part != "test")
            for number, value in enumerate(_part(path, content, part))
        ]
        for part in ("training", "validation", "test")
    }
    _check_files(path, [entry for part in entries.values() for entry in part])
    fitted = _cases(path, entries["training"] + entries["validation"])
    n_training = len(entries["training"])
    _check_masks(path, entries["training"] + entries["validation"])
    return DecathlonList(
        training=tuple(fitted[:n_training]),
        validation=tuple(fitted[n_training:]),
        test=tuple(_cases(path, entries["test"])),
        folds=_folds(path, content, [case.case_id for case in fitted]),
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"{path}: the list cannot be read ({error.strerror}); check the path"
        ) from error
    except ValueError as error:  # broken JSON, or bytes that are no text
        raise InputError(f"{path}: not valid JSON ({error}); correct it at that place") from error
    if not isinstance(content, dict):
        raise InputError(
            f"{path}: a JSON object is needed, got a {type(content).__name__}; write {_EXAMPLE}"
        )
    return content


def _part(path: Path, content: dict[str, Any], part: str) -> list[Any]:
    entries = content.get(part, [])
    if not isinstance(entries, list):
        raise InputError(
            f"{path}: {part!r} must be a list, got a {type(entries).__name__}; write {_EXAMPLE}"
        )
    return entries


def _entry(path: Path, place: str, value: Any, *, needs_label: bool) -> _Entry:
    if isinstance(value, str) and not needs_label:
        value = {"image": value}
    if not isinstance(value, dict):
        raise InputError(
            f"{path}: {place} must be an object with image and label, got {value!r}; "
            f"write {_EXAMPLE}"
        )
    image, label = value.get("image"), value.get("label")
    images = [image] if isinstance(image, str) else image
    if not isinstance(images, list) or not images or not all(isinstance(i, str) for i in images):
        raise InputError(
            f"{path}: {place} needs an 'image', a path or a list of one path a channel, "
            f"got {image!r}; write {_EXAMPLE}"
        )
    if not isinstance(label, str) and (needs_label or label is not None):
        raise InputError(
            f"{path}: {place} ({images[0]}) needs a 'label', a path, got {label!r}; "
            "add it or remove the entry"
        )
    for key in ("mask", "case_id"):
        if not isinstance(value.get(key), str | None):
            raise InputError(
                f"{path}: {place} ({images[0]}) has a {key!r} that is no text, got {value[key]!r}; "
                "correct or remove it"
            )
    folder = path.parent
    files = _with_channel_number(folder / images[0]) if len(images) == 1 else ()
    return _Entry(
        place,
        files or tuple(folder / image for image in images),
        folder / label if label is not None else None,
        folder / value["mask"] if value.get("mask") else None,
        value.get("case_id") or None,
    )


def _with_channel_number(path: Path) -> tuple[Path, ...]:
    """Return the channel files that exist in place of a file that does not."""
    ending = next((e for e in NIFTI_ENDINGS if path.name.lower().endswith(e)), "")
    if path.exists() or not ending:
        return ()
    stem = path.name[: -len(ending)]
    files: list[Path] = []
    while (file := path.with_name(f"{stem}_{len(files):04d}{ending}")).is_file():
        files.append(file)
    return tuple(files)


def _check_files(path: Path, entries: list[_Entry]) -> None:
    missing = [
        (entry.place, file)
        for entry in entries
        for file in (*entry.image, entry.label, entry.mask)
        if file is not None and not file.is_file()
    ]
    if missing:
        place, file = missing[0]
        more = f" ({len(missing)} files are missing in all)" if len(missing) > 1 else ""
        raise InputError(
            f"{path}: {place} names {file}, which is not there{more}; correct the path "
            "(it counts from the folder of the list) or remove the entry"
        )


def _cases(path: Path, entries: list[_Entry]) -> list[VesselCase]:
    seen = Counter(entry.image[0].resolve() for entry in entries)
    twice = [str(image) for image, count in seen.items() if count > 1]
    if twice:
        raise InputError(
            f"{path}: {name_some(twice)} listed more than once; an image may stand once in "
            "training and validation together, and once in test, so remove the repeated entries"
        )
    ids = [_short_id(entry) for entry in entries]
    for longer in (_name, lambda entry: _path_id(path.parent, entry)):
        counts = Counter(ids)
        ids = [
            name if counts[name] == 1 else longer(entry)
            for name, entry in zip(ids, entries, strict=True)
        ]
    same = [name for name, count in Counter(ids).items() if count > 1]
    if same:
        raise InputError(
            f"{path}: several entries would be the case {name_some(same)}; rename one of the files"
        )
    return [
        VesselCase(name, entry.image, entry.label, entry.mask)
        for name, entry in zip(ids, entries, strict=True)
    ]


def _check_masks(path: Path, entries: list[_Entry]) -> None:
    """A batch cannot hold items with and without a mask."""
    without = [entry for entry in entries if entry.mask is None]
    if without and len(without) < len(entries):
        raise InputError(
            f"{path}: {without[0].place} has no 'mask' but others have one; "
            "give all entries a mask or none"
        )


def _folds(path: Path, content: dict[str, Any], ids: list[str]) -> tuple[tuple[str, ...], ...]:
    folds = content.get("folds", [])
    if not isinstance(folds, list) or not all(isinstance(fold, list) for fold in folds):
        raise InputError(f"{path}: 'folds' must be a list of lists of case ids; correct it")
    named = [str(name) for fold in folds for name in fold]
    if named and sorted(named) != sorted(ids):
        odd = sorted(set(named) ^ set(ids)) or [n for n, c in Counter(named).items() if c > 1]
        raise InputError(
            f"{path}: 'folds' must name each case of training and validation once; "
            f"correct {name_some(odd)}"
        )
    return tuple(tuple(str(name) for name in fold) for fold in folds)


def _name(entry: _Entry) -> str:
    return strip_ending(entry.image[0])


def _short_id(entry: _Entry) -> str:
    if entry.case_id is not None:
        return entry.case_id
    name = _name(entry)
    if entry.label is not None and strip_ending(entry.label) == name:
        return name  # four digits at the end are then part of the name
    return case_id(entry.image[0])


def _path_id(folder: Path, entry: _Entry) -> str:
    image = entry.image[0]
    inside = image.relative_to(folder) if image.is_relative_to(folder) else image
    return "_".join((*(p for p in inside.parts[:-1] if p.strip("./")), strip_ending(image)))
