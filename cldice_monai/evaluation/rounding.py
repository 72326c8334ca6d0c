"""Figures as they stand in tables."""

from __future__ import annotations

import math

from cldice_monai.evaluation.bootstrap import Interval

__all__ = ["NOT_MEASURED", "interval_text", "rounded"]

NOT_MEASURED = "n/a"


def interval_text(interval: Interval, *, n_cases: int) -> str:
    """Return a mean with its interval, and of how many cases it is where not of all.

    Args:
        interval: the mean and where it lies.
        n_cases: cases there are.

    Returns:
        The words.

    Example:
        >>> interval_text(Interval(0.5, 0.25, 0.75, 4), n_cases=4)
        '0.500 [0.250, 0.750]'
        >>> interval_text(Interval(0.5, float("nan"), float("nan"), 1), n_cases=4)
        '0.500 (1 of 4)'
    """
    words = [rounded(interval.mean)]
    if not math.isnan(interval.low):
        words.append(f"[{rounded(interval.low)}, {rounded(interval.high)}]")
    if 0 < interval.n_cases < n_cases:
        words.append(f"({interval.n_cases} of {n_cases})")
    return " ".join(words)


def rounded(value: float) -> str:
    """Return a figure with as many digits as help, or that it was not measured.

    Example:
        >>> rounded(0.01234), rounded(0.5), rounded(123.456), rounded(float("nan"))
        ('0.0123', '0.500', '123.5', 'n/a')
    """
    if math.isnan(value):
        return NOT_MEASURED
    digits = 4 if abs(value) < 0.1 else 3 if abs(value) < 10 else 1
    return f"{value:.{digits}f}"
