"""One self-contained HTML page of an evaluation, to look at without a network."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from cldice_monai.evaluation.bootstrap import Interval
from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS, Column
from cldice_monai.evaluation.markdown import comparison_cells, interval_text, introduction
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.files import replace_when_complete
from cldice_monai.report.case_pictures import CasePictures, case_pictures
from cldice_monai.report.distributions import draw_distribution
from cldice_monai.report.page_style import LEGEND, STYLE
from cldice_monai.report.worst_patches import WorstPatch, worst_patches

__all__ = ["write_report"]


def write_report(
    evaluation: Evaluation, path: Path, *, images: Mapping[str, Path] | None = None
) -> Path:
    """Write the page: tables, distributions, the worst patches, and the panels of each case.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        path: file to write.
        images: by case id the image that was segmented; without one the label is shown.

    Returns:
        ``path``.

    Raises:
        InputError: an image cannot be read or has another shape than the label, or the page cannot
            be written.
    """
    with replace_when_complete(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for part in _parts(evaluation, images or {}):
            file.write(part + "\n")
    return path


def _parts(evaluation: Evaluation, images: Mapping[str, Path]) -> Iterator[str]:
    yield "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    yield f"<title>Evaluation of segmentations</title><style>{STYLE}</style></head><body>"
    yield f"<h1>Evaluation</h1><p>{html.escape(introduction(evaluation))}</p>"
    yield _table(evaluation, PAPER_COLUMNS)
    others = [column for column in COLUMNS if column not in PAPER_COLUMNS]
    yield f"<details><summary>Further figures</summary>{_table(evaluation, others)}</details>"
    if evaluation.comparisons:
        yield _comparisons(evaluation)
    yield f"<details><summary>What the figures mean</summary>{_meanings()}</details>"
    yield "<h2>Distributions</h2><p>A dot is a patch, or a case where whole volumes are measured; "
    yield "the bar is the mean over cases.</p><div class='plots'>"
    yield from (_distribution(evaluation, c) for c in PAPER_COLUMNS)
    yield "</div>"
    worst = worst_patches(evaluation)
    for number in range(len(evaluation.methods[0].cases)):
        yield from _case(case_pictures(evaluation, number, images, worst))
    yield "</body></html>"


def _table(evaluation: Evaluation, columns: Sequence[Column]) -> str:
    measured = [c for c in columns if c.name in evaluation.methods[0].summary]
    head = "".join(
        f"<th title='{html.escape(c.definition, quote=True)}'>{html.escape(c.title)}"
        f"<small>{_ARROWS[c.better]}</small></th>"
        for c in measured
    )
    rows = []
    for method in evaluation.methods:
        cells = "".join(_cell(method.summary[c.name]) for c in measured)
        rows.append(f"<tr><th>{html.escape(method.name)}</th>{cells}</tr>")
    return f"<div class='wide'><table><tr><th></th>{head}</tr>{''.join(rows)}</table></div>"


def _cell(interval: Interval) -> str:
    mean, _, between = interval_text(interval).partition(" ")
    return f"<td>{mean}<small>{between}</small></td>"


_ARROWS = {"larger": " &#8593;", "smaller": " &#8595;", "nearer 1": " &#8594;1"}


def _comparisons(evaluation: Evaluation) -> str:
    first = html.escape(evaluation.methods[0].name)
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in comparison_cells(evaluation)
    )
    return (
        f"<details><summary>Differences from {first}</summary><p>Paired permutation test over "
        "cases, two-sided; no p-value below six cases.</p><table><tr><th></th><th>figure</th>"
        f"<th>difference</th><th>p</th><th>cases</th></tr>{rows}</table></details>"
    )


def _meanings() -> str:
    items = (
        f"<dt>{html.escape(c.title)}</dt><dd>{html.escape(c.definition)}; {c.better} is better</dd>"
        for c in COLUMNS
    )
    return f"<dl>{''.join(items)}</dl>"


def _distribution(evaluation: Evaluation, column: Column) -> str:
    if column.name not in evaluation.methods[0].summary:
        return ""
    values = {
        method.name: np.concatenate([case.values[column.name] for case in method.cases])
        for method in evaluation.methods
    }
    means = [method.summary[column.name].mean for method in evaluation.methods]
    drawing = draw_distribution(values, title=column.title, means=means)
    return f"<figure><figcaption>{html.escape(column.title)}</figcaption>{drawing}</figure>"


def _case(case: CasePictures) -> Iterator[str]:
    yield f"<section><h2>{html.escape(case.title)}</h2>"
    for note in case.notes:
        yield f"<p class='note'>{html.escape(note)}</p>"
    yield case.figures
    yield f"<p class='legend'>{LEGEND}</p>"
    for title, row in case.rows:
        yield f"<h3>{title}</h3><div class='row'>{_figures(row)}</div>"
    yield f"<h3>Networks</h3><div class='row'>{_figures(case.graphs)}</div>"
    if case.worst:
        yield "<h3>Worst patches</h3>"
        yield from (_worst(patch, pictures) for patch, pictures in case.worst)
    yield "</section>"


def _worst(patch: WorstPatch, pictures: Sequence[tuple[str, str]]) -> str:
    return f"<p>{html.escape(patch.words())}</p><div class='row'>{_figures(pictures)}</div>"


def _figures(pictures: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f"<figure><img src='{uri}' alt='{html.escape(caption, quote=True)}'>"
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, uri in pictures
    )
