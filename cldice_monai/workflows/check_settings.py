"""Refuse values of settings that could only fail later, in the words of a library."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cldice_monai.errors import InputError

__all__ = ["check_settings"]


def check_settings(**settings: object) -> None:
    """Refuse a setting whose value is of the wrong kind or out of its range.

    Args:
        settings: values by the name that the user knows: batch_size, crops_per_volume,
            val_interval, num_workers, lr, alpha, foreground, cache_rate, val_fraction.

    Raises:
        InputError: for the first that cannot be used, with what is needed.

    Example:
        >>> check_settings(batch_size=2, alpha=0.5)
        >>> check_settings(batch_size=2.5)
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: batch_size must be a whole number of 1 or more, got 2.5
    """
    for name, value in settings.items():
        fits, needed = _RULES[name]
        if not fits(value):
            raise InputError(f"{name} must be {needed}, got {value!r}")


def _whole(value: Any, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: Any, holds: Callable[[float], bool]) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and holds(value)


_POSITIVE = (lambda v: _whole(v, least=1), "a whole number of 1 or more")
_SHARE = (lambda v: _number(v, lambda x: 0 <= x <= 1), "a number from 0 to 1")
_WITHIN = (lambda v: _number(v, lambda x: 0 < x < 1), "a number between 0 and 1")

_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "batch_size": _POSITIVE,
    "crops_per_volume": _POSITIVE,
    "val_interval": _POSITIVE,
    "num_workers": (lambda v: _whole(v, least=0), "a whole number of 0 or more"),
    "lr": (lambda v: _number(v, lambda x: 0 < x < math.inf), "a number above 0"),
    "alpha": _SHARE,
    "cache_rate": _SHARE,
    "foreground": _WITHIN,
    "val_fraction": _WITHIN,
}
