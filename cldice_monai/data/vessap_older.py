"""The older VesSAP release: prep/ with one file a channel, gt_all/ with the labels."""

from __future__ import annotations

import re
from pathlib import Path

from cldice_monai.data.layout import LayoutCases, expect_folders, match_files, pair_files
from cldice_monai.data.vessap import first_channels

__all__ = ["OLDER_VESSAP_FOLDERS", "find_older_vessap_cases"]

OLDER_VESSAP_FOLDERS = ("prep", "gt_all")
_IMAGE = "prep_<name>_C00_cube.nii.gz"
_LABEL = "<name>_cube_DoG026.nii.gz"


def find_older_vessap_cases(root: Path, *, in_channels: int = 1) -> LayoutCases:
    """Find ``prep/prep_<name>_C00_..._cube.nii.gz`` and ``gt_all/<name>_cube_DoG026.nii.gz``.

    ``_C00_`` is channel 0 (WGA) and ``_C01_`` channel 1 (Evans blue); the name of a label may hold
    the channel and the words behind it, or not. Files with ``Result`` in their name are results of
    a classification and not labels. Cases have the name without the channel.

    Args:
        root: folder with ``prep/`` and ``gt_all/``.
        in_channels: 1 takes channel 0 alone, 2 takes both.

    Returns:
        The cases.

    Raises:
        InputError: if a folder is missing or holds no such file, or a case has too few channels.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> for name in ("prep/prep_m1_C00_x_cube.nii.gz", "gt_all/m1_C00_x_cube_DoG026.nii.gz"):
        ...     (root / name).parent.mkdir()
        ...     (root / name).touch()
        >>> [case.case_id for case in find_older_vessap_cases(root).cases]
        ['m1_x_cube']
    """
    expect_folders(
        root, OLDER_VESSAP_FOLDERS, dataset="VesSAP", expected=f"prep/{_IMAGE} and gt_all/{_LABEL}"
    )
    files, notes = match_files(
        root / "prep",
        r"prep_(?P<case>.+_cube)\.nii(\.gz)?",
        example="prep_m1_C00_cube.nii.gz",
        ignore="Result",
    )
    labels, label_notes = match_files(
        root / "gt_all",
        r"(?P<case>.+_cube)_[^_]+\.nii(\.gz)?",
        example="m1_C00_cube_DoG026.nii.gz",
        ignore="Result",
    )
    images, short_names = _group(files, in_channels)
    found = pair_files(
        images,
        {_case_of_label(name, images, short_names): path for name, path in labels.items()},
        label_name=lambda case: root / "gt_all" / f"{case}_DoG026.nii.gz",
    )
    found.notes += notes + label_notes
    return found


def _group(
    files: dict[str, Path], in_channels: int
) -> tuple[dict[str, tuple[Path, ...]], dict[str, str]]:
    """Return the files of each case, and which case a name without its last words means."""
    groups: dict[str, dict[int, Path]] = {}
    short_names: dict[str, str] = {}
    for name, path in files.items():
        case, channel, short_name = _parse(name)
        groups.setdefault(case, {})[channel] = path
        short_names[short_name] = case
    images = {
        case: first_channels(case, tuple(group[n] for n in sorted(group)), in_channels)
        for case, group in groups.items()
    }
    return images, short_names


def _case_of_label(
    name: str, images: dict[str, tuple[Path, ...]], short_names: dict[str, str]
) -> str:
    case, _, _ = _parse(name)
    return case if case in images else short_names.get(case, case)


def _parse(name: str) -> tuple[str, int, str]:
    """Return case, channel, and the case without the words behind the channel."""
    match = re.fullmatch(r"(?P<name>.+)_C(?P<channel>\d\d)(?P<rest>(_.+)?)_cube", name)
    if match is None:
        return name, 0, name
    case = f"{match['name']}{match['rest']}_cube"
    return case, int(match["channel"]), f"{match['name']}_cube"
