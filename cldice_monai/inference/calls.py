"""How often an inferer calls its network, for a bar that knows how much is left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["count_calls"]


def count_calls(inferer: Any, size: Sequence[int], *, resampled: bool = False) -> int | None:
    """Return how many calls of the network an image takes.

    Args:
        inferer: `AutocastInferer`, `FlipInferer`, `ScaleAverageInferer`, MONAI's
            SlidingWindowInferer, or one around another.
        size: of the image in space.
        resampled: whether it was brought to the working grid, see `was_resampled`.

    Returns:
        The number; None for an inferer that is not known.

    Example:
        >>> from monai.inferers import SlidingWindowInferer
        >>> count_calls(SlidingWindowInferer((8, 8), sw_batch_size=2, overlap=0.5), (16, 8))
        2
    """
    from monai.inferers import SlidingWindowInferer

    from cldice_monai.inferers import AutocastInferer, FlipInferer, ScaleAverageInferer

    if isinstance(inferer, AutocastInferer):
        return count_calls(inferer.inferer, size, resampled=resampled)
    if isinstance(inferer, FlipInferer):
        n_axes = len(size) if inferer.axes is None else len(inferer.axes)
        inner = count_calls(inferer.inferer, size, resampled=resampled)
        return None if inner is None else inner * 2**n_axes
    if isinstance(inferer, ScaleAverageInferer):
        factors = inferer.factors if resampled or not inferer.resampled_only else (1.0,)
        return sum(_at_scale(inferer, size, factor) for factor in factors)
    if isinstance(inferer, SlidingWindowInferer):
        roi = [inferer.roi_size] * len(size) if isinstance(inferer.roi_size, int) else None
        return _windows(size, roi or inferer.roi_size, inferer.overlap, inferer.sw_batch_size)
    return None


def _at_scale(inferer: Any, size: Sequence[int], factor: float) -> int:
    from cldice_monai.inferers.scales import coarser_shape

    coarse = coarser_shape(size, factor)
    return _windows(coarse, inferer.roi_size, inferer.overlap, inferer.sw_batch_size)


def _windows(
    size: Sequence[int], roi: Sequence[int], overlap: float | Sequence[float], batch: int
) -> int:
    from cldice_monai.inferers.windows import window_grid

    grid = window_grid(size, roi, overlap)
    return math.ceil(math.prod(len(starts) for starts in grid.starts) / batch)
