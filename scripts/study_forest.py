"""Every difference of the study with its interval, in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from study_cells import Block, Row
from study_effects import Endpoint, Results, effect_of
from study_plan import BLOCKS
from study_statistics import Effect

__all__ = ["draw_effects"]

COMPARED = {"cldice": "clDice, points (right is better)", "b0_error": "b0 error (left is better)"}
_LINE = 0.17  # inches a row
_MARGIN = 0.9  # inches for axes and titles


def draw_effects(figure: Any, results: Results) -> bool:
    """Draw a line a comparison, table by table; return whether there is any.

    Args:
        figure: Matplotlib's; made as high as there are lines.
        results: by the cells' names.
    """
    found = [(block, _compared(block, results)) for block in BLOCKS if block.claims]
    found = [(block, rows) for block, rows in found if rows]
    if not found:
        return False
    labels = [label for block, rows in found for label in _labels(block, rows)]
    figure.set_size_inches(8.0, _LINE * len(labels) + _MARGIN)
    panels = figure.subplots(1, len(COMPARED), sharey=True)
    for axes, (name, title) in zip(panels, COMPARED.items(), strict=True):
        place = 0
        for block, rows in found:
            for row in rows:
                place += 1
                _draw(axes, place, effect_of(row, block, results, name), Endpoint(name))
            place += 1  # the heading of the next table
        axes.axvline(0, color="0.3", linewidth=0.8)
        axes.set_xlabel(title, fontsize=8)
        axes.tick_params(labelsize=7)
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].set_ylim(len(labels) - 0.4, -0.6)
    headings = {block.title for block, _ in found}
    for tick in panels[0].get_yticklabels():
        tick.set_fontweight("bold" if tick.get_text() in headings else "normal")
    figure.suptitle("Differences and 95 % intervals; grey holds 0, hollow is one seed", fontsize=9)
    return True


def _compared(block: Block, results: Results) -> list[Row]:
    """Return the rows of which there is something to compare."""
    rows = [row for row in block.rows if row.against is not None]
    return [r for r in rows if not np.isnan(effect_of(r, block, results, "cldice").mean)]


def _labels(block: Block, rows: Sequence[Row]) -> list[str]:
    return [block.title, *(_label(row, block) for row in rows)]


def _label(row: Row, block: Block) -> str:
    """Return the words in which a row differs from another of its table."""
    words = zip(row.words, block.heads, strict=True)
    return ", ".join(f"{h} {w}" if h in ("alpha", "iter_", "channels") else w for w, h in words)


def _draw(axes: Any, place: int, effect: Effect, endpoint: Endpoint) -> None:
    mean, low, high = (endpoint.scale * value for value in effect[:3])
    if np.isnan(low):
        axes.plot(mean, place, "o", markersize=4, markerfacecolor="none", color="0.5")
        return
    # as they are printed: an end that reads 0.00 holds 0
    colour = "0.5" if round(low, 2) <= 0 <= round(high, 2) else "C0"
    axes.plot([low, high], [place, place], color=colour, linewidth=1.2)
    axes.plot(mean, place, "o", markersize=4, color=colour)
