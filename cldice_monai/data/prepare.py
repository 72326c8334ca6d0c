"""Checking a published dataset, drawing its parts, and writing a list to train from."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.check_case import CaseReport, check_case
from cldice_monai.data.checks import values_note
from cldice_monai.data.label_values import odd_value_problem
from cldice_monai.data.paper_split import SplitIds
from cldice_monai.data.prepare_table import found_table, parts_table
from cldice_monai.data.prepare_write import (
    require_free_target,
    write_converted,
    write_references,
)
from cldice_monai.data.source import Source
from cldice_monai.errors import InputError

__all__ = ["PreparedDataset", "prepare_dataset"]

_SECONDS_BETWEEN_LINES = 5.0
_MOST_NOTES = 5
_RULE = (
    "ids sorted by the SHA-256 of '<seed> <id>'; the first are test, the next validation, the next "
    "training, the rest unused; training and validation cut into folds"
)
_STACK_RULE = (
    "sections of each stack turned round by the SHA-256 of '<seed> <stack>' modulo their number; "
    "the same run of each stack goes to test, to each fold and to training"
)


@dataclass(frozen=True)
class PreparedDataset:
    """What `prepare_dataset` has written.

    Attributes:
        list_path: the Decathlon list.
        split: which case is in which part.
        faults: one line for each case that was left out.
    """

    list_path: Path
    split: SplitIds
    faults: tuple[str, ...]


def prepare_dataset(
    source: Source,
    root: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    seed: int = 0,
    n_folds: int = 3,
    skip_bad: bool = False,
    take_all: bool = False,
    show: Callable[[str], None] = print,
) -> PreparedDataset:
    """Check every file of a dataset and write a ``dataset.json`` with its parts.

    NIfTI files stay where they are and the list refers to them; pictures and sections are
    converted into ``imagesTr``, ``labelsTr``, ``masksTr`` and the same with ``Ts``. The list has
    ``training``, ``validation``, ``test``, ``folds`` and how they were drawn;
    `cldice_monai.data.find_training_cases` reads it. It is there completely or not at all.

    Args:
        source: the dataset.
        root: the folder with its files.
        target: folder to write to; empty or missing if the files are converted, else without a
            ``dataset.json``.
        seed: seed of the draw.
        n_folds: number of folds.
        skip_bad: leave out the cases that have a fault instead of stopping.
        take_all: draw from no larger release, use every case.
        show: called with each part of what is to be printed.

    Returns:
        The list, the parts, and what was left out.

    Raises:
        InputError: if the layout is another one; with one line for each fault if there are any
            and ``skip_bad`` is not set; if too few cases are left; if the target cannot be
            written.
        ValueError: if ``seed`` or ``n_folds`` is out of range.
    """
    root, target = Path(root).expanduser(), Path(target).expanduser()
    require_free_target(source, target)
    found = source.find(root)
    show(f"{source.name}, {root}")
    reports = _check(source, found.cases, show)
    faults = _once(
        [*found.problems, *(line for report in reports for line in _faults(source, report))]
    )
    good = {report.case.case_id: report.case for report in reports if not _faults(source, report)}
    n_faulty = len(reports) - len(good) + len(found.problems) + found.n_lost
    show(found_table(source, reports, n_faulty=n_faulty))
    for note in [*found.notes, *_notes(source, reports)]:
        show(f"note: {note}")
    if faults and not skip_bad:
        advice = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        raise InputError(
            "\n".join([*faults, f"{root}: {advice}; mend them, or leave them out with --skip-bad"])
        )
    for fault in faults:
        show(f"left out: {fault}")
    split = source.split(list(good), seed=seed, n_folds=n_folds, take_all=take_all)
    record = {
        "split": {"seed": seed, "rule": _STACK_RULE if source.stacked else _RULE},
        "left_out": faults,
    }
    if source.is_nifti:
        path = write_references(source, good, split, target, record=record)
    else:
        tell = _Progress(show, "written")
        path = write_converted(source, good, split, target, record=record, progress=tell)
    show(parts_table(split, seed=seed, n_left_out=n_faulty))
    return PreparedDataset(path, split, tuple(faults))


class _Progress:
    """Says how far a long job is, every few seconds."""

    def __init__(self, show: Callable[[str], None], done: str) -> None:
        self.show, self.done, self.last = show, done, time.monotonic()

    def __call__(self, number: int, total: int) -> None:
        now = time.monotonic()
        if now - self.last >= _SECONDS_BETWEEN_LINES:
            self.last = now
            self.show(f"{self.done} {number} of {total} cases")


def _check(
    source: Source, cases: list[VesselCase], show: Callable[[str], None]
) -> list[CaseReport]:
    tell = _Progress(show, "checked")
    reports = []
    for number, case in enumerate(cases, start=1):
        report = check_case(
            case,
            in_channels=len(source.channel_names),
            readers=source.readers,
            fixed_channels=source.fixed_channels,
        )
        reports.append(report)
        tell(number, len(cases))
    return reports


def _notes(source: Source, reports: list[CaseReport]) -> list[str]:
    """Return what is worth knowing of the usable cases: a few lines, then how many more."""
    usable = [report for report in reports if not _faults(source, report)]
    values = values_note(usable)
    if values and source.is_nifti:
        values = [f"{values[0]}; DecathlonListDataset(..., classes=(...)) keeps them apart"]
    lines = [line for report in usable for line in report.notes]
    n_more = len(lines) - _MOST_NOTES
    more = [f"and {n_more} more of this kind"] if n_more > 0 else []
    return [*values, *lines[:_MOST_NOTES], *more]


def _once(lines: list[str]) -> list[str]:
    """Say once what is wrong with a file that holds many cases."""
    counts = Counter(lines)
    return [f"{line} ({n} cases are lost)" if n > 1 else line for line, n in counts.items()]


def _faults(source: Source, report: CaseReport) -> list[str]:
    """Return everything that keeps a case from training."""
    faults = list(report.problems)
    case = report.case
    if report.constant is not None:
        faults.append(f"{case.image[0]}: every pixel is {report.constant:g}; export it again")
    if report.label_is_empty:
        faults.append(f"{case.label}: the label is empty; label it or leave the case out")
    if report.vessel_share == 1 and not report.problems:
        faults.append(
            f"{case.label}: every voxel is {source.structure}; a label holds both, and background "
            "is 0"
        )
    if report.odd_label_value is not None:
        faults.append(odd_value_problem(case.label, report.odd_label_value))
    return faults
