"""Evaluate one case: read both masks, check that they belong together, measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.data.nifti import Volume
from cldice_monai.errors import InputError
from cldice_monai.evaluation.columns import values_of_case
from cldice_monai.evaluation.find_pairs import CasePair
from cldice_monai.evaluation.mask_file import has_voxel_size, read_mask
from cldice_monai.evaluation.notes import Note, cavity_notes, loop_notes, value_notes
from cldice_monai.evaluation.patches import patch_figures
from cldice_monai.evaluation.radius_bins import RadiusBin
from cldice_monai.evaluation.volume import volume_figures
from cldice_monai.topology.patches import PatchSampler

__all__ = ["EvaluatedCase", "EvaluationSettings", "evaluate_case", "masks_of_case"]

_Array = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EvaluationSettings:
    """What the figures depend on, beside the masks.

    Args:
        sampler: patches of the patch-wise figures.
        n_points: points of the StreetMover distance.
        th_snap: voxels within which Opt-J matches.
        surface_tolerance_mm: of the surface Dice; None: the largest side of a voxel.
        classes: values of the masks that are measured each for itself; none: everything above 0 is
            vessel.
    """

    sampler: PatchSampler = field(default_factory=PatchSampler)
    n_points: int = 100
    th_snap: float = 5.0
    surface_tolerance_mm: float | None = None
    classes: tuple[int, ...] = ()


@dataclass(frozen=True)
class EvaluatedCase:
    """One class of one case, measured.

    Args:
        pair: its name and files.
        class_number: value of the masks; None where everything above 0 was taken.
        spacing_mm: voxel size of the label.
        starts: (N, ndim) first voxel of each patch.
        patches: one (N,) array a figure.
        volume: one number a figure.
        values: the columns' values, by name.
        misses_by_radius: the label's centreline and what of it is missed.
        notes: what a reader of the figures has to know.
    """

    pair: CasePair
    class_number: int | None
    spacing_mm: tuple[float, ...]
    starts: npt.NDArray[np.int64]
    patches: dict[str, _Array]
    volume: dict[str, float]
    values: dict[str, _Array]
    misses_by_radius: list[RadiusBin]
    notes: tuple[Note, ...]

    @property
    def case_id(self) -> str:
        """Name of the case."""
        return self.pair.case_id

    @property
    def title(self) -> str:
        """Name of the case, and of the class where one was measured apart."""
        if self.class_number is None:
            return self.case_id
        return f"{self.case_id}, class {self.class_number}"

    def means(self) -> dict[str, float]:
        """Return the mean of each column over the patches that could be measured, else NaN."""
        measured = {name: values[~np.isnan(values)] for name, values in self.values.items()}
        return {n: float(v.mean()) if v.size else float("nan") for n, v in measured.items()}


def evaluate_case(pair: CasePair, settings: EvaluationSettings) -> list[EvaluatedCase]:
    """Measure a prediction against its label, which lies on the same grid.

    A volume of one slice along its third axis is measured in two dimensions.

    Args:
        pair: the files.
        settings: what is measured how.

    Returns:
        One result a class.

    Raises:
        InputError: a file cannot be read or holds other than whole numbers.
    """
    pred, label = read_mask(pair.pred), read_mask(pair.label)
    values = [_whole_numbers(pair.pred, pred), _whole_numbers(pair.label, label)]
    notes = value_notes(pair.pred, values[0], settings.classes)
    notes += value_notes(pair.label, values[1], settings.classes)
    if not has_voxel_size(pair.label):
        words = "says no voxel size; lengths in mm are in voxels, its sides taken as 1"
        notes.append(Note(pair.label, words))
    elif label.unit == "unknown":
        notes.append(Note(pair.label, "names no unit of length; its voxel size is taken as mm"))
    spacing = label.spacing_mm if _is_deep(label) else label.spacing_mm[:2]
    results = []
    for number in settings.classes or (None,):
        masks = _binary(pred, number), _binary(label, number)
        results.append(_measure(pair, masks, number, spacing, notes, settings))
    return results


def masks_of_case(case: EvaluatedCase) -> tuple[_Mask, _Mask]:
    """Read the prediction and the label of a case again, as they were measured.

    Args:
        case: from `evaluate_case`.

    Returns:
        Two boolean arrays, (X, Y, Z) or (X, Y).

    Raises:
        InputError: a file can no longer be read.
    """
    pred, label = read_mask(case.pair.pred), read_mask(case.pair.label)
    return _binary(pred, case.class_number), _binary(label, case.class_number)


def _is_deep(volume: Volume) -> bool:
    return volume.array.shape[3] > 1


def _binary(volume: Volume, number: int | None) -> _Mask:
    values = volume.array[0] if _is_deep(volume) else volume.array[0, ..., 0]
    return values > 0 if number is None else values == number


def _measure(
    pair: CasePair,
    masks: tuple[_Mask, _Mask],
    number: int | None,
    spacing_mm: tuple[float, ...],
    notes: Sequence[Note],
    settings: EvaluationSettings,
) -> EvaluatedCase:
    pred, label = masks
    sampler = settings.sampler
    starts = sampler.starts(label.shape, case_id=pair.case_id)
    patches = patch_figures(
        sampler.crop(pred, starts),
        sampler.crop(label, starts),
        n_points=settings.n_points,
        th_snap=settings.th_snap,
    )
    whole = volume_figures(
        pred,
        label,
        spacing_mm=spacing_mm,
        surface_tolerance_mm=settings.surface_tolerance_mm,
        th_snap=settings.th_snap,
    )
    values = values_of_case(patches, whole.figures)
    return EvaluatedCase(
        pair,
        number,
        spacing_mm,
        starts,
        patches,
        whole.figures,
        values,
        whole.misses_by_radius,
        (*notes, *_network_notes(pair, patches, whole.figures)),
    )


def _network_notes(
    pair: CasePair, patches: Mapping[str, _Array], volume: Mapping[str, float]
) -> list[Note]:
    notes = []
    for path, name in ((pair.pred, "pred"), (pair.label, "label")):
        notes += cavity_notes(path, volume, name)
        notes += loop_notes(path, patches[f"lost_loops_{name}"])
    return notes


def _whole_numbers(path: Path, volume: Volume) -> npt.NDArray[np.float32]:
    values = volume.array[0]
    odd = values[~((values >= 0) & (values == np.rint(values)))]  # NaN is odd too
    if odd.size:
        raise InputError(
            f"{path}: holds other values than whole numbers from 0 on, {odd[0]:.4g} for one; "
            "threshold it first"
        )
    return values
