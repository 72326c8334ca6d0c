"""One method against the best of several baselines, over volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Comparison", "best_method", "compare"]

Scores = Mapping[str, Mapping[str, float]]  # figure by method and name, of one volume


@dataclass(frozen=True)
class Comparison:
    """How a method does against the best baselines; clDice and Dice in percentage points.

    Attributes:
        method: its name.
        cldice_baseline: the baseline with the highest mean clDice.
        dice_baseline: the baseline with the highest mean Dice.
        cldice_gain: mean clDice less that of ``cldice_baseline``.
        dice_gain: mean Dice less that of ``dice_baseline``.
        worst_cldice_gain: smallest of the differences to ``cldice_baseline`` on single volumes.
        b0_ratio: geometric mean over volumes of (b0 error + 0.5) / (that of ``cldice_baseline`` +
            0.5); below 1 is better.
    """

    method: str
    cldice_baseline: str
    dice_baseline: str
    cldice_gain: float
    dice_gain: float
    worst_cldice_gain: float
    b0_ratio: float


def best_method(volumes: Sequence[Scores], methods: Sequence[str], figure: str) -> str:
    """Return the method with the highest mean of a figure over volumes.

    Args:
        volumes: of each volume the figures by method.
        methods: names to choose from.
        figure: name of the figure.

    Returns:
        Its name; of equal ones the first.

    Example:
        >>> best_method([{"a": {"dice": 0.5}, "b": {"dice": 0.6}}], ["a", "b"], "dice")
        'b'
    """
    return max(methods, key=lambda method: _mean(volumes, method, figure))


def compare(volumes: Sequence[Scores], method: str, baselines: Sequence[str]) -> Comparison:
    """Compare a method with the baselines that are best on average over the same volumes.

    Args:
        volumes: of each volume the figures "cldice", "dice" (0 to 1) and "b0_error" by method.
        method: the one to judge.
        baselines: the names of the others.

    Returns:
        The differences.

    Example:
        >>> figures = {"cldice": 0.5, "dice": 0.5, "b0_error": 1.5}
        >>> ours = {"cldice": 0.6, "dice": 0.4, "b0_error": 0.5}
        >>> found = compare([{"otsu": figures, "ours": ours}], "ours", ["otsu"])
        >>> round(found.cldice_gain, 9), round(found.dice_gain, 9), found.b0_ratio
        (10.0, -10.0, 0.5)
    """
    first = best_method(volumes, baselines, "cldice")
    second = best_method(volumes, baselines, "dice")
    gains = [100 * (v[method]["cldice"] - v[first]["cldice"]) for v in volumes]
    ratios = [(v[method]["b0_error"] + 0.5) / (v[first]["b0_error"] + 0.5) for v in volumes]
    return Comparison(
        method=method,
        cldice_baseline=first,
        dice_baseline=second,
        cldice_gain=float(np.mean(gains)),
        dice_gain=100 * (_mean(volumes, method, "dice") - _mean(volumes, second, "dice")),
        worst_cldice_gain=float(min(gains)),
        b0_ratio=float(np.exp(np.mean(np.log(ratios)))),
    )


def _mean(volumes: Sequence[Scores], method: str, figure: str) -> float:
    return float(np.mean([volume[method][figure] for volume in volumes]))
