"""The exact range of intensities of a volume that is read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cldice_monai.errors import InputError
from cldice_monai.transforms.intensity import range_between

__all__ = [
    "UpperCounts",
    "count_lower",
    "count_upper",
    "range_of_counts",
    "streamed_intensity_range",
]

_HALF = 1 << 16  # histogram of the upper, then of the lower 16 bits


@dataclass(frozen=True)
class UpperCounts:
    """What the first pass counts; those of parts of a channel add up.

    Attributes:
        counts: finite values by the upper half of their key, int64 (65536,).
        n_bad: values that are NaN or infinite.
        lower_bits: OR of all lower halves; 0 where they say nothing, as for intensities of 8 bits.
    """

    counts: np.ndarray
    n_bad: int
    lower_bits: int

    def __add__(self, other: UpperCounts) -> UpperCounts:
        return UpperCounts(
            self.counts + other.counts,
            self.n_bad + other.n_bad,
            self.lower_bits | other.lower_bits,
        )


def streamed_intensity_range(
    blocks: Callable[[], Iterable[np.ndarray]],
    cutoff: float,
    floor: float = 0.0,
    *,
    name: str = "image",
) -> tuple[float, float]:
    """Return what `intensity_range` gives for a whole channel, from one or two passes over it.

    The bits of a float32, put in ascending order, are counted: the first pass finds the upper 16
    bits of the values next to the quantiles, the second the lower 16. Nothing is rounded, and
    memory does not grow with the volume. NaN and infinity count as the smallest finite value, by
    which `fill_non_finite` replaces them.

    Args:
        blocks: gives the channel in float32 blocks that together are the channel, as often as it
            is called; at most 2^63 voxels.
        cutoff: upper quantile from 0 (exclusive) to 1.
        floor: lower quantile from 0 to 1 (exclusive).
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
    upper = count_upper(blocks())
    return range_of_counts(
        upper, lambda keys: count_lower(blocks(), keys), cutoff, floor, name=name
    )


def range_of_counts(
    upper: UpperCounts,
    lower: Callable[[Sequence[int]], np.ndarray],
    cutoff: float,
    floor: float = 0.0,
    *,
    name: str,
) -> tuple[float, float]:
    """Return the range of a channel from its two passes, however they were counted.

    Args:
        upper: of the whole channel, from `count_upper`.
        lower: gives the counts of `count_lower` for the whole channel; is called at most once.
        cutoff: upper quantile from 0 (exclusive) to 1.
        floor: lower quantile from 0 to 1 (exclusive).
        name: of the file, for the message.

    Returns:
        As `streamed_intensity_range`.

    Raises:
        InputError: if no voxel is finite.
    """
    n_finite = int(upper.counts.sum())
    if not n_finite:
        raise InputError(
            f"{name}: every voxel is NaN or infinite; export the volume again or leave it out"
        )
    last = n_finite - 1
    ranks, fractions = [0, last], []
    for quantile in (floor, cutoff):
        position = (n_finite + upper.n_bad - 1) * quantile
        before = int(np.floor(position))
        fractions.append(position - before)
        # bad voxels are before all others, where they cannot be told from the smallest
        ranks += [min(max(n - upper.n_bad, 0), last) for n in (before, before + 1)]
    smallest, largest, *around = np.array(_values_at(ranks, upper, lower), np.float32)
    low, high = (
        float(np.quantile(pair, fraction))
        for pair, fraction in zip((around[:2], around[2:]), fractions, strict=True)
    )
    return range_between(low, high, smallest=float(smallest), largest=float(largest))


def count_upper(blocks: Iterable[np.ndarray]) -> UpperCounts:
    """Count the upper halves of the keys of finite values.

    Args:
        blocks: of one channel.
    """
    total = UpperCounts(np.zeros(_HALF, np.int64), 0, 0)
    for block in blocks:
        keys, n_bad = _finite_keys(block)
        counts = np.bincount((keys >> np.uint32(16)).astype(np.intp), minlength=_HALF)
        total += UpperCounts(counts, n_bad, int(np.bitwise_or.reduce(keys)) & (_HALF - 1))
    return total


def count_lower(blocks: Iterable[np.ndarray], uppers: Sequence[int]) -> np.ndarray:
    """Count the lower halves of the keys that have one of these upper halves.

    Args:
        blocks: of one channel.
        uppers: upper halves without repetition.

    Returns:
        int64 (len(uppers), 65536); those of parts of a channel add up.
    """
    counts = np.zeros((len(uppers), _HALF), np.int64)
    for block in blocks:
        keys, _ = _finite_keys(block)
        halves = keys >> np.uint32(16)
        for upper, histogram in zip(uppers, counts, strict=True):
            here = keys[halves == upper] & np.uint32(_HALF - 1)
            histogram += np.bincount(here.astype(np.intp), minlength=_HALF)
    return counts


def _values_at(
    ranks: Sequence[int], upper: UpperCounts, lower: Callable[[Sequence[int]], np.ndarray]
) -> list[float]:
    """Return the values of these places in ascending order."""
    ends = np.cumsum(upper.counts)
    places = [int(np.searchsorted(ends, rank, side="right")) for rank in ranks]
    if not upper.lower_bits:
        return [_value_of(place << 16) for place in places]
    uppers = sorted(set(places))
    counts = dict(zip(uppers, lower(uppers), strict=True))
    found = []
    for rank, place in zip(ranks, places, strict=True):
        within = rank - int(ends[place] - upper.counts[place])
        half = int(np.searchsorted(np.cumsum(counts[place]), within, side="right"))
        found.append(_value_of((place << 16) | half))
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
