"""The page of the study: every table with its picture, and what its intervals allow to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from study_cavities import FILLED
from study_cells import Block, Budget, Cell, Row, cells_in_order, network_title
from study_data import DATA
from study_effects import (
    PERCENT,
    Array,
    Endpoint,
    Results,
    differences,
    effect_of,
    figures_of,
    found_results,
    verdict,
)
from study_plan import BLOCKS, PRIMARY, TRIALS
from study_run import Result
from study_statistics import hierarchical_bootstrap

from cldice_monai.evaluation.columns import PAPER_COLUMNS
from cldice_monai.lines import counted

__all__ = ["study_page"]

SHORT = ("dice", "cldice", "b0_error", "b1_error")
ENDPOINTS = ("cldice", "b0_error", "b1_error", FILLED.name)
COMPARED = ("cldice", "b0_error")  # whose differences stand in the tables
NOT_RUN = "not run"


def study_page(folder: Path, plots: Mapping[str, str], budget: Budget) -> str:
    """Return the Markdown page of all results in a folder.

    Args:
        folder: with one JSON file a cell.
        plots: pictures in docs/images, by the key of the table that they belong to, or "effects".
        budget: of the networks' widths.
    """
    results = found_results(BLOCKS, folder, budget)
    n_cells, time = len(cells_in_order(BLOCKS)), _time_taken(results)
    lines = [
        "# The study: results",
        "",
        f"Written by `scripts/study.py` from `docs/results/{folder.name}/`: {len(results)} of "
        f"{n_cells} cells are done in {time}. [The plan](../study.md) was fixed "
        "before the first of them. Means are over seeds, then test volumes. A difference is to "
        "the nearest row above that has none, paired by seed, clDice in points; in brackets its"
        " 95 % interval, with seeds and volumes drawn anew together. Nothing is corrected for "
        "the number of comparisons, and with two or three seeds an interval is narrower than "
        "its 95 % say: only the primary table was planned to decide anything. Filled clDice is "
        "that of masks whose cavities were filled, and b2 counts cavities; the paper has neither, "
        "and [the method notes](../methods.md#what-lowers-the-loss-and-is-no-better-vessel) say "
        "what they are for. Some trainings stand in several tables: the plain U-Nets of preset "
        "`hard` are the first seeds of the primary one.",
        "",
        *_picture("effects", "Every difference in clDice and b0 error with its interval", plots),
    ]
    for block in BLOCKS:
        lines += [f"## {block.title}", "", block.note, "", *_block_lines(block, results, budget)]
        lines += _picture(block.key, block.title, plots)
    if TRIALS.key in plots:
        lines += [f"## {TRIALS.title}", "", TRIALS.note, ""]
        lines += _picture(TRIALS.key, "clDice of the validation volumes by epoch", plots)
    return "\n".join(lines).rstrip() + "\n"


def _picture(key: str, words: str, plots: Mapping[str, str]) -> list[str]:
    return [f"![{words}](../images/{plots[key]})", ""] if key in plots else []


def _block_lines(block: Block, results: Results, budget: Budget) -> list[str]:
    names = _columns(block) if block.every_column else SHORT
    heads = [*block.heads, "seeds", *(Endpoint(name).title for name in names)]
    if block.claims:
        heads += [f"{Endpoint(name).title}, difference" for name in COMPARED]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in block.rows:
        measured = [results[cell.name] for cell in row.cells if cell.name in results]
        words = [*row.words, f"{len(measured)} of {len(row.cells)}"]
        words += [_mean(measured, name) for name in names]
        if block.claims:
            words += [_difference(row, block, results, name) for name in COMPARED]
        lines.append(f"| {' | '.join(words)} |")
    widths = sorted(
        {network_title(cell.network, budget) for row in block.rows for cell in row.cells}
    )
    return [*lines, "", f"Networks: {'; '.join(widths)}.", "", *_conclusion(block, results)]


def _columns(block: Block) -> list[str]:
    """Return the paper's columns; in 3D also the cavities, and clDice without them."""
    names = [column.name for column in PAPER_COLUMNS]
    if any(DATA[cell.data].kind == "pictures" for row in block.rows for cell in row.cells):
        return names
    names.insert(names.index("b1_error") + 1, "b2_error")
    names.insert(names.index("cldice") + 1, FILLED.name)
    return names


def _conclusion(block: Block, results: Results) -> list[str]:
    if block is not PRIMARY:
        return _exploratory(block, results) if block.claims else []
    base, row = block.rows
    found = {name: differences(row, base, results, name) for name in ENDPOINTS}
    n_planned, n_done = len(row.cells), len(found["cldice"])
    if n_done < n_planned:
        return [
            f"**{n_done} of {n_planned} pairs of seeds are done.** The primary question is "
            "answered when all are.",
            "",
        ]
    sentences = {n: verdict(Endpoint(n), hierarchical_bootstrap(d)) for n, d in found.items()}
    return [
        f"**Primary endpoint.** {sentences['cldice']}",
        "",
        f"Secondary endpoints. {sentences['b0_error']} {sentences['b1_error']}",
        "",
        f"Not planned: {sentences[FILLED.name]}",
        "",
        *_by_seed(row, found["cldice"], results),
    ]


def _exploratory(block: Block, results: Results) -> list[str]:
    """Say how many intervals leave out 0, on which side; one alone would be picked."""
    rows = [row for row in block.rows if row.against is not None]
    effects = [effect_of(row, block, results, "cldice") for row in rows]
    ends = [(100 * e.low, 100 * e.high) for e in effects if not np.isnan(e.low)]
    if not ends:
        return []
    above = sum(round(low, 2) > 0 for low, _ in ends)
    below = sum(round(high, 2) < 0 for _, high in ends)
    return [
        f"Exploratory: of {counted(len(ends), 'difference')} in clDice {above} have an interval "
        f"above 0 and {below} one below; {len(ends) - above - below} hold 0, and show no "
        "difference.",
        "",
    ]


def _by_seed(row: Row, found: Array, results: Results) -> list[str]:
    cells: list[Cell] = [cell for cell in row.cells if cell.name in results]
    words = [
        f"{cell.seed}: {100 * float(np.nanmean(values)):+.2f}"
        for cell, values in zip(cells, found, strict=True)
    ]
    return [f"clDice by seed, difference in points: {', '.join(words)}.", ""]


def _difference(row: Row, block: Block, results: Results, figure: str) -> str:
    if row.against is None:
        return ""
    effect = effect_of(row, block, results, figure)
    mean, low, high = (Endpoint(figure).scale * value for value in effect[:3])
    if np.isnan(mean):
        both = zip(row.cells, block.rows[row.against].cells, strict=True)
        was_run = any(one.name in results and other.name in results for one, other in both)
        return "not measured" if was_run else NOT_RUN
    if np.isnan(low):
        return f"{mean:+.2f} (one seed)"
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"


def _mean(measured: Sequence[Result], figure: str) -> str:
    """Return the mean over seeds of the mean over volumes; what was not run is never a number."""
    if not measured:
        return NOT_RUN
    means = [np.mean(list(figures_of(result, figure).values()) or [np.nan]) for result in measured]
    mean = float(np.mean(means))
    if np.isnan(mean):
        return "not measured"
    if figure in PERCENT:
        return f"{100 * mean:.2f}"
    return f"{mean:.5f}" if figure == "streetmover" else f"{mean:.3f}"


def _time_taken(results: Results) -> str:
    seconds = [result["cpu_seconds"] for result in results.values()]
    hours, longest = sum(seconds) / 3600, max(seconds, default=0)
    return f"{hours:.1f} CPU hours, the longest in {longest / 60:.0f} minutes of one core"
