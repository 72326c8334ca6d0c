"""The exact range of intensities of a volume that is read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from cldice_monai.errors import InputError

__all__ = ["streamed_intensity_range"]

_HALF = 1 << 16  # histogram of the upper, then of the lower 16 bits


def streamed_intensity_range(
    blocks: Callable[[], Iterable[np.ndarray]], cutoff: float, *, name: str = "image"
) -> tuple[float, float]:
    """Return what `intensity_range` gives for a whole channel, from one or two passes over it.

    The bits of a float32, put in ascending order, are counted: the first pass finds the upper 16
    bits of the values next to the quantile, the second the lower 16. Nothing is rounded, and
    memory does not grow with the volume. NaN and infinity count as the smallest finite value, by
    which `fill_non_finite` replaces them.

    Args:
        blocks: gives the channel in float32 blocks that together are the channel, as often as it
            is called; at most 2^63 voxels.
        cutoff: quantile from 0 (exclusive) to 1.
        name: of the file, for the message.

    Returns:
        The intensities that become 0 and 1.

    Raises:
        InputError: if no voxel is finite.

    Example:
        >>> halves = [np.float32([2, 4]), np.float32([100, 6])]
        >>> streamed_intensity_range(lambda: halves, 2 / 3)
        (2.0, 6.0)
    """
    counts, n_bad, exact = _upper_counts(blocks())
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise InputError(
            f"{name}: every voxel is NaN or infinite; export the volume again or leave it out"
        )
    n_finite = int(counts.sum())
    last = n_finite - 1
    # the places of bad voxels are before all others, where they cannot be told from the smallest
    position = (n_finite + n_bad - 1) * cutoff
    before = int(np.floor(position))
    ranks = [0, last, *(min(max(rank - n_bad, 0), last) for rank in (before, before + 1))]
    low, high, below, above = _values_at(None if exact else blocks, counts, ranks)
    if cutoff < 1 and high > low:
        quantile = float(np.quantile(np.array([below, above], np.float32), position - before))
        high = quantile if quantile > low else high
    return low, high


def _upper_counts(blocks: Iterable[np.ndarray]) -> tuple[np.ndarray, int, bool]:
    """Count the upper halves of the keys of finite values, and the values that are not finite.

    The last entry says whether all lower halves are zero, as they are for intensities of 8 bits.
    """
    counts = np.zeros(_HALF, np.int64)
    n_bad, lower_bits = 0, 0
    for block in blocks:
        keys, bad_here = _finite_keys(block)
        n_bad += bad_here
        counts += np.bincount((keys >> np.uint32(16)).astype(np.intp), minlength=_HALF)
        lower_bits |= int(np.bitwise_or.reduce(keys)) & (_HALF - 1)
    return counts, n_bad, lower_bits == 0


def _values_at(
    blocks: Callable[[], Iterable[np.ndarray]] | None, counts: np.ndarray, ranks: list[int]
) -> list[float]:
    """Return the values of these places in ascending order, by a pass over the lower halves.

    Without ``blocks`` all lower halves are zero.
    """
    ends = np.cumsum(counts)
    uppers = [int(np.searchsorted(ends, rank, side="right")) for rank in ranks]
    lowers = {upper: np.zeros(_HALF, np.int64) for upper in uppers}
    for block in blocks() if blocks else ():
        keys, _ = _finite_keys(block)
        halves = keys >> np.uint32(16)
        for upper, histogram in lowers.items():
            here = keys[halves == upper] & np.uint32(_HALF - 1)
            histogram += np.bincount(here.astype(np.intp), minlength=_HALF)
    found = []
    for rank, upper in zip(ranks, uppers, strict=True):
        within = rank - int(ends[upper] - counts[upper])
        lower = (
            int(np.searchsorted(np.cumsum(lowers[upper]), within, side="right")) if blocks else 0
        )
        found.append(_value_of((upper << 16) | lower))
    return found


def _finite_keys(block: np.ndarray) -> tuple[np.ndarray, int]:
    """Return whole numbers that are in the order of the finite values, and how many are not."""
    values = np.asarray(block, dtype=np.float32).ravel(order="K")
    finite = np.isfinite(values)
    n_bad = int(values.size - np.count_nonzero(finite))
    if n_bad:
        values = values[finite]
    bits = (values + np.float32(0)).view(np.uint32)  # minus zero becomes zero
    negative = (bits >> np.uint32(31)).astype(bool)
    return np.where(negative, ~bits, bits | np.uint32(1 << 31)), n_bad


def _value_of(key: int) -> float:
    bits = key & ~(1 << 31) if key >> 31 else ~key & 0xFFFFFFFF
    return float(np.array([bits], np.uint32).view(np.float32)[0])
