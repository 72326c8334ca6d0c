"""One self-contained HTML page of an evaluation, to look at without a network."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from cldice_monai.evaluation.case import EvaluatedCase
from cldice_monai.evaluation.columns import PAPER_COLUMNS, Column
from cldice_monai.evaluation.markdown import introduction
from cldice_monai.evaluation.run import Evaluation, Method
from cldice_monai.files import replace_when_complete
from cldice_monai.lines import counted
from cldice_monai.report.case_pictures import PATCH_SLICES, Pictures, case_pictures, patch_pictures
from cldice_monai.report.distributions import draw_distribution
from cldice_monai.report.page_style import LEGEND, NETWORK_LEGEND, STYLE
from cldice_monai.report.page_tables import ARROWS, case_table, further_tables, summary_table
from cldice_monai.report.worst_patches import worst_patches

__all__ = ["write_report"]

_HEAD = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width, initial-scale=1'>"
    f"<title>Evaluation of segmentations</title><style>{STYLE}</style></head><body>"
)


_WALLS = "Yellow areas are walls, which a skeleton keeps around each cavity of the segmentation."


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
    yield _HEAD
    yield f"<h1>Evaluation</h1><p>{html.escape(introduction(evaluation))}</p>"
    for note in evaluation.notes:
        yield f"<p class='note'>{html.escape(note)}</p>"
    yield _pointer_to_notes(evaluation)
    yield summary_table(evaluation, PAPER_COLUMNS)
    yield "<p>An arrow says whether larger or smaller is better.</p>"
    yield further_tables(evaluation)
    yield "<h2>Distributions</h2><div class='plots'>"
    yield from (_distribution(evaluation, c) for c in PAPER_COLUMNS)
    yield "</div>"
    yield from _worst(evaluation, images)
    by_class = evaluation.by_class()
    titles = [case.title for methods in by_class for case in methods[0].cases]
    links = [f"<a href='#case-{n}'>{html.escape(title)}</a>" for n, title in enumerate(titles)]
    yield f"<h2>Cases</h2><p>{', '.join(links)}</p>"
    places = [(methods, n) for methods in by_class for n in range(len(methods[0].cases))]
    for anchor, (methods, number) in enumerate(places):
        yield from _case(methods, number, images, f"case-{anchor}")
    yield "</body></html>"


def _pointer_to_notes(evaluation: Evaluation) -> str:
    """Say at the top that there are notes further down, which say what figures not to trust."""
    noted = {case.title for m in evaluation.methods for case in m.cases if case.notes}
    if not noted:
        return ""
    words = f"There are notes on {counted(len(noted), 'case')}, each below under its name: read "
    return f"<p class='note'>{words}them before the figures.</p>"


def _distribution(evaluation: Evaluation, column: Column) -> str:
    if column.name not in evaluation.methods[0].summary:
        return ""
    values = {
        method.title: np.concatenate([case.values[column.name] for case in method.cases])
        for method in evaluation.methods
    }
    means = [method.summary[column.name].mean for method in evaluation.methods]
    dot = "a patch" if column.level == "patch" else "a case"
    title = f"{column.title} {ARROWS[column.better]}"
    drawing = draw_distribution(values, title=title, means=means)
    words = f"{html.escape(column.title)}: a dot is {dot}, the bar the mean over cases"
    return f"<figure><figcaption>{words}</figcaption>{drawing}</figure>"


def _worst(evaluation: Evaluation, images: Mapping[str, Path]) -> Iterator[str]:
    worst = worst_patches(evaluation)
    if not worst:
        return
    yield "<section><h2>Worst patches</h2><p>Those with the largest sum of b0, b1 and b2 "
    yield "error, four of each method at most, seen along z: of a volume the "
    yield f"{PATCH_SLICES} slices with most ghosts and misses. {_walls(p.case for p in worst)}</p>"
    yield f"<p class='legend'>{LEGEND}</p>"
    for patch in worst:
        size = evaluation.settings.sampler.size_in(len(patch.start))
        place, pictures = patch_pictures(patch, size, images)
        title = html.escape(f"{patch.case.title}, {patch.method.name}: {patch.words()}")
        yield f"<h3>{title}</h3><p>voxels {place}</p><div class='row'>{_figures(pictures)}</div>"
    yield "</section>"


def _case(
    methods: Sequence[Method], number: int, images: Mapping[str, Path], anchor: str
) -> Iterator[str]:
    cases = [method.cases[number] for method in methods]
    pictures = case_pictures(methods, number, images)
    yield f"<section id='{anchor}'><h2>{html.escape(cases[0].title)}</h2><p>{pictures.size}</p>"
    for note in dict.fromkeys(str(note) for case in cases for note in case.notes):
        yield f"<p class='note'>{html.escape(note)}</p>"
    yield case_table(methods, number)
    yield f"<p class='legend'>{LEGEND}</p><p>{_walls(cases)}</p>"
    for title, row in pictures.rows:
        yield f"<h3>{title}</h3><div class='row'>{_figures(row)}</div>"
    networks = _figures(pictures.networks)
    yield f"<h3>{pictures.network_title}</h3><p class='legend'>{NETWORK_LEGEND}</p>"
    yield f"<div class='row'>{networks}</div></section>"


def _walls(cases: Iterable[EvaluatedCase]) -> str:
    return _WALLS if any(case.volume.get("b2_pred", 0) for case in cases) else ""


def _figures(pictures: Pictures) -> str:
    return "".join(
        f"<figure><img src='{uri}' alt='{html.escape(caption, quote=True)}'>"
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for caption, uri in pictures
    )
