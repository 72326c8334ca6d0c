"""Which files of a folder belong together: channels of one case, an image and its label."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from cldice_monai.data.case_id import strip_ending
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.errors import InputError

__all__ = [
    "group_channels",
    "labels_by_id",
    "list_volumes",
    "name_some",
    "note_fault",
    "pair_with_labels",
]

_CHANNEL = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")


def list_volumes(folder: Path) -> list[Path]:
    """Return the .nii and .nii.gz files directly in a folder, sorted; hidden ones are left out.

    Args:
        folder: the folder; one that does not exist has no volumes.

    Returns:
        The paths.

    Raises:
        InputError: if the folder cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("b.nii", "a.nii.gz", ".hidden.nii", "notes.txt"):
        ...         Path(folder, name).touch()
        ...     [path.name for path in list_volumes(Path(folder))]
        ['a.nii.gz', 'b.nii']
    """
    if not folder.is_dir():
        return []
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if has_nifti_ending(path) and not path.name.startswith(".") and path.is_file()
        )
    except OSError as error:
        raise InputError(
            f"{folder}: the folder cannot be read ({error.strerror}); check its permissions"
        ) from error


def group_channels(
    paths: Iterable[Path],
    *,
    known_ids: Collection[str] = (),
    faults: dict[str, str] | None = None,
) -> dict[str, tuple[Path, ...]]:
    """Group image files by case: ``x_0000.nii.gz`` and ``x_0001.nii.gz`` are channels of ``x``.

    Four digits may also belong to the name, as in scans numbered ``scan_0001`` to ``scan_0200``.
    They are a channel number if ``known_ids`` has the name without them, or if a file with
    ``_0000`` begins the count, unless ``known_ids`` has the whole name.

    Args:
        paths: image files.
        known_ids: case ids that exist, for instance the names of the labels.
        faults: gets the id of each faulty case and what is wrong with it; the case is then left
            out. None raises the first fault.

    Returns:
        Case id to its files in the order of the channels, sorted by case id.

    Raises:
        InputError: without ``faults``, if a channel is missing, or two files are the same channel
            of one case.

    Example:
        >>> files = [Path("b_0001.nii"), Path("b_0000.nii"), Path("scan_0007.nii")]
        >>> {case: [f.name for f in group] for case, group in group_channels(files).items()}
        {'b': ['b_0000.nii', 'b_0001.nii'], 'scan_0007': ['scan_0007.nii']}
    """
    files = sorted(paths)
    names = {strip_ending(path) for path in files}
    groups: dict[str, dict[int, Path]] = {}
    for path in files:
        name = strip_ending(path)
        case, channel = name, 0
        match = _CHANNEL.fullmatch(name)
        if match and name not in known_ids:
            base = match["case"]
            if base in known_ids or f"{base}_0000" in names:
                case, channel = base, int(match["channel"])
        group = groups.setdefault(case, {})
        if channel in group:
            line = (
                f"{path}: both it and {group[channel].name} would be case {case}; "
                "rename or remove one of them"
            )
            note_fault(faults, case, line)
        group[channel] = path
    for case, group in groups.items():
        _check_no_gap(case, group, faults)
    good = sorted(case for case in groups if case not in (faults or {}))
    return {case: tuple(groups[case][n] for n in sorted(groups[case])) for case in good}


def labels_by_id(folder: Path, *, faults: dict[str, str] | None = None) -> dict[str, Path]:
    """Return the label files of a folder by case id, which is their name without ending.

    Args:
        folder: the folder; one that does not exist has no labels.
        faults: as in `group_channels`; a faulty label stays in the result.

    Returns:
        Case id to file.

    Raises:
        InputError: without ``faults``, if two files are labels of one case.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(folder, "a.nii.gz").touch()
        ...     list(labels_by_id(Path(folder)))
        ['a']
    """
    labels: dict[str, Path] = {}
    for path in list_volumes(folder):
        name = strip_ending(path)
        if name in labels:
            line = (
                f"{path}: both it and {labels[name].name} would be the label of case {name}; "
                "remove one of them"
            )
            note_fault(faults, name, line)
        labels[name] = path
    return labels


def note_fault(faults: dict[str, str] | None, case: str, line: str) -> None:
    """Write down the first fault of a case, or raise it where nobody collects them.

    Args:
        faults: case id to what is wrong with it; None raises.
        case: id of the faulty case.
        line: what is wrong.

    Raises:
        InputError: if ``faults`` is None.

    Example:
        >>> faults = {}
        >>> note_fault(faults, "a", "a.nii: damaged; copy it again")
        >>> note_fault(faults, "a", "a.nii: something else")  # the first one stays
        >>> faults
        {'a': 'a.nii: damaged; copy it again'}
    """
    if faults is None:
        raise InputError(line)
    faults.setdefault(case, line)


def pair_with_labels(
    images: Mapping[str, tuple[Path, ...]], labels: Mapping[str, Path], *, label_folder: Path
) -> list[VesselCase]:
    """Join images and labels of the same case id.

    Args:
        images: case id to image files.
        labels: case id to label.
        label_folder: where the labels are, for the message.

    Returns:
        One case for each id, sorted by id.

    Raises:
        InputError: if an image has no label or a label has no image; all of them are counted.

    Example:
        >>> images, labels = {"a": (Path("images/a.nii"),)}, {"a": Path("labels/a.nii")}
        >>> (case,) = pair_with_labels(images, labels, label_folder=Path("labels"))
        >>> case.label.as_posix()
        'labels/a.nii'
    """
    without_label = [case for case in images if case not in labels]
    without_image = [case for case in labels if case not in images]
    if without_label:
        first = without_label[0]
        also = f"; labels without an image: {name_some(without_image)}" if without_image else ""
        raise InputError(
            f"{images[first][0]}: no label {label_folder / first}.nii.gz; add it or remove the "
            f"image (images without a label: {name_some(without_label)}{also})"
        )
    if without_image:
        raise InputError(
            f"{labels[without_image[0]]}: no image of this name; add it or remove the label "
            f"(labels without an image: {name_some(without_image)})"
        )
    return [VesselCase(case, images[case], labels[case]) for case in sorted(images)]


def name_some(names: Collection[str], limit: int = 5) -> str:
    """Return a few names and how many more there are.

    Example:
        >>> name_some(["a", "b", "c"], limit=2)
        'a, b and 1 more'
    """
    shown = ", ".join(list(names)[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def _check_no_gap(case: str, group: Mapping[int, Path], faults: dict[str, str] | None) -> None:
    missing = [n for n in range(max(group) + 1) if n not in group]
    if missing:
        present = group[max(group)]
        line = (
            f"{present}: case {case} has this channel but not _{missing[0]:04d}; add the missing "
            "file (channels count from _0000) or remove the others"
        )
        note_fault(faults, case, line)
