"""Distributions of a figure as SVG: a dot a value, a bar a mean, one line a method."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["draw_distribution"]

# as wide as a phone shows without making the text smaller, so that names stand above their rows
_LEFT, _WIDTH, _ROW, _PLOT = 18, 380, 50, 344
_MOST_DOTS = 300
_MOST_LETTERS = 40


def draw_distribution(
    values: Mapping[str, npt.ArrayLike], *, title: str, means: Sequence[float]
) -> str:
    """Draw the values of each method on one axis.

    Args:
        values: by name of the method its values, NaN where not measured.
        title: name of the figure, below the axis.
        means: mean of each method, drawn as a bar; NaN draws none.

    Returns:
        An ``<svg>`` element.

    Example:
        >>> draw_distribution({"a": [0.0, 1.0]}, title="Dice", means=[0.5]).count("<circle")
        2
    """
    arrays = {name: np.asarray(v, dtype=float).ravel() for name, v in values.items()}
    arrays = {name: v[~np.isnan(v)] for name, v in arrays.items()}
    everything = np.concatenate([*arrays.values(), np.zeros(0)])
    if not everything.size:
        return f"<p>{html.escape(title)}: not measured</p>"
    ticks = _round_ticks(float(everything.min()), float(everything.max()))
    low, high = float(ticks[0]), float(ticks[-1])
    height = _ROW * len(arrays) + 46
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{html.escape(title)}">']
    rng = np.random.default_rng(0)  # where dots lie within their row means nothing
    for row, ((name, array), mean) in enumerate(zip(arrays.items(), means, strict=True)):
        middle = _ROW * row + 34.0
        parts.append(f'<text x="0" y="{middle - 18}" class="name">{_short(name)}</text>')
        shown = array if array.size <= _MOST_DOTS else rng.choice(array, _MOST_DOTS, replace=False)
        for value, shift in zip(shown, rng.uniform(-9, 9, shown.size), strict=True):
            x = _LEFT + _PLOT * (value - low) / (high - low)
            parts.append(f'<circle cx="{x:.1f}" cy="{middle + shift:.1f}" r="3"/>')
        if not np.isnan(mean):
            x = _LEFT + _PLOT * (mean - low) / (high - low)
            parts.append(f'<rect x="{x - 1.5:.1f}" y="{middle - 13}" width="3" height="26"/>')
    bottom = _ROW * len(arrays) + 6
    parts.append(f'<line x1="{_LEFT}" y1="{bottom}" x2="{_LEFT + _PLOT}" y2="{bottom}"/>')
    for tick in ticks:
        at = round(_LEFT + _PLOT * (tick - low) / (high - low), 1)
        parts.append(f'<line x1="{at}" y1="{bottom}" x2="{at}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 17}" class="tick">{tick:g}</text>')
    middle = _LEFT + _PLOT / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34}" class="axis">{html.escape(title)}</text>')
    return "".join([*parts, "</svg>"])


def _round_ticks(low: float, high: float) -> npt.NDArray[np.float64]:
    """Return three to seven round numbers, from below the values to above them."""
    span = high - low or max(abs(low), 1.0) / 2
    power = 10.0 ** math.floor(math.log10(span / 3))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if span <= 5 * s * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:  # a single value, that may be the largest possible one
        first, last = (last - 2, last) if low > 0 else (first, first + 2)
    digits = max(0, 2 - math.floor(math.log10(step)))
    return np.round(step * np.arange(first, last + 1), digits)


def _short(name: str) -> str:
    return html.escape(name if len(name) <= _MOST_LETTERS else f"...{name[3 - _MOST_LETTERS :]}")
