"""Evaluate one case: read both masks, check that they belong together, measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cldice_monai.data.spacing import Spacing
from cldice_monai.evaluation.columns import values_of_case
from cldice_monai.evaluation.find_pairs import CasePair
from cldice_monai.evaluation.frame import Frame, frame_of
from cldice_monai.evaluation.mask_file import read_mask
from cldice_monai.evaluation.mask_folder import has_voxel_size
from cldice_monai.evaluation.mask_values import class_values
from cldice_monai.evaluation.notes import Note, cavity_notes, loop_notes
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
        spacing: size of a voxel where the file of a label does not say it, in the order of the
            file's axes; None: such lengths are in voxels.

    Example:
        >>> settings = EvaluationSettings(PatchSampler(48, 10), classes=(1, 2))
        >>> settings.sampler.n_patches, settings.th_snap  # of 48 voxels a side; in voxels
        (10, 5.0)
    """

    sampler: PatchSampler = field(default_factory=PatchSampler)
    n_points: int = 100
    th_snap: float = 5.0
    surface_tolerance_mm: float | None = None
    classes: tuple[int, ...] = ()
    spacing: Spacing | None = None


@dataclass(frozen=True)
class EvaluatedCase:
    """One class of one case, measured.

    Args:
        pair: its name and files.
        class_number: value of the masks; None where everything above 0 was taken.
        classes: all that were measured.
        frame: grid of the label, and what of it was measured.
        starts: (N, ndim) first voxel of each patch.
        patches: one (N,) array a figure.
        volume: one number a figure.
        values: the columns' values, by name.
        misses_by_radius: the label's centreline and what of it is missed.
        notes: what a reader of the figures has to know.
    """

    pair: CasePair
    class_number: int | None
    classes: tuple[int, ...]
    frame: Frame
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

    @property
    def empty(self) -> tuple[bool, bool]:
        """Whether prediction and label have no voxel."""
        return self.volume["b0_pred"] == 0, self.volume["b0_label"] == 0

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Voxel size of the label, along the axes that were measured."""
        return self.frame.spacing_mm

    def means(self) -> dict[str, float]:
        """Return the mean of each column over the patches that could be measured, else NaN."""
        measured = {name: values[~np.isnan(values)] for name, values in self.values.items()}
        return {n: float(v.mean()) if v.size else float("nan") for n, v in measured.items()}


def evaluate_case(pair: CasePair, settings: EvaluationSettings) -> list[EvaluatedCase]:
    """Measure a prediction against its label, which lies on the same grid.

    A volume of one slice is measured in two dimensions.

    Args:
        pair: the files.
        settings: what is measured how.

    Returns:
        One result a class.

    Raises:
        InputError: a file cannot be read or holds other than whole numbers.

    Example:
        >>> import nibabel, tempfile
        >>> from pathlib import Path
        >>> mask = np.zeros((8, 8, 8), np.uint8)
        >>> mask[4, 4] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.nii.gz")
        ...     nibabel.save(nibabel.Nifti1Image(mask, np.diag([2, 2, 2, 1])), path)
        ...     settings = EvaluationSettings(PatchSampler(8, 1))
        ...     (case,) = evaluate_case(CasePair("a", path, path), settings)
        >>> case.spacing_mm, case.volume["cldice"], case.volume["length_mm_label"]
        ((2.0, 2.0, 2.0), 1.0, 14.0)
    """
    frame = frame_of(pair.label, settings.spacing)
    volumes = [read_mask(path, frame.grid) for path in (pair.pred, pair.label)]
    values, notes = [], []
    for volume in volumes:
        found, said = class_values(volume.path, volume.array[0], settings.classes)
        values.append(frame.measured(found))
        notes += said
    if frame.unit == "voxels":
        words = "says no voxel size: lengths are in voxels (--spacing gives them in mm)"
        notes.append(Note(pair.label, words))
    elif volumes[1].unit == "unknown" and has_voxel_size(pair.label):
        notes.append(Note(pair.label, "names no unit of length; its voxel size is taken as mm"))
    results = []
    for number in settings.classes or (None,):
        masks = _binary(values[0], number), _binary(values[1], number)
        results.append(_measure(pair, masks, number, frame, notes, settings))
    return results


def masks_of_case(case: EvaluatedCase) -> tuple[_Mask, _Mask]:
    """Read the prediction and the label of a case again, as they were measured.

    Args:
        case: from `evaluate_case`.

    Returns:
        Two boolean arrays, (X, Y, Z), or the two axes of an image of one slice.

    Raises:
        InputError: a file can no longer be read.
    """
    pred, label = (
        class_values(path, read_mask(path, case.frame.grid).array[0], case.classes)[0]
        for path in (case.pair.pred, case.pair.label)
    )
    of_class = case.frame.measured(pred), case.frame.measured(label)
    return _binary(of_class[0], case.class_number), _binary(of_class[1], case.class_number)


def _binary(values: npt.NDArray[np.float32], number: int | None) -> _Mask:
    return values > 0 if number is None else values == number


def _measure(
    pair: CasePair,
    masks: tuple[_Mask, _Mask],
    number: int | None,
    frame: Frame,
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
        spacing_mm=frame.spacing_mm,
        surface_tolerance_mm=settings.surface_tolerance_mm,
        th_snap=settings.th_snap,
    )
    values = values_of_case(patches, whole.figures)
    return EvaluatedCase(
        pair,
        number,
        settings.classes,
        frame,
        starts,
        patches,
        whole.figures,
        values,
        whole.misses_by_radius,
        (*notes, *_network_notes(pair, patches, whole.figures, number)),
    )


def _network_notes(
    pair: CasePair, patches: Mapping[str, _Array], volume: Mapping[str, float], number: int | None
) -> list[Note]:
    notes = []
    for path, name in ((pair.pred, "pred"), (pair.label, "label")):
        notes += cavity_notes(path, volume, name, number)
        notes += loop_notes(path, patches[f"lost_loops_{name}"], number)
    return notes
