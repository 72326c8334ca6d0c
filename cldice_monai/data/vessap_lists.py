"""The text lists of the VesSAP authors: inputs.txt and labels.txt, one case a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cldice_monai.data.case_id import case_id
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.layout import LayoutCases, nearest
from cldice_monai.data.vessap import first_channels
from cldice_monai.errors import InputError

__all__ = ["VESSAP_LISTS", "find_listed_vessap_cases"]

VESSAP_LISTS = ("inputs.txt", "labels.txt")


def find_listed_vessap_cases(root: Path, *, in_channels: int = 1) -> LayoutCases:
    r"""Read ``inputs.txt`` (the channels of a case separated by tabs) and ``labels.txt``.

    Line for line they belong together; empty lines at the end are left out. Paths count from the
    folder of the lists. Cases are named after their first file, with the number of the line in
    front where two would have the same name.

    Args:
        root: folder with both lists.
        in_channels: how many channels to take, from the first on.

    Returns:
        The cases, and a problem for each line with a file that is not there or stands twice.

    Raises:
        InputError: if a list cannot be read, or the two have not the same number of lines.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     root = Path(folder)
        ...     _ = (root / "inputs.txt").write_text("m1_wga.nii.gz\tm1_eb.nii.gz\n")
        ...     _ = (root / "labels.txt").write_text("m1_label.nii.gz\n")
        ...     for name in ("m1_wga.nii.gz", "m1_eb.nii.gz", "m1_label.nii.gz"):
        ...         (root / name).touch()
        ...     found = find_listed_vessap_cases(root, in_channels=2)
        >>> [path.name for path in found.cases[0].image]
        ['m1_wga.nii.gz', 'm1_eb.nii.gz']
    """
    inputs, labels = (_lines(root / name) for name in VESSAP_LISTS)
    if len(inputs) != len(labels):
        raise InputError(
            f"{root / VESSAP_LISTS[1]}: has {len(labels)} lines and {VESSAP_LISTS[0]} has "
            f"{len(inputs)}; write one case a line, in the same order"
        )
    names = [case_id(line.split("\t")[0].strip()) for line in inputs]
    if len(set(names)) < len(names):
        names = [f"{number:03d}_{name}" for number, name in enumerate(names, start=1)]
    found = LayoutCases()
    first_lines: dict[Path, int] = {}
    for number, (name, line, label) in enumerate(zip(names, inputs, labels, strict=True), start=1):
        channels = tuple(root / part.strip() for part in line.split("\t") if part.strip())
        try:
            case = VesselCase(name, first_channels(name, channels, in_channels), root / label)
            _require_files(root, number, (*case.image, root / label))
            _require_new(root, number, channels, first_lines)
            found.cases.append(case)
        except InputError as error:
            found.problems.append(str(error))
    return found


def _require_files(root: Path, number: int, paths: Sequence[Path]) -> None:
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise InputError("; ".join(_missing_line(root, number, path) for path in missing))


def _require_new(
    root: Path, number: int, channels: Sequence[Path], first_lines: dict[Path, int]
) -> None:
    """Refuse an image that stands twice: it would be in two parts, training and test."""
    for path in channels:
        first = first_lines.setdefault(path.resolve(), number)
        if first != number or channels.count(path) > 1:
            where = f"lines {first} and {number}" if first != number else f"line {number} twice"
            raise InputError(
                f"{path}: is named in {where} of {root / VESSAP_LISTS[0]}; each file may stand "
                "there once, so correct the line or remove it from both lists"
            )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the list cannot be read ({error}); check the file") from error
    lines = text.rstrip().splitlines()
    empty = [number for number, line in enumerate(lines, start=1) if not line.strip()]
    if empty or not lines:
        where = f"line {empty[0]} is empty" if empty else "the list is empty"
        raise InputError(f"{path}: {where}; write one case a line, channels separated by tabs")
    return [line.strip() for line in lines]


def _missing_line(root: Path, number: int, path: Path) -> str:
    folder = path.parent
    near = nearest(path.name, [p.name for p in folder.iterdir()]) if folder.is_dir() else ""
    shown = f" (nearest found: {near})" if near else ""
    return (
        f"{path}: there is no such file{shown}; line {number} of the lists in {root} names it, "
        "correct the line or remove it from both"
    )
