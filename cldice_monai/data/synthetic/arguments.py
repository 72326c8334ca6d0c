"""The checks of arguments that several parts of the generator take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["check_integer", "check_shape"]

_SMALLEST_SIDE = 16


def check_shape(shape: Sequence[int], *, name: str = "shape") -> tuple[int, int, int]:
    """Return the three sides of a volume.

    Args:
        shape: the sides in voxels.
        name: how the caller's argument is called.

    Returns:
        The sides as integers.

    Raises:
        ValueError: if there are not three whole numbers of 16 or more.

    Example:
        >>> check_shape([64, 32.0, 16])
        (64, 32, 16)
    """
    try:
        x, y, z = (int(n) if int(n) == n else 0 for n in shape)
    except (TypeError, ValueError, OverflowError):
        x = y = z = 0
    if min(x, y, z) < _SMALLEST_SIDE:
        given = shape if isinstance(shape, str | int | float) else tuple(shape)
        raise ValueError(
            f"{name} must be three whole numbers of {_SMALLEST_SIDE} or more, got {given}; "
            "ask for a larger volume and crop it"
        )
    return x, y, z


def check_integer(name: str, value: int, smallest: int) -> None:
    """Raise unless an argument is an integer and large enough.

    Args:
        name: how the caller's argument is called.
        value: its value.
        smallest: the smallest value allowed.

    Raises:
        TypeError: if it is no integer.
        ValueError: if it is too small.

    Example:
        >>> check_integer("seed", -1, 0)
        Traceback (most recent call last):
        ...
        ValueError: seed must be 0 or more, got -1; pass a larger number
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}; pass a whole number")
    if value < smallest:
        raise ValueError(f"{name} must be {smallest} or more, got {value}; pass a larger number")
