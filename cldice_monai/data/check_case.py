"""Reading the files of one case and telling everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.grids import GRID_TOLERANCE_VOXELS, grid_shift_voxels
from cldice_monai.data.label_values import class_problem, odd_label_value
from cldice_monai.data.nifti import Volume
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.errors import InputError
from cldice_monai.lines import counted
from cldice_monai.transforms.intensity import non_finite_fill_value

__all__ = ["CaseReport", "check_case", "check_intensities", "grid_problem"]


@dataclass
class CaseReport:
    """What was found in the files of one case.

    Attributes:
        case: the case.
        problems: one line for each fault that makes it unusable.
        notes: one line for each fact worth knowing.
        constant: the image's only value where it has just one, else None.
        label_is_empty: whether the label has no vessel; None without a readable label.
        label_values: a few of the label's values where vessel has more than one, else None.
        image: the image's shape and geometry, its voxels dropped; None if it is unreadable.
        vessel_share: share of the label's voxels that are vessel; None without a readable label.
        mask_share: share of the mask's voxels that hold data; None without a readable mask.
        odd_label_value: a value of the label that is negative or no whole number, else None.

    Example:
        >>> report = CaseReport(VesselCase("a", (Path("a.nii.gz"),)))
        >>> report.problems.append("a.nii.gz: damaged; copy it again")
        >>> report.label_is_empty is None  # no label was read
        True
    """

    case: VesselCase
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    constant: float | None = None
    label_is_empty: bool | None = None
    label_values: tuple[float, ...] | None = None
    image: Volume | None = None
    vessel_share: float | None = None
    mask_share: float | None = None
    odd_label_value: float | None = None


def check_case(
    case: VesselCase,
    *,
    in_channels: int,
    readers: CaseReaders = NIFTI,
    fixed_channels: bool = False,
    spatial_dims: int | None = None,
    n_classes: int | None = None,
) -> CaseReport:
    """Read every file of a case once; one volume is in memory at a time.

    Args:
        case: the case, with or without a label.
        in_channels: channels the image must have.
        readers: how the files are read.
        fixed_channels: the number of channels cannot be chosen, so no other one is advised.
        spatial_dims: 2 refuses an image of more than one slice; None takes any.
        n_classes: classes of the label with the background, whose numbers are its values; None
            where vessel is every value > 0.

    Returns:
        The report; nothing is raised for bad files.

    Example:
        >>> report = check_case(VesselCase("a", (Path("missing.nii.gz"),)), in_channels=1)
        >>> report.image is None, len(report.problems)
        (True, 1)
    """
    report = CaseReport(case)
    report.image = _check_image(report, in_channels, readers, fixed_channels)
    if spatial_dims == 2 and report.image is not None:
        _check_is_flat(report, report.image)
    if case.label is not None:
        _check_label(report, case.label, readers, n_classes)
    if case.mask is not None:
        _check_mask(report, case.mask, readers)
    return report


def _check_image(
    report: CaseReport, in_channels: int, readers: CaseReaders, fixed_channels: bool
) -> Volume | None:
    """Check the intensities; return the volume with its voxels dropped, None if unreadable."""
    try:
        volume = readers.image(report.case.image)
    except InputError as error:
        report.problems.append(str(error))
        return None
    n_channels = len(volume.array)
    if n_channels != in_channels:
        advice = (
            f"pass --in_channels {n_channels} for a network of {counted(n_channels, 'channel')}, "
            f"or give files with {in_channels}"
        )
        if fixed_channels:
            advice = "all images of this dataset have as many, so copy or download it again"
        report.problems.append(
            f"{volume.path}: has {counted(n_channels, 'channel')}, expected {in_channels}; {advice}"
        )
    check_intensities(report, volume)
    return _without_voxels(volume)


def check_intensities(report: CaseReport, volume: Volume) -> None:
    """Note what is not finite or constant in an image.

    Args:
        report: of the case; gets ``problems``, ``notes`` and ``constant``.
        volume: the image.
    """
    constants: list[float | None] = []
    notes: list[str] = []
    for number, channel in enumerate(volume.array):
        name = _channel_name(report.case, number, len(volume.array))
        fill = non_finite_fill_value(channel)
        if fill is None:
            report.problems.append(
                f"{name}: every voxel is NaN or infinite; export the volume again or leave it out"
            )
            constants.append(None)
            continue
        finite = np.isfinite(channel)
        n_bad = int(channel.size - np.count_nonzero(finite))
        if n_bad:
            report.notes.append(
                f"{name}: {n_bad} of {channel.size} voxels are NaN or infinite and are filled with "
                f"{fill:g}, the smallest finite value"
            )
        largest = float(channel.max(where=finite, initial=fill))
        constants.append(fill if largest == fill else None)
        if largest == fill:
            notes.append(f"{name}: every voxel is {fill:g}, this channel tells nothing")
    if all(value is not None for value in constants):
        report.constant = constants[0]
    else:
        report.notes += notes


def _channel_name(case: VesselCase, number: int, n_channels: int) -> str:
    """Name the file of a channel, and its number where the file has several."""
    if len(case.image) == n_channels:
        return str(case.image[number])
    return f"{case.image[0]}: channel {number}"


def _check_is_flat(report: CaseReport, image: Volume) -> None:
    n_slices = image.array.shape[-1]
    if n_slices > 1:
        report.problems.append(
            f"{image.path}: has {n_slices} slices, and a roi of two numbers is for pictures; "
            "pass a --roi of three numbers"
        )


def _check_label(
    report: CaseReport, path: Path, readers: CaseReaders, n_classes: int | None
) -> None:
    try:
        label = readers.label(path)
    except InputError as error:
        report.problems.append(str(error))
        return
    if len(label.array) != 1:
        report.problems.append(
            f"{path}: a label has one channel, this one has {len(label.array)}; join its classes "
            "into one volume where vessel is > 0"
        )
        return
    if report.image is not None:
        _compare_grids(report, report.image, label, "label")
    vessel = label.array[label.array > 0]
    report.label_is_empty = vessel.size == 0
    report.vessel_share = vessel.size / label.array.size
    report.odd_label_value = odd_label_value(label.array)
    if n_classes is not None:
        too_high = class_problem(path, vessel, n_classes)
        report.problems += [too_high] if too_high else []
    elif vessel.size and vessel.min() != vessel.max():
        report.label_values = tuple(float(value) for value in np.unique(vessel)[:4])
    if vessel.size == label.array.size:
        report.notes.append(f"{path}: every voxel is vessel (> 0); check that background is 0")


def _check_mask(report: CaseReport, path: Path, readers: CaseReaders) -> None:
    try:
        mask = readers.mask(path)
    except InputError as error:
        report.problems.append(str(error))
        return
    if report.image is not None:
        _compare_grids(report, report.image, mask, "mask")
    report.mask_share = float((mask.array > 0).mean())
    if not report.mask_share:
        report.problems.append(f"{path}: the mask is empty, so no part of the image would count")


def grid_problem(image: Volume, other: Volume, what: str) -> str | None:
    """Say how the grid of a label or a mask differs from that of its image.

    Args:
        image: the image.
        other: the label or mask.
        what: ``"label"`` or ``"mask"``, for the message.

    Returns:
        One line, None if both have the same shape and place, to a thousandth of a voxel.

    Example:
        >>> image, label = (
        ...     Volume(np.zeros((1, n, 4, 4)), np.eye(4), "mm", 1, 1, (n, 4, 4), Path(f"{n}.nii"))
        ...     for n in (4, 5)
        ... )
        >>> grid_problem(image, label, "label")[:42]
        "5.nii: the label's shape (5, 4, 4) differs"
    """
    shape, other_shape = image.array.shape[1:], other.array.shape[1:]
    if shape != other_shape:
        return (
            f"{other.path}: the {what}'s shape {other_shape} differs from {shape} of the image "
            f"{image.path}; resample the {what} to the image's grid"
        )
    shift = grid_shift_voxels(image.affine, other.affine, shape)
    if shift > GRID_TOLERANCE_VOXELS:
        return (
            f"{other.path}: the {what}'s grid lies up to {shift:.3g} voxels off that of the image "
            f"{image.path}; resample the {what}, or copy the image's header if only that is wrong"
        )
    return None


def _compare_grids(report: CaseReport, image: Volume, other: Volume, what: str) -> None:
    line = grid_problem(image, other, what)
    if line is not None:
        report.problems.append(line)


def _without_voxels(volume: Volume) -> Volume:
    """Keep shape and geometry but let the memory go."""
    shape_only = np.broadcast_to(np.float32(0), volume.array.shape)
    return replace(volume, array=shape_only)
