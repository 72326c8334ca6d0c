"""The arithmetic of the intensity transforms, on plain numpy arrays."""

from __future__ import annotations

import numpy as np

__all__ = [
    "cut_off_and_scale",
    "fill_non_finite",
    "intensity_range",
    "lift_dim",
    "non_finite_fill_value",
    "scale_to_range",
]


def cut_off_and_scale(channel: np.ndarray, cutoff: float) -> np.ndarray:
    """Cut one channel off above its ``cutoff`` quantile and scale it linearly to [0, 1].

    Args:
        channel: finite intensities, any shape.
        cutoff: quantile from 0 (exclusive) to 1; 1 cuts nothing off.

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
    return scale_to_range(channel, *intensity_range(channel, cutoff))


def intensity_range(channel: np.ndarray, cutoff: float) -> tuple[float, float]:
    """Return the intensities that `cut_off_and_scale` makes 0 and 1.

    Args:
        channel: finite intensities, any shape.
        cutoff: quantile from 0 (exclusive) to 1.

    Returns:
        The smallest value, and the quantile, or the largest value where the quantile is the
        smallest itself.

    Raises:
        ValueError: if the channel holds NaN or infinity.

    Example:
        >>> intensity_range(np.array([2.0, 4.0, 6.0, 100.0]), 2 / 3)
        (2.0, 6.0)
    """
    low, high = float(channel.min()), float(channel.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("image must be finite, got NaN or infinity; use FillNonFinite before")
    if cutoff < 1 and high > low:
        quantile = float(np.quantile(channel.ravel(order="K"), cutoff))  # a partition, O(n)
        high = quantile if quantile > low else high
    return low, high


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
