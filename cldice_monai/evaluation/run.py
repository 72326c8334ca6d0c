"""Evaluate folders of predictions, with several processes if asked, and summarise them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cldice_monai.errors import InputError
from cldice_monai.evaluation.bootstrap import Interval, cluster_bootstrap
from cldice_monai.evaluation.case import EvaluatedCase, EvaluationSettings, evaluate_case
from cldice_monai.evaluation.columns import COLUMNS
from cldice_monai.evaluation.find_pairs import CasePair, find_pairs
from cldice_monai.evaluation.permutation import Comparison, paired_permutation_test

__all__ = ["Evaluation", "Method", "evaluate"]

Show = Callable[[str], None]


@dataclass(frozen=True)
class Method:
    """One folder of predictions.

    Args:
        name: of the folder, made unique.
        folder: the folder.
        cases: what was measured, sorted by case and class.
        summary: mean and interval of each column; columns that were not measured are missing.
    """

    name: str
    folder: Path
    cases: list[EvaluatedCase]
    summary: dict[str, Interval]


@dataclass(frozen=True)
class Evaluation:
    """Several methods on the same labels.

    Args:
        methods: in the order that they were given.
        comparisons: by name of the method and column, its difference from the first method.
        settings: what the figures depend on.
        label_dir: the labels.
    """

    methods: list[Method]
    comparisons: dict[str, dict[str, Comparison]]
    settings: EvaluationSettings
    label_dir: Path


def evaluate(
    pred_dirs: Sequence[Path],
    label_dir: Path,
    settings: EvaluationSettings | None = None,
    *,
    n_workers: int = 1,
    show: Show = lambda line: None,
) -> Evaluation:
    """Measure every case of every folder of predictions.

    The figures do not depend on the number of processes or on the order of the cases.

    Args:
        pred_dirs: folders of predictions, one a method; the others are compared with the first.
        label_dir: folder of labels.
        settings: what is measured how; None takes the defaults.
        n_workers: processes.
        show: takes a line of progress.

    Returns:
        All figures.

    Raises:
        InputError: see `cldice_monai.evaluation.find_pairs.find_pairs` and
            `cldice_monai.evaluation.case.evaluate_case`; no folder at all; less than one process.
    """
    if not pred_dirs:
        raise InputError("pred_dirs: name at least one folder of predictions")
    if n_workers < 1:
        raise InputError(f"num_workers {n_workers}: must be 1 or more")
    settings = settings or EvaluationSettings()
    paired = [find_pairs(folder, label_dir) for folder in pred_dirs]
    for _, notes in paired:
        for note in notes:
            show(f"note: {note}")
    jobs = [pair for pairs, _ in paired for pair in pairs]
    results = _measured(jobs, settings, n_workers, show)
    methods = []
    for name, folder, (pairs, _) in zip(_names(pred_dirs), pred_dirs, paired, strict=True):
        cases = [case for _ in pairs for case in next(results)]
        methods.append(Method(name, folder, cases, _summary(cases)))
    comparisons = {method.name: _compare(methods[0], method) for method in methods[1:]}
    return Evaluation(methods, comparisons, settings, label_dir)


def _measured(
    jobs: Sequence[CasePair], settings: EvaluationSettings, n_workers: int, show: Show
) -> Iterator[list[EvaluatedCase]]:
    measure = partial(evaluate_case, settings=settings)
    if n_workers == 1:
        yield from _shown(map(measure, jobs), jobs, show)
        return
    with ProcessPoolExecutor(min(n_workers, len(jobs))) as pool:
        yield from _shown(pool.map(measure, jobs), jobs, show)


def _shown(
    results: Iterator[list[EvaluatedCase]], jobs: Sequence[CasePair], show: Show
) -> Iterator[list[EvaluatedCase]]:
    for number, (job, cases) in enumerate(zip(jobs, results, strict=True), start=1):
        for note in cases[0].notes:
            show(f"note: {note}")
        show(f"{number}/{len(jobs)}  {job.pred.parent.name}/{job.case_id}")
        yield cases


def _names(folders: Sequence[Path]) -> list[str]:
    """Name methods after their folders, with the folder above where two have one name."""
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [f"{folder.resolve().parent.name}/{folder.resolve().name}" for folder in folders]
    counted = [f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]
    return names if len(set(names)) == len(names) else counted


def _summary(cases: Sequence[EvaluatedCase]) -> dict[str, Interval]:
    measured = [column.name for column in COLUMNS if column.name in cases[0].values]
    return {name: cluster_bootstrap([case.values[name] for case in cases]) for name in measured}


def _compare(first: Method, other: Method) -> dict[str, Comparison]:
    return {
        name: paired_permutation_test(_means(other, name), _means(first, name))
        for name in first.summary
    }


def _means(method: Method, name: str) -> list[float]:
    return [case.means()[name] for case in method.cases]
