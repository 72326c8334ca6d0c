"""The page of the study: every table, and in words what its intervals allow to say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from study_cells import Block, Budget, Cell, Row, network_title
from study_plan import BLOCKS, PRIMARY, TRIALS
from study_run import Result, is_result_of, read_result
from study_statistics import Effect, hierarchical_bootstrap

from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS

__all__ = ["Endpoint", "differences", "found_results", "study_page", "verdict"]

PERCENT = ("dice", "accuracy", "cldice")  # shown as percent, differences in points
SHORT = ("dice", "cldice", "b0_error", "b1_error")
ENDPOINTS = ("cldice", "b0_error", "b1_error")
Results = dict[str, Result]
Array = npt.NDArray[np.float64]
NOT_RUN = "not run"


class Endpoint:
    """A figure that methods are compared by.

    Args:
        name: of the column.

    Example:
        >>> Endpoint("cldice").title, Endpoint("cldice").unit, Endpoint("b0_error").unit
        ('clDice', ' points', '')
    """

    def __init__(self, name: str) -> None:
        column = next(column for column in COLUMNS if column.name == name)
        self.name, self.title = name, column.title
        self.larger_is_better = column.better == "larger"
        self.scale = 100.0 if name in PERCENT else 1.0
        self.unit = " points" if name in PERCENT else ""


def study_page(folder: Path, plots: Sequence[str], budget: Budget) -> str:
    """Return the Markdown page of all results in a folder.

    Args:
        folder: with one JSON file a cell.
        plots: names of the pictures in docs/images.
        budget: of the networks' widths.
    """
    results = found_results((*BLOCKS, TRIALS), folder, budget)
    n_cells = len({cell.name for block in BLOCKS for row in block.rows for cell in row.cells})
    n_done = len(set(results) - set(found_results((TRIALS,), folder, budget)))
    lines = [
        "# The study: results",
        "",
        f"Written by `scripts/study.py` from `docs/results/{folder.name}/`: {n_done} of {n_cells} "
        f"cells are done, {_hours(results)}. [The plan](../study.md) was fixed before the first "
        "of them. Means are over seeds, then test volumes. In brackets: the 95 % interval of the "
        "difference, with seeds and volumes drawn anew together. Nothing is corrected for the "
        "number of comparisons, and with two or three seeds an interval is narrower than its "
        "95 % say: only the primary table was planned to decide anything.",
        "",
    ]
    for block in BLOCKS:
        lines += [f"## {block.title}", "", block.note, "", *_block_lines(block, results, budget)]
    lines += [line for name in plots for line in (f"![{name}](../images/{name})", "")]
    return "\n".join(lines).rstrip() + "\n"


def found_results(blocks: Sequence[Block], folder: Path, budget: Budget) -> Results:
    """Return what was measured by this plan, by the cells' names; older results are passed over."""
    found: Results = {}
    for cell in (cell for block in blocks for row in block.rows for cell in row.cells):
        result = read_result(folder / f"{cell.name}.json")
        if result is not None and is_result_of(result, cell, budget):
            found[cell.name] = result
    return found


def differences(row: Row, base: Row, results: Results, figure: str) -> Array:
    """Return row minus base for every seed that both have, and every test volume.

    Returns:
        (seeds, volumes), NaN where not measured; without rows where no seed has both.
    """
    pairs = [
        (_figures(results[a.name], figure), _figures(results[b.name], figure))
        for a, b in zip(row.cells, base.cells, strict=False)
        if a.name in results and b.name in results
    ]
    if not pairs:
        return np.empty((0, 0))
    volumes = sorted({name for pair in pairs for side in pair for name in side})
    missing = float("nan")
    return np.array(
        [[a.get(name, missing) - b.get(name, missing) for name in volumes] for a, b in pairs]
    )


def verdict(endpoint: Endpoint, effect: Effect) -> str:
    """Say what an interval allows to say, and no more.

    Args:
        endpoint: the figure.
        effect: difference with clDice in the loss, minus without, in the figure's own unit.

    Example:
        >>> verdict(Endpoint("cldice"), Effect(0.012, 0.004, 0.021, 5, 8))
        'clDice is better by 1.20 points [0.40, 2.10].'
        >>> verdict(Endpoint("b0_error"), Effect(-0.5, -1.25, 0.25, 5, 8))
        'b0 error: no difference is shown. It is -0.50 [-1.25, 0.25], and the interval holds 0.'
    """
    # as they are printed: an end that reads 0.00 holds 0
    mean, low, high = (round(endpoint.scale * value, 2) + 0.0 for value in effect[:3])
    if np.isnan(low):
        return f"{endpoint.title}: not measured on two seeds and volumes, nothing can be said."
    numbers = f"[{low:.2f}, {high:.2f}]"
    if low <= 0 <= high:
        return (
            f"{endpoint.title}: no difference is shown. It is {mean:+.2f}{endpoint.unit} "
            f"{numbers}, and the interval holds 0."
        )
    better = (mean > 0) == endpoint.larger_is_better
    word = "better" if better else "worse"
    return (
        f"{endpoint.title} is {word} by {abs(mean):.2f}{endpoint.unit} {_turned(mean, low, high)}."
    )


def _turned(mean: float, low: float, high: float) -> str:
    """Return the interval of the size of a difference that has one sign."""
    ends = (low, high) if mean > 0 else (-high, -low)
    return f"[{ends[0]:.2f}, {ends[1]:.2f}]"


def _block_lines(block: Block, results: Results, budget: Budget) -> list[str]:
    names = [c.name for c in PAPER_COLUMNS] if block.every_column else list(SHORT)
    heads = [*block.heads, "seeds", *(Endpoint(name).title for name in names)]
    if block.claims:
        heads.append("clDice, difference in points")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in block.rows:
        measured = [results[cell.name] for cell in row.cells if cell.name in results]
        words = [*row.words, f"{len(measured)} of {len(row.cells)}"]
        words += [_mean(measured, name) for name in names]
        if block.claims:
            words.append(_difference(row, block, results))
        lines.append(f"| {' | '.join(words)} |")
    widths = sorted(
        {network_title(cell.network, budget) for row in block.rows for cell in row.cells}
    )
    return [*lines, "", f"Networks: {'; '.join(widths)}.", "", *_conclusion(block, results)]


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
        *_by_seed(row, found["cldice"], results),
    ]


def _exploratory(block: Block, results: Results) -> list[str]:
    """Say how many intervals leave out 0, on which side; one alone would be picked."""
    effects = [_effect(row, block, results) for row in block.rows if row.against is not None]
    ends = [(100 * e.low, 100 * e.high) for e in effects if not np.isnan(e.low)]
    if not ends:
        return []
    above = sum(round(low, 2) > 0 for low, _ in ends)
    below = sum(round(high, 2) < 0 for _, high in ends)
    return [
        f"Exploratory: of {len(ends)} differences in clDice {above} have an interval above 0 and "
        f"{below} one below; {len(ends) - above - below} hold 0, and show no difference.",
        "",
    ]


def _by_seed(row: Row, found: Array, results: Results) -> list[str]:
    cells: list[Cell] = [cell for cell in row.cells if cell.name in results]
    words = [
        f"{cell.seed}: {100 * float(np.nanmean(values)):+.2f}"
        for cell, values in zip(cells, found, strict=True)
    ]
    return [f"clDice by seed, difference in points: {', '.join(words)}.", ""]


def _difference(row: Row, block: Block, results: Results) -> str:
    if row.against is None:
        return ""
    effect = _effect(row, block, results)
    mean, low, high = (100 * value for value in effect[:3])
    if np.isnan(mean):
        return NOT_RUN
    if np.isnan(low):
        return f"{mean:+.2f} (one seed)"
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"


def _effect(row: Row, block: Block, results: Results) -> Effect:
    base = block.rows[row.against or 0]
    return hierarchical_bootstrap(differences(row, base, results, "cldice"))


def _mean(measured: Sequence[Result], figure: str) -> str:
    """Return the mean over seeds of the mean over volumes; what was not run is never a number."""
    if not measured:
        return NOT_RUN
    means = [np.mean(list(_figures(result, figure).values()) or [np.nan]) for result in measured]
    mean = float(np.mean(means))
    if np.isnan(mean):
        return "not measured"
    if figure in PERCENT:
        return f"{100 * mean:.2f}"
    return f"{mean:.5f}" if figure == "streetmover" else f"{mean:.3f}"


def _figures(result: Result, figure: str) -> dict[str, float]:
    """Return the figure of every test volume in which it could be measured."""
    found = {name: values.get(figure) for name, values in result["volumes"].items()}
    return {name: value for name, value in found.items() if value is not None}


def _hours(results: Results) -> str:
    return f"{sum(result['cpu_seconds'] for result in results.values()) / 3600:.1f} CPU hours"
