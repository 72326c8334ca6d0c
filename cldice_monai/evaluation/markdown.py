"""An evaluation as Markdown, and the pieces of its tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from cldice_monai.evaluation.bootstrap import INTERVAL_WORDS
from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS, Column
from cldice_monai.evaluation.empty_sides import empty_words
from cldice_monai.evaluation.network_tables import (
    NETWORK_HEAD,
    RADIUS_HEAD,
    RADIUS_WORDS,
    VOLUME_HEAD,
    network_rows,
    radius_rows,
    volume_rows,
)
from cldice_monai.evaluation.permutation import TEST_WORDS, Comparison
from cldice_monai.evaluation.rounding import NOT_MEASURED, interval_text, rounded
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.lines import counted

__all__ = ["as_markdown", "comparison_cells", "introduction", "notes_of"]


def as_markdown(evaluation: Evaluation) -> str:
    """Return the tables to paste: the paper's columns, the other ones, and the comparisons.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Markdown.
    """
    others = [column for column in COLUMNS if column not in PAPER_COLUMNS]
    parts = ["# Evaluation", introduction(evaluation), _summary(evaluation, PAPER_COLUMNS)]
    parts += ["## Further figures", _summary(evaluation, others)]
    parts += ["## Cases", _cases(evaluation)]
    if evaluation.comparisons:
        head = ("", "figure", "difference", "p", "cases")
        parts += [f"## Differences from {_escaped(evaluation.methods[0].name)}", TEST_WORDS]
        parts += [_table(head, comparison_cells(evaluation))]
    parts += ["## Misses by radius", RADIUS_WORDS, _table(RADIUS_HEAD, radius_rows(evaluation))]
    parts += ["## Volumes", _table(VOLUME_HEAD, volume_rows(evaluation))]
    parts += ["## Networks", _table(NETWORK_HEAD, network_rows(evaluation))]
    notes = notes_of(evaluation)
    if notes:
        parts += ["## Notes", "\n".join(f"- {_escaped(note)}" for note in notes)]
    parts += ["## What they mean", _meanings()]
    return "\n\n".join(parts) + "\n"


def introduction(evaluation: Evaluation) -> str:
    """Return what was measured and how, in a few words.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Plain text.
    """
    settings = evaluation.settings
    n_cases = len({case.case_id for case in evaluation.methods[0].cases})
    sampler = settings.sampler
    patches = "a full tiling" if sampler.tiling else f"{counted(sampler.n_patches, 'patch')} a case"
    axes = dict.fromkeys(len(case.frame.shape) for case in evaluation.methods[0].cases)
    size = " or ".join(dict.fromkeys(_side(sampler.size_in(n_axes)) for n_axes in axes))
    interval = f"with the {INTERVAL_WORDS}" if n_cases > 1 else "(of one, so without an interval)"
    return (
        f"{counted(n_cases, 'case')}, {patches} of {size} voxels a side, seed {sampler.seed}. Mean "
        f"over cases {interval}; "
        f"{NOT_MEASURED}: not measured; (2 of 3): measured on two of three cases. Opt-J matches "
        f"within {settings.th_snap:g} voxels; SMD of {settings.n_points} points a network; surface "
        f"Dice within {_tolerances(evaluation)}."
    )


def _side(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else " x ".join(map(str, sizes))


def _tolerances(evaluation: Evaluation) -> str:
    cases = [case for method in evaluation.methods for case in method.cases]
    reaches = []
    for unit in ("mm", "voxels"):
        found = [c.volume["surface_tolerance_mm"] for c in cases if c.frame.unit == unit]
        if found:
            least, most = f"{min(found):g}", f"{max(found):g}"
            reaches.append(f"{least if least == most else f'{least} to {most}'} {unit}")
    return " or ".join(reaches)


def notes_of(evaluation: Evaluation) -> list[str]:
    """Return what a reader has to know about the files, each note once.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Lines.
    """
    cases = [case for method in evaluation.methods for case in method.cases]
    return list(dict.fromkeys([*evaluation.notes, *(str(n) for case in cases for n in case.notes)]))


def _summary(evaluation: Evaluation, columns: Sequence[Column]) -> str:
    measured = [c for c in columns if c.name in evaluation.methods[0].summary]
    rows = []
    for method in evaluation.methods:
        n_cases = len(method.cases)
        cells = [
            f"{interval_text(method.summary[c.name], n_cases=n_cases)} "
            f"{empty_words(method.cases, c.name)}".rstrip()
            for c in measured
        ]
        rows.append((method.title, *cells))
    return _table(("", *map(evaluation.title, measured)), rows)


def _cases(evaluation: Evaluation) -> str:
    rows = []
    for methods in evaluation.by_class():
        for number, case in enumerate(methods[0].cases):
            for method in methods:
                means = method.cases[number].means()
                cells = [rounded(means[column.name]) for column in PAPER_COLUMNS]
                rows.append((case.title, method.name, *cells))
    return _table(("case", "method", *(column.title for column in PAPER_COLUMNS)), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(map(_escaped, cells))} |" for cells in (head, *rows)]
    return "\n".join([lines[0].replace("|  |", "| |", 1), "|---" * len(head) + "|", *lines[1:]])


def _escaped(text: str) -> str:
    """Keep names of files from being read as the end of a cell or as HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def comparison_cells(evaluation: Evaluation) -> list[tuple[str, str, str, str, str]]:
    """Return method, figure, difference from the first method, p-value and number of cases.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        One row for each method but the first and each figure.
    """
    return [
        (name, column.compared_title(evaluation.unit), *_difference(comparisons[column.name]))
        for name, comparisons in evaluation.comparisons.items()
        for column in COLUMNS
        if column.name in comparisons
    ]


def _difference(found: Comparison) -> tuple[str, str, str]:
    change = NOT_MEASURED if math.isnan(found.difference) else f"{found.difference:+.4f}"
    p_value = NOT_MEASURED if found.p_value is None else f"{found.p_value:.4f}"
    return change, p_value, str(found.n_cases)


def _meanings() -> str:
    return "\n".join(f"- **{c.title}** ({c.better} is better): {c.definition}." for c in COLUMNS)
