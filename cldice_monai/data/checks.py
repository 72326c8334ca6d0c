"""Checking all files of a data set before any work starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.check_case import CaseReport, check_case
from cldice_monai.data.label_values import odd_value_problem
from cldice_monai.data.pairing import name_some
from cldice_monai.data.places import require_channel_count
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.errors import InputError

__all__ = [
    "CheckedCases",
    "check_inference_cases",
    "check_training_cases",
    "raise_if_any",
    "values_note",
]


@dataclass(frozen=True)
class CheckedCases:
    """The cases that can be used, and what people should know about the others.

    Attributes:
        cases: the good cases, in the order given.
        notes: one line for each thing that was mended or is worth knowing.
        problems: one line for each case that cannot be used.
        without_vessel: ids of the good cases whose label is empty.

    Example:
        >>> checked = CheckedCases([], [], ["b.nii.gz: damaged; copy it again"])
        >>> raise_if_any(checked.problems)
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: b.nii.gz: damaged; copy it again
    """

    cases: list[VesselCase]
    notes: list[str]
    problems: list[str]
    without_vessel: frozenset[str] = frozenset()


def check_training_cases(
    cases: Sequence[VesselCase],
    *,
    in_channels: int,
    spatial_dims: int | None = None,
    n_classes: int | None = None,
    readers: CaseReaders = NIFTI,
    fixed_channels: bool = False,
) -> CheckedCases:
    """Read every file of a training set once and refuse the set if one of them is bad.

    NaN and infinity, empty labels among others, and label values other than {0, v} are noted. A
    constant image is left out with a note as long as others remain.

    Args:
        cases: cases with labels, from all parts of the data set.
        in_channels: channels the network takes.
        spatial_dims: axes of space that the network takes, 2 or 3; None for any.
        n_classes: classes with the background, where labels hold their numbers; None where vessel
            is every value > 0.
        readers: how the files are read.
        fixed_channels: the number of channels cannot be chosen, so no other one is advised.

    Returns:
        The cases to use and the notes; ``problems`` is empty.

    Raises:
        InputError: with one line for each of the first problems (`raise_if_any`): files that
            cannot be read, shapes or grids of image and label that differ, a wrong number of
            channels, nothing but NaN, no label, no image that varies, no label with a vessel, a
            label that holds no whole numbers or a class too high, slices where pictures are needed
            or pictures where volumes are.

    Example:
        >>> import nibabel, numpy, pathlib, tempfile
        >>> volume = numpy.zeros((4, 4, 4), numpy.uint8)
        >>> volume[2, 2] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "a.nii.gz")
        ...     nibabel.save(nibabel.Nifti1Image(volume, numpy.eye(4)), path)
        ...     checked = check_training_cases([VesselCase("a", (path,), path)], in_channels=1)
        >>> [case.case_id for case in checked.cases], checked.notes
        (['a'], [])
    """
    require_channel_count(in_channels)
    reports = [
        check_case(
            case,
            in_channels=in_channels,
            readers=readers,
            fixed_channels=fixed_channels,
            spatial_dims=spatial_dims,
            n_classes=n_classes,
        )
        for case in cases
    ]
    problems = [line for report in reports for line in report.problems]
    problems += [
        odd_value_problem(report.case.label, report.odd_label_value)
        for report in reports
        if report.odd_label_value is not None
    ]
    if spatial_dims == 3 and all(_is_flat(report) for report in reports):
        problems.append(
            f"{cases[0].image[0]}: a picture, as all the others, and a roi of three numbers is for "
            "volumes; pass a --roi of two numbers, such as --roi '[64,64]'"
        )
    problems += [
        f"{report.case.image[0]}: there is no label; training needs one for each image"
        for report in reports
        if report.case.label is None
    ]
    notes = [line for report in reports for line in report.notes]
    varying = [report for report in reports if report.constant is None]
    constant = [report for report in reports if report.constant is not None]
    if constant and not varying:
        problems += [_constant_line(report) for report in constant]
    else:
        notes += [f"{_constant_line(report)} (skipped)" for report in constant]
    label_problems, label_notes = _judge_labels(varying)
    raise_if_any(problems + label_problems)
    empty = frozenset(report.case.case_id for report in varying if report.label_is_empty)
    return CheckedCases([report.case for report in varying], notes + label_notes, [], empty)


def check_inference_cases(
    cases: Sequence[VesselCase],
    *,
    in_channels: int,
    spatial_dims: int | None = None,
    readers: CaseReaders = NIFTI,
) -> CheckedCases:
    """Read every file to segment once and leave the bad cases out, each with its reason.

    A constant image holds nothing to segment: among others it is skipped with a note.

    Args:
        cases: the cases, with or without labels.
        in_channels: channels the network takes.
        spatial_dims: axes of space that the network takes, 2 or 3; None for any.
        readers: how the files are read.

    Returns:
        The good cases, notes, and one problem for each case that was left out.

    Raises:
        InputError: if no case is left, with one line for each of the first problems.

    Example:
        >>> import nibabel, numpy, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     good, bad = (pathlib.Path(folder, f"{name}.nii.gz") for name in ("good", "bad"))
        ...     nibabel.save(nibabel.Nifti1Image(numpy.eye(4)[None], numpy.eye(4)), good)
        ...     bad.touch()
        ...     cases = [VesselCase(path.name, (path,)) for path in (good, bad)]
        ...     checked = check_inference_cases(cases, in_channels=1)
        >>> [case.case_id for case in checked.cases], len(checked.problems)
        (['good.nii.gz'], 1)
    """
    require_channel_count(in_channels)
    good: list[CaseReport] = []
    constant: list[CaseReport] = []
    problems: list[str] = []
    for case in cases:
        report = check_case(
            case, in_channels=in_channels, readers=readers, spatial_dims=spatial_dims
        )
        if report.problems:
            problems.append(_one_line(report.problems))
        else:
            (good if report.constant is None else constant).append(report)
    if not good:
        problems += [_constant_line(report) for report in constant]
        raise_if_any(problems or ["there is no case to segment; pass --dataset_dir PATH"])
    notes = [line for report in good for line in report.notes]
    notes += [f"{_constant_line(report)} (skipped)" for report in constant]
    notes += [_empty_line(report) for report in good if report.label_is_empty]
    return CheckedCases([report.case for report in good], notes + values_note(good), problems)


def raise_if_any(problems: Sequence[str], *, limit: int = 5) -> None:
    """Raise one InputError that says the problems, one line each.

    Args:
        problems: the lines; nothing happens if there are none.
        limit: lines that are shown; how many more there are is said in a last line.

    Raises:
        InputError: if there is a problem. Its message has several lines if there are several.

    Example:
        >>> raise_if_any([])
        >>> raise_if_any(["a.nii: bad; mend it", "b.nii: bad; mend it"], limit=1)
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: a.nii: bad; mend it
        and 1 more problem; mend these and run it again
    """
    if not problems:
        return
    lines = list(problems[:limit])
    n_more = len(problems) - limit
    if n_more > 0:
        lines.append(
            f"and {n_more} more problem{'s' if n_more > 1 else ''}; mend these and run it again"
        )
    raise InputError("\n".join(lines))


def _judge_labels(reports: Sequence[CaseReport]) -> tuple[list[str], list[str]]:
    """Return problems and notes about the labels of all cases together."""
    empty = [report for report in reports if report.label_is_empty]
    readable = [report for report in reports if report.label_is_empty is not None]
    if empty and len(empty) == len(readable):
        names = name_some([str(report.case.label) for report in empty])
        what = "every label is empty" if len(empty) > 1 else "the only label is empty"
        return [f"{names}: {what}; label the vessels with a value > 0"], []
    return [], [_empty_line(report) for report in empty] + values_note(reports)


def _empty_line(report: CaseReport) -> str:
    return f"{report.case.label}: the label is empty (no value > 0); it is used as it is"


def values_note(reports: Sequence[CaseReport]) -> list[str]:
    """Say once for the whole set that several values mean vessel.

    Args:
        reports: one for each case.

    Returns:
        One line, or none if each label has one value beside 0.
    """
    several = [report for report in reports if report.label_values]
    if not several:
        return []
    first = several[0]
    values = ", ".join(f"{value:g}" for value in first.label_values or ())
    n_others = len(several) - 1
    also = f" ({n_others} more label{'s' if n_others > 1 else ''} likewise)" if n_others else ""
    return [f"{first.case.label}: holds the values {values}{also}; vessel is every value > 0"]


def _constant_line(report: CaseReport) -> str:
    return (
        f"{report.case.image[0]}: the image is constant, every voxel is {report.constant:g}; "
        "export it again or remove it"
    )


def _is_flat(report: CaseReport) -> bool:
    return report.image is not None and report.image.array.shape[-1] == 1


def _one_line(problems: Sequence[str]) -> str:
    return problems[0] if len(problems) == 1 else " | ".join(problems)
