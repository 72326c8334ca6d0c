"""The pictures of the study, drawn from the results that are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from study_cells import Budget
from study_effects import Results, differences, found_results
from study_forest import draw_effects
from study_plan import BLOCKS, PRIMARY, TRIALS

from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete

__all__ = ["draw_plots"]

_LOOK = {"marker": "o", "markersize": 4, "linewidth": 1.2}


def draw_plots(folder: Path, images: Path, budget: Budget) -> dict[str, str]:
    """Draw what there are results for.

    Args:
        folder: with one JSON file a cell.
        images: folder for the pictures.
        budget: of the networks' widths.

    Returns:
        The names of the pictures that were drawn, by the key of the table that they belong to;
        "effects" belongs to all.

    Raises:
        InputError: without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError(
            "matplotlib is not installed: pip install 'cldice-monai[study]'"
        ) from error
    results = found_results((*BLOCKS, TRIALS), folder, budget)
    drawn = {}
    for name, draw in _PLOTS.items():
        figure = Figure(figsize=(6.4, 3.6), dpi=120, layout="constrained")
        if not draw(figure, results):
            continue
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
        title = f"{folder.name}_{name}.png"
        with replace_when_complete(images / title) as temporary:
            # the version of the library inside would change the file where nothing else has changed
            figure.savefig(temporary, metadata={"Software": None})
        drawn[name] = title
    return drawn


def _primary(figure: Any, results: Results) -> bool:
    """Each seed's difference, volume by volume, and its mean."""
    base, row = PRIMARY.rows
    found = 100 * differences(row, base, results, "cldice")
    if not found.size:
        return False
    axes = figure.subplots()
    done = [c.seed for c, b in zip(row.cells, base.cells, strict=True) if _both(c, b, results)]
    for place, values in enumerate(found):
        axes.plot(np.full(len(values), place), values, "o", color="0.65", markersize=3)
        axes.plot(place, np.nanmean(values), "_", color="C0", markersize=26, markeredgewidth=2)
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set_xticks(range(len(done)), [f"seed {seed}" for seed in done])
    axes.set_ylabel("clDice, points, with minus without")
    axes.set_title("Primary endpoint: test volumes (grey), means (blue)", fontsize=10)
    return True


def _shares(figure: Any, results: Results) -> bool:
    """ClDice by alpha, a line for each of the three losses; a gap where a seed is missing."""
    block = next(block for block in BLOCKS if block.key == "table3")
    alphas = list(dict.fromkeys(row.words[1] for row in block.rows))
    axes = figure.subplots()
    found = False
    for loss in dict.fromkeys(row.words[0] for row in block.rows):
        rows = [row for row in block.rows if row.words[0] == loss]
        means = [_mean_of(row.cells, results) for row in rows]
        if any(mean is not None for mean in means):
            heights = [np.nan if mean is None else mean for mean in means]
            axes.plot(range(len(alphas)), heights, label=loss, **_LOOK)
            found = True
    if not found:
        return False
    axes.set_xticks(range(len(alphas)), alphas)
    axes.set_xlabel("alpha")
    axes.set_ylabel("clDice, %")
    axes.set_title("Table 3 in small: preset paper", fontsize=10)
    axes.legend(frameon=False)
    return True


def _iterations(figure: Any, results: Results) -> bool:
    """ClDice by the number of iterations, a point a seed."""
    block = next(block for block in BLOCKS if block.key == "iterations")
    cells = [cell for row in block.rows for cell in row.cells if cell.name in results]
    if not cells:
        return False
    axes = figure.subplots()
    for cell in cells:
        place = results[cell.name]["iter_"]
        axes.plot(place, _mean_of((cell,), results), "o", color=f"C{cell.seed}", alpha=0.8)
    axes.set_xticks(sorted({results[cell.name]["iter_"] for cell in cells}))
    axes.set_xlabel("iter_")
    axes.set_ylabel("clDice, %")
    axes.set_title("Iterations of the soft skeleton, a colour a seed", fontsize=10)
    return True


def _validation(figure: Any, results: Results) -> bool:
    """The validation curves of the trials."""
    cells = [cell for row in TRIALS.rows for cell in row.cells if cell.name in results]
    if not cells:
        return False
    axes = figure.subplots()
    for cell in cells:
        curve = results[cell.name]["validation"]
        epochs = sorted(map(int, curve))
        values = [100 * (curve[str(epoch)]["clDice"] or 0.0) for epoch in epochs]
        axes.plot(epochs, values, label=cell.data.removeprefix("trial_"), **_LOOK)
    axes.set_xlabel("epoch")
    axes.set_ylabel("clDice of the validation volumes, %")
    axes.set_title("Trials: other volumes and another seed than the study's", fontsize=10)
    axes.legend(frameon=False)
    return True


def _both(one: Any, other: Any, results: Results) -> bool:
    return one.name in results and other.name in results


def _mean_of(cells: Any, results: Results) -> float | None:
    """Return the mean clDice of cells, in percent; None unless all of them were run."""
    if any(cell.name not in results for cell in cells):
        return None
    volumes = [results[cell.name]["volumes"] for cell in cells]
    found = [v["cldice"] for one in volumes for v in one.values() if v["cldice"] is not None]
    return 100 * float(np.mean(found)) if found else None


_PLOTS: dict[str, Callable[[Any, Results], bool]] = {
    "effects": draw_effects,
    "primary": _primary,
    "table3": _shares,
    "iterations": _iterations,
    "trial": _validation,
}
