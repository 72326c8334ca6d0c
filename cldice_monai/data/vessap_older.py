"""The older VesSAP release: prep/ with one file a channel, gt_all/ with the labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cldice_monai.data.layout import LayoutCases, expect_folders, match_files, pair_files
from cldice_monai.data.pairing import name_some
from cldice_monai.data.vessap import choose_channels

__all__ = ["OLDER_VESSAP_FOLDERS", "find_older_vessap_cases"]

OLDER_VESSAP_FOLDERS = ("prep", "gt_all")
_IMAGE = "prep_<name>_C00_cube.nii.gz"
_LABEL = "<name>_cube_DoG026.nii.gz"


def find_older_vessap_cases(root: Path, *, in_channels: int = 1) -> LayoutCases:
    """Find ``prep/prep_<name>_C00_..._cube.nii.gz`` and ``gt_all/<name>_cube_DoG026.nii.gz``.

    ``_C00_`` is channel 0 (WGA) and ``_C01_`` channel 1 (Evans blue); the name of a label may hold
    the channel and the words behind it, or not. Files with ``Result`` in their name are results of
    a classification and not labels. Cases have the name without the channel; all channels of a
    case have the same words behind the channel.

    Args:
        root: folder with ``prep/`` and ``gt_all/``.
        in_channels: 1 takes channel 0 alone, 2 takes both.

    Returns:
        The cases, and a problem for each case whose channels or labels are not what they should be.

    Raises:
        InputError: if a folder is missing or holds no such file.

    Example:
        >>> import tempfile
        >>> names = ("prep/prep_m1_C00_x_cube.nii.gz", "gt_all/m1_C00_x_cube_DoG026.nii.gz")
        >>> with tempfile.TemporaryDirectory() as root:
        ...     for name in names:
        ...         Path(root, name).parent.mkdir()
        ...         Path(root, name).touch()
        ...     [case.case_id for case in find_older_vessap_cases(Path(root)).cases]
        ['m1_x_cube']
    """
    expect_folders(
        root, OLDER_VESSAP_FOLDERS, dataset="VesSAP", expected=f"prep/{_IMAGE} and gt_all/{_LABEL}"
    )
    same_name: dict[str, str] = {}
    files, notes = match_files(
        root / "prep",
        r"prep_(?P<case>.+_cube)\.nii(\.gz)?",
        example="prep_m1_C00_cube.nii.gz",
        ignore="Result",
        faults=same_name,
    )
    faults = {_parse(name)[0]: line for name, line in same_name.items()}
    images = choose_channels(_group(files, faults), in_channels, faults)
    labels, label_notes = _find_labels(root / "gt_all", files, faults)
    found = pair_files(
        images,
        labels,
        label_name=lambda case: root / "gt_all" / f"{case}_DoG026.nii.gz",
        faults=faults,
    )
    found.notes += notes + label_notes
    return found


def _group(files: Mapping[str, Path], faults: dict[str, str]) -> dict[str, tuple[Path, ...]]:
    """Return the files of each case in the order of its channels, which count from C00."""
    groups: dict[str, dict[int, Path]] = {}
    for name, path in files.items():
        case, channel, _ = _parse(name)
        group = groups.setdefault(case, {})
        if channel in group:  # x_cube beside x_C00_cube
            both = f"{path}: both it and {group[channel].name} would be channel {channel} of case"
            faults.setdefault(case, f"{both} {case}; remove one of them")
        group[channel] = path
    for case, group in groups.items():
        missing = [number for number in range(max(group)) if number not in group]
        if missing:
            path = group[max(group)]
            line = (
                f"{path}: there is no channel _C{missing[0]:02d}_ of case {case}; add its file, "
                "with the same words behind the channel, or remove this one"
            )
            faults.setdefault(case, line)
    return {case: tuple(group[n] for n in sorted(group)) for case, group in groups.items()}


def _find_labels(
    folder: Path, images: Iterable[str], faults: dict[str, str]
) -> tuple[dict[str, Path], list[str]]:
    """Return the label of each case, and notes; a case with two labels is a fault."""
    same_name: dict[str, str] = {}
    files, notes = match_files(
        folder,
        r"(?P<case>.+_cube)_[^_]+\.nii(\.gz)?",
        example="m1_cube_DoG026.nii.gz",
        ignore="Result",
        faults=same_name,
    )
    cases: dict[str, set[str]] = {}  # whole and short names of the cases that are no fault
    for name in images:
        case, _, short_name = _parse(name)
        for known in (case, short_name):
            cases.setdefault(known, set()).add(case)
    labels: dict[str, Path] = {}
    for name, path in files.items():
        named = _parse(name)[0]
        meant = {named} if named in cases.get(named, ()) else cases.get(named, {named})
        meant = {case for case in meant if case not in faults} or meant
        for case in sorted(meant):
            if name in same_name:
                faults.setdefault(case, same_name[name])
            elif len(meant) > 1:
                line = f"{path}: could be the label of {name_some(sorted(meant))}"
                faults.setdefault(case, f"{line}; give it the words behind their channel")
            elif case in labels:
                both = f"{path}: both it and {labels[case].name} would be the label of case {case}"
                faults.setdefault(case, f"{both}; remove one of them")
            labels[case] = path
    return labels, notes


def _parse(name: str) -> tuple[str, int, str]:
    """Return case, channel, and the case without the words behind the channel."""
    match = re.fullmatch(r"(?P<name>.+)_C(?P<channel>\d\d)(?P<rest>(_.+)?)_cube", name)
    if match is None:
        return name, 0, name
    case = f"{match['name']}{match['rest']}_cube"
    return case, int(match["channel"]), f"{match['name']}_cube"
