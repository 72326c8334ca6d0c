"""Telling the files of a published dataset by their names, and saying what is missing."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.pairing import name_some, note_fault
from cldice_monai.errors import InputError

__all__ = ["LayoutCases", "expect_folders", "match_files", "nearest", "pair_files"]

_DEPTH = 3  # how far below a folder names are looked for that come near the expected ones
_MOST_NAMES = 5000
_MOST_HINTS = 20  # comparing names takes long where thousands of files lack their partner


@dataclass
class LayoutCases:
    """What the names of the files say; nothing has been opened.

    Attributes:
        cases: the complete cases.
        problems: one line for each file that lacks its partner.
        notes: one line for each thing worth knowing.
        n_lost: cases that the problems cost beyond one each.
    """

    cases: list[VesselCase] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_lost: int = 0

    def add_problem(self, line: str, *, n_cases: int) -> None:
        """Write down what is wrong with a file that holds several cases.

        Args:
            line: what is wrong.
            n_cases: cases in the file; 0 if nobody can tell, which counts as one.
        """
        self.problems.append(f"{line} ({n_cases} cases are lost)" if n_cases > 1 else line)
        self.n_lost += max(n_cases - 1, 0)


def expect_folders(
    root: Path,
    folders: Sequence[str],
    *,
    dataset: str,
    expected: str,
    others: Sequence[Sequence[str]] = (),
) -> None:
    """Check that the folders of a layout are there.

    Args:
        root: the folder the user gave.
        folders: folders below it that the layout cannot do without.
        dataset: name of the dataset, for the message.
        expected: the layout in a few words, for the message.
        others: other layouts of the dataset, folders or files that each cannot do without; they
            are looked for beside ``folders`` to tell which folder the user may have meant.

    Raises:
        InputError: naming the first missing folder, the nearest name that is there, and a folder
            below ``root``, or the one above it, that has the layout.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     Path(root, "train", "images").mkdir(parents=True)
        ...     try:
        ...         wanted = ["training/images"]
        ...         expect_folders(Path(root), wanted, dataset="DRIVE", expected="a layout")
        ...     except InputError as error:
        ...         print(str(error).removeprefix(root))
        : not the layout of DRIVE: there is no training/images (nearest found: train/images); \
expected a layout
    """
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise InputError(f"{root}: {what}; pass the folder of the {dataset} data")
    missing = [folder for folder in folders if not (root / folder).is_dir()]
    if missing:
        below = _folders_below(root)
        found = _nearest_folder(missing[0], below)
        shown = f"nearest found: {found}" if found else f"found: {_content(root)}"
        meant = _with_layout(root, below, (folders, *others))
        hint = f"; did you mean {meant}?" if meant else ""
        raise InputError(
            f"{root}: not the layout of {dataset}: there is no {missing[0]} ({shown}); "
            f"expected {expected}{hint}"
        )


def match_files(
    folder: Path,
    pattern: str,
    *,
    example: str,
    ignore: str = "",
    faults: dict[str, str] | None = None,
) -> tuple[dict[str, Path], list[str]]:
    """Sort the files of a folder by the case that their names tell.

    Args:
        folder: the folder; hidden files in it are left alone.
        pattern: regular expression for a whole file name, with a group ``case``.
        example: a file name that it matches, for the message.
        ignore: regular expression; file names in which it is found are passed over in silence.
        faults: gets the id of each case that two files would be, and a line that says so; the
            first of them stays in the result. None raises the first such fault.

    Returns:
        Case id to file, sorted; and a note about files with other names, if there are any.

    Raises:
        InputError: if no file has such a name, with the nearest name that is there; without
            ``faults`` also if two files are the same case.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("21_training.tif", "22_training.tif", "notes.txt"):
        ...         Path(folder, name).touch()
        ...     pattern = "(?P<case>[0-9]+)_training[.]tif"
        ...     files, notes = match_files(Path(folder), pattern, example="21_training.tif")
        >>> list(files), len(notes)
        (['21', '22'], 1)
    """
    try:
        names = sorted(p.name for p in folder.iterdir() if p.is_file() and p.name[0] != ".")
    except OSError as error:
        raise InputError(
            f"{folder}: the folder cannot be read ({error.strerror}); check its permissions"
        ) from error
    files: dict[str, Path] = {}
    others: list[str] = []
    for name in names:
        if ignore and re.search(ignore, name):
            continue
        match = re.fullmatch(pattern, name)
        if match is None:
            others.append(name)
        elif match["case"] in files:
            line = (
                f"{folder / name}: both it and {files[match['case']].name} would be case "
                f"{match['case']}; remove one of them"
            )
            note_fault(faults, match["case"], line)
        else:
            files[match["case"]] = folder / name
    if not files:
        found = nearest(example, others)
        shown = f"nearest found: {found}" if found else f"found {name_some(others) or 'no file'}"
        raise InputError(f"{folder}: no file with a name like {example} ({shown})")
    if not others:
        return files, []
    return files, [f"{folder}: left alone, names not like {example}: {name_some(others)}"]


def pair_files(
    images: Mapping[str, tuple[Path, ...]],
    labels: Mapping[str, Path],
    *,
    label_name: Callable[[str], Path],
    masks: Mapping[str, Path] | None = None,
    mask_name: Callable[[str], Path] | None = None,
    faults: Mapping[str, str] | None = None,
) -> LayoutCases:
    """Join the files of each case.

    Args:
        images: case id to image files.
        labels: case id to label.
        label_name: tells from a case id which label file belongs to it, for the message.
        masks: case id to mask; None if the layout has no masks.
        mask_name: as ``label_name``.
        faults: case id to what is wrong with its files; these cases are left out, one problem
            each.

    Returns:
        The cases with all their files, and a problem for each file without its partner.

    Example:
        >>> found = pair_files(
        ...     {"a": (Path("raw/a.nii.gz"),), "b": (Path("raw/b.nii.gz"),)},
        ...     {"a": Path("seg/a.nii.gz")},
        ...     label_name=lambda case: Path(f"seg/{case}.nii.gz"),
        ... )
        >>> [case.case_id for case in found.cases]
        ['a']
        >>> found.problems
        ['raw/b.nii.gz: there is no label seg/b.nii.gz; add it or remove the image']
    """
    faults = faults or {}
    found = LayoutCases(problems=[faults[case] for case in sorted(faults)])

    def hint(wanted: Path, names: Iterable[Path]) -> str:
        if len(found.problems) >= _MOST_HINTS:
            return ""
        return nearest(wanted.name, [path.name for path in names])

    lone_labels = {
        case: path for case, path in labels.items() if case not in images and case not in faults
    }
    for case in sorted(set(images) - set(faults)):
        first = images[case][0]
        if case not in labels:
            near = hint(label_name(case), lone_labels.values())
            found.problems.append(_missing("label", first, label_name(case), near))
        elif masks is not None and mask_name is not None and case not in masks:
            near = hint(mask_name(case), masks.values())
            found.problems.append(_missing("mask", first, mask_name(case), near))
        else:
            mask = masks[case] if masks is not None else None
            found.cases.append(VesselCase(case, images[case], labels[case], mask))
    found.problems += [
        f"{path}: there is no image for this label; add it or remove the label"
        for _, path in sorted(lone_labels.items())
    ]
    return found


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name that comes nearest, "" if none comes near.

    Example:
        >>> nearest("1st_manual", ["mask", "1st_manuel"]), nearest("raw", ["zebra"])
        ('1st_manuel', '')
    """
    return next(iter(difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)), "")


def _missing(what: str, image: Path, wanted: Path, near: str) -> str:
    shown = f" (nearest found: {near})" if near else ""
    return f"{image}: there is no {what} {wanted}{shown}; add it or remove the image"


def _folders_below(root: Path) -> list[str]:
    found: list[str] = []
    for place, folders, _ in os.walk(root):
        relative = Path(place).relative_to(root)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [(relative / folder).as_posix() for folder in folders]
        if len(relative.parts) + 1 >= _DEPTH or len(found) > _MOST_NAMES:
            folders.clear()
    return found


def _nearest_folder(name: str, names: Sequence[str]) -> str:
    """Return the path that comes nearest, whole or in its last folders."""
    n_parts = name.count("/") + 1
    tails: dict[str, str] = {}
    for path in sorted(names, key=lambda path: path.count("/")):
        tails.setdefault("/".join(path.split("/")[-n_parts:]), path)
    return nearest(name, names) or tails.get(nearest(name, tails), "")


def _with_layout(root: Path, below: Sequence[str], layouts: Sequence[Sequence[str]]) -> Path | None:
    """Return a folder below the root, or above it, that has one of the layouts."""
    for place in (*(root / name for name in below), root.absolute().parent):
        for layout in layouts:
            if all((place / name).exists() for name in layout):
                return place
    return None


def _content(root: Path) -> str:
    names = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    return name_some(names) or "an empty folder"
