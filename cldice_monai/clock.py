"""Durations as people read them."""

from __future__ import annotations

__all__ = ["clock"]


def clock(seconds: float) -> str:
    """Return minutes and seconds, and hours where there are any.

    Args:
        seconds: a duration.

    Returns:
        The words.

    Example:
        >>> clock(75.4), clock(3601)
        ('1:15', '1:00:01')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
