"""The tables of the page, as HTML."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS, Column
from cldice_monai.evaluation.empty_sides import empty_words
from cldice_monai.evaluation.markdown import comparison_cells
from cldice_monai.evaluation.network_tables import (
    NETWORK_HEAD,
    RADIUS_HEAD,
    RADIUS_WORDS,
    VOLUME_HEAD,
    network_rows,
    radius_rows,
    volume_rows,
)
from cldice_monai.evaluation.permutation import TEST_WORDS
from cldice_monai.evaluation.rounding import interval_text, rounded
from cldice_monai.evaluation.run import Evaluation, Method

__all__ = ["ARROWS", "case_table", "further_tables", "summary_table"]

ARROWS = {"larger": "\u2191", "smaller": "\u2193", "nearer 1": "\u21921"}
"""What is better, as a sign."""


def summary_table(evaluation: Evaluation, columns: Sequence[Column]) -> str:
    """Return means and intervals, a row a method.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        columns: what is shown, where it was measured.

    Returns:
        HTML.
    """
    measured = [c for c in columns if c.name in evaluation.methods[0].summary]
    rows = []
    for method in evaluation.methods:
        cells = []
        for column in measured:
            interval = method.summary[column.name]
            mean, _, rest = interval_text(interval, n_cases=len(method.cases)).partition(" ")
            more = empty_words(method.cases, column.name)
            cells.append(
                f"{mean}<small>{rest}</small>" + (f"<small>{more}</small>" if more else "")
            )
        rows.append([html.escape(method.title), *cells])
    return _table(["", *(_heading(c, evaluation.title(c)) for c in measured)], rows)


def case_table(methods: Sequence[Method], number: int) -> str:
    """Return the paper's columns of one case, a row a method.

    Args:
        methods: those of one class.
        number: which of their cases.

    Returns:
        HTML.
    """
    means = {method.name: method.cases[number].means() for method in methods}
    rows = [
        [html.escape(name), *(rounded(found[column.name]) for column in PAPER_COLUMNS)]
        for name, found in means.items()
    ]
    return _table(["", *(_heading(column, column.title) for column in PAPER_COLUMNS)], rows)


def further_tables(evaluation: Evaluation) -> str:
    """Return what is folded away: further figures, comparisons, radii, networks and meanings.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        HTML.
    """
    others = [column for column in COLUMNS if column not in PAPER_COLUMNS]
    parts = [_folded("Further figures", summary_table(evaluation, others))]
    if evaluation.comparisons:
        head = ["", "figure", "difference", "p", "cases"]
        table = _plain_table(head, comparison_cells(evaluation))
        first = html.escape(evaluation.methods[0].name)
        parts.append(_folded(f"Differences from {first}", f"<p>{TEST_WORDS}</p>{table}"))
    radius = _plain_table(RADIUS_HEAD, radius_rows(evaluation))
    parts.append(_folded("Misses by radius", f"<p>{html.escape(RADIUS_WORDS)}</p>{radius}"))
    networks = _plain_table(NETWORK_HEAD, network_rows(evaluation))
    parts.append(_folded("Size of each network", networks))
    parts.append(_folded("Size of each volume", _plain_table(VOLUME_HEAD, volume_rows(evaluation))))
    parts.append(_folded("What the figures mean", _meanings()))
    return "\n".join(parts)


def _heading(column: Column, title: str) -> str:
    definition = html.escape(column.definition, quote=True)
    return (
        f"<span title='{definition}'>{html.escape(title)} "
        f"<small>{ARROWS[column.better]}</small></span>"
    )


def _plain_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return _table(map(html.escape, head), [map(html.escape, row) for row in rows])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Put cells that are HTML already into a table, the first of each row its heading."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    lines = []
    for first, *others in rows:
        lines.append(f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in others)}</tr>")
    return f"<div class='wide'><table><tr>{top}</tr>{''.join(lines)}</table></div>"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>{content}</details>"


def _meanings() -> str:
    items = (
        f"<dt>{html.escape(c.title)}</dt><dd>{html.escape(c.definition)}; {c.better} is better</dd>"
        for c in COLUMNS
    )
    return f"<dl>{''.join(items)}</dl>"
