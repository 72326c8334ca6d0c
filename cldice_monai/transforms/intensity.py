"""The arithmetic of the intensity transforms, on plain numpy arrays."""

from __future__ import annotations

import numpy as np

__all__ = [
    "cut_off_and_scale",
    "fill_non_finite",
    "intensity_range",
    "lift_dim",
    "non_finite_fill_value",
    "range_between",
    "scale_to_range",
]


def cut_off_and_scale(channel: np.ndarray, cutoff: float, floor: float = 0.0) -> np.ndarray:
    """Cut one channel off above and below two of its quantiles and scale it linearly to [0, 1].

    Args:
        channel: finite intensities, any shape.
        cutoff: upper quantile from 0 (exclusive) to 1; 1 cuts nothing off.
        floor: lower quantile from 0 to 1 (exclusive); 0 cuts nothing off.

    Returns:
        float32 of the same shape, from 0 to 1. A constant channel gives zeros. Where the quantile
        is the smallest value itself (a few bright voxels in black), nothing is cut off, because
        the cut would leave nothing.

    Raises:
        ValueError: if the channel holds NaN or infinity.

    Example:
        >>> cut_off_and_scale(np.array([2.0, 4.0, 6.0, 100.0]), 2 / 3).tolist()
        [0.0, 0.5, 1.0, 1.0]
    """
    return scale_to_range(channel, *intensity_range(channel, cutoff, floor))


def intensity_range(channel: np.ndarray, cutoff: float, floor: float = 0.0) -> tuple[float, float]:
    """Return the intensities that `cut_off_and_scale` makes 0 and 1.

    Args:
        channel: finite intensities, any shape.
        cutoff: upper quantile from 0 (exclusive) to 1.
        floor: lower quantile from 0 to 1 (exclusive).

    Returns:
        The two quantiles. In place of the upper one the largest value, where it would not be above
        the lower one; and then in place of the lower one the smallest, likewise.

    Raises:
        ValueError: if the channel holds NaN or infinity.

    Example:
        >>> intensity_range(np.array([2.0, 4.0, 6.0, 100.0]), 2 / 3)
        (2.0, 6.0)
    """
    smallest, largest = float(channel.min()), float(channel.max())
    if not np.isfinite([smallest, largest]).all():
        raise ValueError("image must be finite, got NaN or infinity; use FillNonFinite before")
    flat = channel.ravel(order="K")
    # a partition, O(n)
    low = float(np.quantile(flat, floor)) if floor > 0 and largest > smallest else smallest
    high = float(np.quantile(flat, cutoff)) if cutoff < 1 and largest > smallest else largest
    return range_between(low, high, smallest=smallest, largest=largest)


def range_between(
    low: float, high: float, *, smallest: float, largest: float
) -> tuple[float, float]:
    """Return the range between two quantiles, or a wider one where they leave nothing.

    Args:
        low: lower quantile.
        high: upper quantile.
        smallest: of all values.
        largest: of all values.

    Example:
        >>> range_between(0.0, 0.0, smallest=0.0, largest=9.0)  # few bright voxels in black
        (0.0, 9.0)
    """
    if high > low:
        return low, high
    return (low, largest) if largest > low else (smallest, largest)


def scale_to_range(channel: np.ndarray, low: float, high: float) -> np.ndarray:
    """Scale intensities linearly so that ``low`` becomes 0 and ``high``, and all above, 1.

    Args:
        channel: finite intensities, any shape.
        low: intensity that becomes 0.
        high: intensity that becomes 1; where it is ``low`` the result is 0.

    Returns:
        float32 of the same shape, from 0 to 1.

    Example:
        >>> scale_to_range(np.array([2, 4, 9]), 2.0, 6.0).tolist()
        [0.0, 0.5, 1.0]
    """
    if high == low:
        return np.zeros(channel.shape, dtype=np.float32)
    precise = np.float64 if channel.dtype.itemsize == 8 else np.float32
    scaled = (np.minimum(channel.astype(precise, copy=False), high) - low) / (high - low)
    return np.clip(scaled, 0, 1, out=scaled).astype(np.float32, copy=False)


def lift_dim(scaled: np.ndarray, lift: float) -> np.ndarray:
    """Lift the dim intensities by log(1 + lift x) / log(1 + lift), which keeps 0 and 1.

    Args:
        scaled: float array from 0 to 1.
        lift: 0 changes nothing; with 50 a fiftieth becomes a sixth.

    Returns:
        float32 of the same shape.

    Example:
        >>> [round(float(x), 3) for x in lift_dim(np.array([0.0, 0.02, 1.0]), 50.0)]
        [0.0, 0.176, 1.0]
    """
    if lift == 0:
        return scaled.astype(np.float32, copy=False)
    return np.asarray(np.log1p(np.float32(lift) * scaled) / np.log1p(lift), dtype=np.float32)


def non_finite_fill_value(channel: np.ndarray) -> float | None:
    """Return what `fill_non_finite` puts in place of NaN and infinity in this channel.

    Args:
        channel: intensities, any shape.

    Returns:
        The smallest finite value, None if no value is finite.

    Example:
        >>> non_finite_fill_value(np.array([np.nan, 3.0, 2.0, np.inf]))
        2.0
    """
    finite = channel[np.isfinite(channel)]
    return float(finite.min()) if finite.size else None


def fill_non_finite(image: np.ndarray) -> np.ndarray:
    """Replace NaN and infinities by the smallest finite value of their channel.

    Microscopes and resampling leave NaN where nothing was measured; the smallest value is
    background and does not move the range of the intensities.

    Args:
        image: float (C, spatial...).

    Returns:
        A copy without NaN and infinity; ``image`` itself where it is finite already.

    Raises:
        ValueError: if a channel has no finite value at all.

    Example:
        >>> fill_non_finite(np.array([[np.nan, 3.0, 5.0], [np.inf, 1.0, 2.0]])).tolist()
        [[3.0, 3.0, 5.0], [1.0, 1.0, 2.0]]
    """
    bad = ~np.isfinite(image)
    if not bad.any():
        return image
    filled = image.copy()
    for number, (channel, bad_here) in enumerate(zip(filled, bad, strict=True)):
        value = non_finite_fill_value(channel)
        if value is None:
            raise ValueError(
                f"image must have a finite value in every channel, got none in channel {number}; "
                "leave this volume out"
            )
        channel[bad_here] = value
    return filled
