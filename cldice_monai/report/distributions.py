"""Distributions of a figure as SVG: a dot a value, a bar a mean, one line a method."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["draw_distribution"]

_LEFT, _WIDTH, _ROW, _PLOT = 150, 560, 34, 380
_MOST_DOTS = 300


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
    low, high = min(0.0, float(everything.min())), float(everything.max())
    high = high if high > low else low + 1.0
    height = _ROW * len(arrays) + 44
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{html.escape(title)}">']
    rng = np.random.default_rng(0)  # where dots lie within their row means nothing
    for row, ((name, array), mean) in enumerate(zip(arrays.items(), means, strict=True)):
        middle = _ROW * (row + 0.5)
        parts.append(f'<text x="{_LEFT - 8}" y="{middle + 4}" class="name">{_short(name)}</text>')
        shown = array if array.size <= _MOST_DOTS else rng.choice(array, _MOST_DOTS, replace=False)
        for value, shift in zip(shown, rng.uniform(-9, 9, shown.size), strict=True):
            x = _LEFT + _PLOT * (value - low) / (high - low)
            parts.append(f'<circle cx="{x:.1f}" cy="{middle + shift:.1f}" r="3"/>')
        if not np.isnan(mean):
            x = _LEFT + _PLOT * (mean - low) / (high - low)
            parts.append(f'<rect x="{x - 1.5:.1f}" y="{middle - 13}" width="3" height="26"/>')
    bottom = _ROW * len(arrays) + 4
    parts.append(f'<line x1="{_LEFT}" y1="{bottom}" x2="{_LEFT + _PLOT}" y2="{bottom}"/>')
    for share in (0.0, 0.5, 1.0):
        at, value = _LEFT + _PLOT * share, low + (high - low) * share
        parts.append(f'<line x1="{at}" y1="{bottom}" x2="{at}" y2="{bottom + 4}"/>')
        parts.append(f'<text x="{at}" y="{bottom + 17}" class="tick">{_number(value)}</text>')
    middle = _LEFT + _PLOT / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34}" class="axis">{html.escape(title)}</text>')
    return "".join([*parts, "</svg>"])


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _short(name: str) -> str:
    return html.escape(name if len(name) <= 20 else f"...{name[-17:]}")
