"""Settings as a command line gives them, where ``--tta true`` arrives as a word."""

from __future__ import annotations

import math
from typing import TypeGuard

from cldice_monai.errors import InputError

__all__ = ["as_filling", "as_length_mm", "as_overlap", "as_switch", "as_threshold"]

_WORDS = {"true": True, "false": False}
_DEFAULT_THRESHOLD = 0.5  # of the bundle


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


def as_filling(value: object, *, spatial_dims: int) -> bool:
    """Take the setting that fills cavities.

    Args:
        value: as for `as_switch`.
        spatial_dims: of the network, 2 or 3.

    Returns:
        Whether cavities are filled.

    Raises:
        InputError: for anything else, and in two dimensions, where a hole is a loop of the network.

    Example:
        >>> as_filling(True, spatial_dims=3)
        True
    """
    wanted = as_switch(value, argument="fill_cavities")
    if wanted and spatial_dims == 2:
        raise InputError(
            "fill_cavities: in two dimensions a hole is a loop of the network; leave it out"
        )
    return wanted


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
    if _is_number(value) and 0 <= value < math.inf:
        return float(value)
    raise InputError(
        f"{argument} must be 0 or a length in mm, got {value!r}; for example --{argument} 0.5"
    )


def as_threshold(value: object, *, out_channels: int) -> float | None:
    """Take the probability from which a voxel is vessel.

    Args:
        value: number between 0 and 1.
        out_channels: channels of the network's output.

    Returns:
        The probability; None for several channels, where each voxel is of its most probable class.

    Raises:
        InputError: if it is no such number, or another than 0.5 where it has no say.

    Example:
        >>> as_threshold(0.3, out_channels=1)
        0.3
    """
    if not (_is_number(value) and 0 < value < 1):
        raise InputError(
            f"threshold must be a probability between 0 and 1, got {value!r}; for example "
            "--threshold 0.5"
        )
    if out_channels == 1:
        return float(value)
    if value != _DEFAULT_THRESHOLD:
        raise InputError(
            f"threshold {value} has no effect with out_channels {out_channels}: each voxel is of "
            "its most probable class; leave --threshold out"
        )
    return None


def as_overlap(value: object, *, n_axes: int | None = None) -> float | list[float]:
    """Take the share of a window that lies in its neighbour.

    Args:
        value: number from 0 to less than 1, or a list with one for each axis.
        n_axes: how many axes a window has, so that a list of another length is refused; None takes
            any list.

    Returns:
        The share or the shares.

    Raises:
        InputError: for anything else.

    Example:
        >>> as_overlap(0.25)
        0.25
    """
    given = list(value) if isinstance(value, list | tuple) else [value]
    shares = [float(share) for share in given if _is_number(share) and 0 <= share < 1]
    if not given or len(shares) < len(given):
        raise InputError(
            f"overlap must be from 0 to less than 1, got {value!r}; for example --overlap 0.5"
        )
    if not isinstance(value, list | tuple):
        return shares[0]
    if n_axes is not None and len(shares) != n_axes:
        raise InputError(
            f"overlap must be one number, or {n_axes}, one an axis of the window, got {value!r}; "
            "for example --overlap 0.5"
        )
    return shares


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
