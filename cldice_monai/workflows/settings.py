"""Settings as a command line gives them, where ``--tta true`` arrives as a word."""

from __future__ import annotations

import math

from cldice_monai.errors import InputError

__all__ = ["as_length_mm", "as_switch"]

_WORDS = {"true": True, "false": False}


def as_switch(value: object, *, argument: str) -> bool:
    """Take a setting that is on or off.

    Args:
        value: True or False, 1 or 0, or the words true and false in any case.
        argument: the name that the user knows it by, for the message.

    Returns:
        Whether it is on.

    Raises:
        InputError: for anything else.

    Example:
        >>> as_switch("false", argument="tta")
        False
    """
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise InputError(f"{argument} must be true or false, got {value!r}; write --{argument} true")


def as_length_mm(value: object, *, argument: str) -> float:
    """Take a setting that is a length, or 0.

    Args:
        value: number of mm.
        argument: the name that the user knows it by, for the message.

    Returns:
        The length in mm.

    Raises:
        InputError: if it is no number, negative or infinite.

    Example:
        >>> as_length_mm(2, argument="min_length_mm")
        2.0
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    raise InputError(
        f"{argument} must be 0 or a length in mm, got {value!r}; for example --{argument} 0.5"
    )
