"""Settings given as a range from which each call draws a number."""

from __future__ import annotations

import numpy as np

__all__ = ["Range", "check_range", "draw"]

Range = tuple[float, float]


def check_range(name: str, value: Range, *, low: float = 0.0, high: float = np.inf) -> Range:
    """Return the range as two floats, or raise where it is not one.

    Example:
        >>> check_range("radius", (1, 2))
        (1.0, 2.0)
    """
    first, last = (float(number) for number in value)
    if not low <= first <= last <= high:
        limits = f"from {low:g} on" if high == np.inf else f"from {low:g} to {high:g}"
        raise ValueError(f"{name} must be two numbers {limits}, rising, got {value}")
    return first, last


def draw(value: Range, rng: np.random.Generator) -> float:
    """Draw a number of the range, each equally likely.

    Example:
        >>> draw((2.0, 2.0), np.random.default_rng(0))
        2.0
    """
    return float(rng.uniform(*value))
