"""Evaluate folders of predictions, and summarise and compare them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.errors import InputError
from cldice_monai.evaluation.bootstrap import Interval, cluster_bootstrap
from cldice_monai.evaluation.case import EvaluatedCase, EvaluationSettings
from cldice_monai.evaluation.columns import COLUMNS, Column
from cldice_monai.evaluation.find_pairs import CasePair, find_pairs
from cldice_monai.evaluation.frame import LengthUnit
from cldice_monai.evaluation.jobs import Measure, Show, measure_here
from cldice_monai.evaluation.mask_folder import has_voxel_size
from cldice_monai.evaluation.mask_grid import mask_grid, require_one_spacing, require_same
from cldice_monai.evaluation.permutation import Comparison, paired_permutation_test

__all__ = ["Evaluation", "Method", "evaluate"]

_MIXED = (
    "lengths are in mm for some labels and in voxels for others, so that no mean of them is given; "
    "--spacing gives all in mm"
)


@dataclass(frozen=True)
class Method:
    """One folder of predictions, and one class of it where several are measured.

    Args:
        name: of the folder, made unique.
        folder: the folder.
        class_number: value of the masks; None where everything above 0 was taken.
        cases: what was measured, sorted by case id.
        summary: mean and interval of each column; columns that were not measured are missing.

    Example:
        >>> Method("unet", Path("masks/unet"), class_number=2, cases=[], summary={}).title
        'unet, class 2'
    """

    name: str
    folder: Path
    class_number: int | None
    cases: list[EvaluatedCase]
    summary: dict[str, Interval]

    @property
    def title(self) -> str:
        """Name, and the class where several are measured."""
        return self.name if self.class_number is None else f"{self.name}, class {self.class_number}"


@dataclass(frozen=True)
class Evaluation:
    """Several methods on the same labels.

    Args:
        methods: in the order that they were given; class after class where several are measured.
        comparisons: by title of the method and column, its difference from the first method, of the
            same class.
        settings: what the figures depend on.
        label_dir: the labels.
        notes: what a reader has to know about the folders.

    Example:
        >>> methods = [Method(name, Path(name), None, [], {}) for name in ("unet", "other")]
        >>> found = Evaluation(methods, {}, EvaluationSettings(), Path("labels"))
        >>> [[method.name for method in same_class] for same_class in found.by_class()]
        [['unet', 'other']]
    """

    methods: list[Method]
    comparisons: dict[str, dict[str, Comparison]]
    settings: EvaluationSettings
    label_dir: Path
    notes: Sequence[str] = ()

    @property
    def unit(self) -> LengthUnit | None:
        """Unit of all lengths; None where some are in mm and others in voxels."""
        return _common_unit([case for method in self.methods for case in method.cases])

    def title(self, column: Column) -> str:
        """Return the heading of a column, with its unit."""
        return column.title_in(self.unit)

    def by_class(self) -> list[list[Method]]:
        """Return the methods of each class, one list a class, in the order of the methods."""
        classes = dict.fromkeys(method.class_number for method in self.methods)
        return [[m for m in self.methods if m.class_number == number] for number in classes]


def evaluate(
    pred_dirs: Sequence[Path],
    label_dir: Path,
    settings: EvaluationSettings | None = None,
    *,
    measure: Measure = measure_here,
    show: Show = lambda line: None,
) -> Evaluation:
    """Measure every case of every folder of predictions.

    The figures do not depend on the number of processes or on the order of the cases. Classes are
    summarised and compared each for itself: two classes of a case are no two cases.

    Args:
        pred_dirs: folders of predictions, one a method; the others are compared with the first.
        label_dir: folder of labels.
        settings: what is measured how; None takes the defaults.
        measure: where the cases are measured: `cldice_monai.evaluation.jobs` has one process,
            several, and those of torchrun.
        show: takes a line of progress.

    Returns:
        All figures.

    Raises:
        InputError: see `cldice_monai.evaluation.find_pairs.find_pairs` and
            `cldice_monai.evaluation.case.evaluate_case`; no folder at all; a prediction that does
            not lie on its label's grid, before anything is measured.

    Example:
        >>> import nibabel, numpy, tempfile
        >>> from cldice_monai.topology import PatchSampler
        >>> label = numpy.zeros((8, 8, 8), numpy.uint8)
        >>> label[4, 4] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part, mask in (("label", label), ("unet", label * (numpy.arange(8) < 4))):
        ...         Path(folder, part).mkdir()
        ...         image = nibabel.Nifti1Image(mask.astype(numpy.uint8), numpy.eye(4))
        ...         nibabel.save(image, Path(folder, part, "a.nii.gz"))
        ...     settings = EvaluationSettings(PatchSampler(patch_size=8, n_patches=1))
        ...     found = evaluate([Path(folder, "unet")], Path(folder, "label"), settings)
        >>> found.methods[0].cases[0].volume["tsens"]
        0.5
    """
    if not pred_dirs:
        raise InputError("pred_dirs: name at least one folder of predictions")
    settings = settings or EvaluationSettings()
    paired = [find_pairs(folder, label_dir) for folder in pred_dirs]
    notes = list(dict.fromkeys(note for _, found in paired for note in found))
    jobs = [pair for pairs, _ in paired for pair in pairs]
    sized = {has_voxel_size(job.label) for job in jobs}
    if settings.spacing is None and len(sized) == 2:
        notes.append(_MIXED)
    for note in notes:
        show(f"note: {note}")
    if settings.spacing is not None and sized == {True}:
        raise InputError("spacing: every label says its own voxel size; leave it away")
    if settings.spacing is not None:
        require_one_spacing(job.label for job in jobs)
    for job in jobs:
        _require_fit(job, settings)
    results = iter(list(measure(jobs, settings, show)))
    measured = [[next(results) for _ in pairs] for pairs, _ in paired]
    methods = []
    for place, number in enumerate(settings.classes or (None,)):
        for name, folder, cases in zip(_names(pred_dirs), pred_dirs, measured, strict=True):
            of_class = [classes[place] for classes in cases]
            methods.append(Method(name, folder, number, of_class, _summary(of_class)))
    evaluation = Evaluation(methods, {}, settings, label_dir, notes)
    for first, *others in evaluation.by_class():
        evaluation.comparisons.update({other.title: _compare(first, other) for other in others})
    return evaluation


def _require_fit(pair: CasePair, settings: EvaluationSettings) -> None:
    grids = mask_grid(pair.pred), mask_grid(pair.label, settings.spacing)
    for grid in grids:
        if grid.n_channels != 1:
            raise InputError(
                f"{grid.path}: {grid.n_channels} channels; a mask has one, with whole numbers"
            )
    require_same(*grids, remedy="resample the prediction to the label's grid")


def _names(folders: Sequence[Path]) -> list[str]:
    """Name methods after their folders, with the folder above where two have one name."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [f"{folder.resolve().parent.name}/{folder.resolve().name}" for folder in folders]
    counted = [f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]
    return names if len(set(names)) == len(names) else counted


def _summary(cases: Sequence[EvaluatedCase]) -> dict[str, Interval]:
    """Summarise the columns that a case has: images of two axes have no b2."""
    measured = {name for case in cases for name in case.values}
    mixed = _common_unit(cases) is None
    return {
        column.name: cluster_bootstrap(
            []
            if mixed and column.is_length
            else [case.values.get(column.name, []) for case in cases]
        )
        for column in COLUMNS
        if column.name in measured
    }


def _compare(first: Method, other: Method) -> dict[str, Comparison]:
    mixed = _common_unit(first.cases) is None
    return {
        column.name: paired_permutation_test(
            column.compared(_means(other, column.name)),
            column.compared(_means(first, column.name)),
        )
        for column in COLUMNS
        if column.name in first.summary and not (mixed and column.is_length)
    }


def _common_unit(cases: Sequence[EvaluatedCase]) -> LengthUnit | None:
    units = {case.frame.unit for case in cases}
    return units.pop() if len(units) == 1 else None


def _means(method: Method, name: str) -> list[float]:
    return [case.means().get(name, float("nan")) for case in method.cases]
