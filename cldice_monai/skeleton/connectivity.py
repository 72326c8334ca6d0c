"""Which voxels of a mask count as connected: the two dual conventions of digital topology."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["Connectivity", "check_connectivity"]

Connectivity = Literal["foreground-full", "foreground-face"]


def check_connectivity(connectivity: str) -> None:
    """Raise ValueError for a connectivity that is not one of `Connectivity`.

    ``"foreground-full"``: foreground 8- or 26-connected, background 4 or 6 (voxels are closed
    cubes, as in the paper). ``"foreground-face"``: foreground 4 or 6, background 8 or 26.

    Args:
        connectivity: the name to check.

    Raises:
        ValueError: the name is unknown.

    Example:
        >>> check_connectivity("foreground-full")
    """
    if connectivity not in get_args(Connectivity):
        raise ValueError(
            f"connectivity must be one of {', '.join(get_args(Connectivity))}, "
            f"got {connectivity!r}; foreground-full is the paper's"
        )
