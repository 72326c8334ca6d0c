"""Measure the cases in this process, in several, or in those that torchrun started."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import torch.distributed as dist

from cldice_monai.clock import clock
from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluatedCase, EvaluationSettings, evaluate_case
from cldice_monai.evaluation.find_pairs import CasePair
from cldice_monai.evaluation.notes import Note

__all__ = ["Measure", "Show", "measure_across_ranks", "measure_here", "several_processes"]

Show = Callable[[str], None]
Results = Iterable[list[EvaluatedCase]]
Measure = Callable[[Sequence[CasePair], EvaluationSettings, Show], Results]


def measure_here(jobs: Sequence[CasePair], settings: EvaluationSettings, show: Show) -> Results:
    """Measure one case after the other.

    Args:
        jobs: the pairs of files.
        settings: what is measured how.
        show: takes a line of progress a case.

    Yields:
        The classes of each case, in the order of the jobs.

    Raises:
        InputError: see `evaluate_case`.
    """
    yield from _shown(map(partial(evaluate_case, settings=settings), jobs), jobs, show)


def several_processes(n_workers: int) -> Measure:
    """Return what measures in several processes of this machine.

    Args:
        n_workers: processes; 1 stays in this one.

    Returns:
        Like `measure_here`, with the same results in the same order.

    Raises:
        InputError: less than one process.
    """
    if n_workers < 1:
        raise InputError(f"num_workers {n_workers}: must be 1 or more")
    return measure_here if n_workers == 1 else partial(_in_pool, n_workers=n_workers)


def measure_across_ranks(
    jobs: Sequence[CasePair],
    settings: EvaluationSettings,
    show: Show,
    *,
    here: Measure = measure_here,
) -> Results:
    """Share the jobs out among the processes of torchrun; every process gets all results.

    Args:
        jobs: the pairs of files, the same in every process.
        settings: what is measured how, the same in every process.
        show: takes a line of progress for each case of this process.
        here: how this process measures its share.

    Returns:
        As `measure_here`.

    Raises:
        InputError: in every process where one of them raised it, or where they see other files.
        RuntimeError: another process failed in another way; that one raises what it met itself.
    """
    rank, n_ranks = dist.get_rank(), dist.get_world_size()
    failure = None
    try:
        results = list(here(jobs[rank::n_ranks], settings, show))
        outcome = _Outcome([job.case_id for job in jobs], results)
    except InputError as error:
        outcome = _Outcome([], [], input_error=str(error))
    except Exception as error:  # the others would wait for this process for ever
        failure = error
        outcome = _Outcome([], [], other_error=f"process {rank}: {type(error).__name__}: {error}")
    outcomes: list[_Outcome] = [outcome] * n_ranks
    dist.all_gather_object(outcomes, outcome)
    if failure:
        raise failure
    _raise_first(outcomes)
    if any(found.case_ids != outcome.case_ids for found in outcomes):
        raise InputError("label_dir: the processes see different cases; give every node one folder")
    return [outcomes[number % n_ranks].results[number // n_ranks] for number in range(len(jobs))]


@dataclass(frozen=True)
class _Outcome:
    """What one process saw and measured, or why it could not."""

    case_ids: list[str]
    results: list[list[EvaluatedCase]]
    input_error: str = ""
    other_error: str = ""


def _raise_first(outcomes: Sequence[_Outcome]) -> None:
    for found in outcomes:
        if found.other_error:
            raise RuntimeError(found.other_error)
        if found.input_error:
            raise InputError(found.input_error)


def _in_pool(
    jobs: Sequence[CasePair], settings: EvaluationSettings, show: Show, *, n_workers: int
) -> Results:
    with ProcessPoolExecutor(max(1, min(n_workers, len(jobs)))) as pool:
        results = pool.map(partial(evaluate_case, settings=settings), jobs)
        yield from _shown(results, jobs, show)


def _shown(results: Iterator[list[EvaluatedCase]], jobs: Sequence[CasePair], show: Show) -> Results:
    """Pass results on, with a line of progress each and the first note of each kind."""
    start, said = time.monotonic(), set[Note]()
    n_notes = Counter[str]()
    for number, (job, cases) in enumerate(zip(jobs, results, strict=True), start=1):
        notes = dict.fromkeys(note for case in cases for note in case.notes)
        for note in (note for note in notes if note not in said):  # a label has several methods
            if not n_notes[note.kind]:
                show(f"note: {note}")
            n_notes[note.kind] += 1
        said.update(notes)
        gone = time.monotonic() - start
        left = gone / number * (len(jobs) - number)
        name = f"{job.pred.parent.name}/{job.case_id}"
        show(f"{number}/{len(jobs)}  {name}  {clock(gone)} gone, {clock(left)} left")
        yield cases
    for kind, n in n_notes.items():
        if n > 1:
            show(f"note: {n - 1} more: {kind}")
