"""Differences between methods that were trained with the same seeds, and what they allow to say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from study_cavities import FILLED
from study_cells import Block, Budget, Row
from study_run import Result, is_result_of, read_result
from study_statistics import Effect, hierarchical_bootstrap

from cldice_monai.evaluation.columns import COLUMNS

__all__ = [
    "PERCENT",
    "Array",
    "Endpoint",
    "Results",
    "differences",
    "effect_of",
    "figures_of",
    "found_results",
    "verdict",
]

PERCENT = ("dice", "accuracy", "cldice", FILLED.name)  # shown as percent, differences in points
Results = dict[str, Result]
Array = npt.NDArray[np.float64]


class Endpoint:
    """A figure that methods are compared by.

    Args:
        name: of the column.

    Example:
        >>> Endpoint("cldice").title, Endpoint("cldice").unit, Endpoint("b0_error").unit
        ('clDice', ' points', '')
    """

    def __init__(self, name: str) -> None:
        column = next(column for column in (*COLUMNS, FILLED) if column.name == name)
        self.name, self.title = name, column.title
        self.larger_is_better = column.better == "larger"
        self.scale = 100.0 if name in PERCENT else 1.0
        self.unit = " points" if name in PERCENT else ""


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
        (figures_of(results[a.name], figure), figures_of(results[b.name], figure))
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


def effect_of(row: Row, block: Block, results: Results, figure: str) -> Effect:
    """Return how a row differs from the one that it is compared with.

    Args:
        row: of the block, with ``against``.
        block: the table.
        results: by the cells' names.
        figure: name of the column.

    Returns:
        Row minus base, in the figure's own unit.
    """
    base = block.rows[row.against or 0]
    return hierarchical_bootstrap(differences(row, base, results, figure))


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


def figures_of(result: Result, figure: str) -> dict[str, float]:
    """Return the figure of every test volume in which it could be measured."""
    found = {name: values.get(figure) for name, values in result["volumes"].items()}
    return {name: value for name, value in found.items() if value is not None}
