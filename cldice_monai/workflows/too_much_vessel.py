"""One line where so much of a volume is marked that the mask is hardly right."""

from __future__ import annotations

__all__ = ["too_much_vessel"]

_MOST = 0.5


def too_much_vessel(share: float | None) -> list[str]:
    """Warn of a mask that marks more than half of a volume.

    Args:
        share: of the voxels that are marked, from 0 to 1; None where nobody knows it.

    Returns:
        One line for the user, or none.

    Example:
        >>> too_much_vessel(0.3)
        []
        >>> too_much_vessel(0.62)[0][:35]
        '62 % of the voxels are marked as ve'
    """
    if share is None or share <= _MOST:
        return []
    return [
        f"{100 * share:.0f} % of the voxels are marked as vessel: the weights probably do not fit "
        "this image; look at the preview, try --threshold or weights of your own"
    ]
