"""An evaluation as Markdown, and the pieces of its tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cldice_monai.evaluation.bootstrap import Interval
from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS, Column
from cldice_monai.evaluation.permutation import MIN_CASES, Comparison
from cldice_monai.evaluation.run import Evaluation

__all__ = [
    "NOT_MEASURED",
    "as_markdown",
    "comparison_cells",
    "interval_text",
    "introduction",
    "rounded",
]

NOT_MEASURED = "n/a"


def as_markdown(evaluation: Evaluation) -> str:
    """Return the tables to paste: the paper's columns, the other ones, and the comparisons.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Markdown.
    """
    others = [column for column in COLUMNS if column not in PAPER_COLUMNS]
    parts = ["# Evaluation", introduction(evaluation), _table(evaluation, PAPER_COLUMNS)]
    parts += ["## Further figures", _table(evaluation, others)]
    if evaluation.comparisons:
        parts += [f"## Differences from {evaluation.methods[0].name}", _differences(evaluation)]
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
    patches = "a full tiling" if sampler.tiling else f"{sampler.n_patches} patches a case"
    size = sampler.patch_size or "48 (3D) or 64 (2D)"
    return (
        f"{n_cases} cases, {patches} of {size} voxels a side, seed {sampler.seed}. Mean over cases "
        "with the 95 % interval of a bootstrap over cases and, within them, patches; "
        f"{NOT_MEASURED}: not measured."
    )


def _table(evaluation: Evaluation, columns: Sequence[Column]) -> str:
    measured = [c for c in columns if c.name in evaluation.methods[0].summary]
    lines = [
        "| | " + " | ".join(column.title for column in measured) + " |",
        "|---|" + "---|" * len(measured),
    ]
    for method in evaluation.methods:
        cells = [interval_text(method.summary[column.name]) for column in measured]
        lines.append(f"| {method.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval_text(interval: Interval) -> str:
    """Return a mean with its interval.

    Example:
        >>> interval_text(Interval(0.5, 0.25, 0.75, 4))
        '0.500 [0.250, 0.750]'
    """
    if math.isnan(interval.low):
        return rounded(interval.mean)
    return f"{rounded(interval.mean)} [{rounded(interval.low)}, {rounded(interval.high)}]"


def rounded(value: float) -> str:
    """Return a figure with as many digits as help, or that it was not measured.

    Example:
        >>> rounded(0.01234), rounded(0.5), rounded(123.456), rounded(float("nan"))
        ('0.0123', '0.500', '123.5', 'n/a')
    """
    if math.isnan(value):
        return NOT_MEASURED
    digits = 4 if abs(value) < 0.1 else 3 if abs(value) < 10 else 1
    return f"{value:.{digits}f}"


def _differences(evaluation: Evaluation) -> str:
    lines = [
        f"Paired permutation test over cases, two-sided; no p-value below {MIN_CASES} cases.",
        "",
        "| | figure | difference | p | cases |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(cells)} |" for cells in comparison_cells(evaluation)]
    return "\n".join(lines)


def comparison_cells(evaluation: Evaluation) -> list[tuple[str, str, str, str, str]]:
    """Return method, figure, difference from the first method, p-value and number of cases.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        One row for each method but the first and each figure.
    """
    return [
        (name, column.title, *_difference(comparisons[column.name]))
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
