"""Count connected components by runs: the stretches of set voxels along the last axis.

The cost grows with the number of runs, far fewer than voxels, not with the size of the grid.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

__all__ = ["Runs", "background_runs", "count_components", "foreground_runs", "row_shifts"]


class Runs(NamedTuple):
    """Runs of a padded batch, by flat position.

    Attributes:
        starts: sorted positions of the first voxel of each run.
        ends: positions behind the last voxel of each run.
        shape: of the padded batch (N, H, W) or (N, H, W, D).
    """

    starts: np.ndarray
    ends: np.ndarray
    shape: tuple[int, ...]


def foreground_runs(items: np.ndarray) -> Runs:
    """Return the runs of the foreground of a batch, padded by one background voxel.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).

    Returns:
        The runs.

    Example:
        >>> foreground_runs(np.array([[[1, 1, 0, 1]]], bool))
        Runs(starts=array([ 7, 10]), ends=array([ 9, 11]), shape=(1, 3, 6))
    """
    padded = np.zeros((len(items), *(size + 2 for size in items.shape[1:])), bool)
    padded[(slice(None),) + (slice(1, -1),) * (items.ndim - 1)] = items
    flat = padded.reshape(-1)
    # Every row begins and ends with background, so that starts and ends alternate.
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    return Runs(changes[0::2], changes[1::2], padded.shape)


def background_runs(runs: Runs) -> Runs:
    """Return the runs of the padded background from those of the foreground.

    Args:
        runs: from `foreground_runs`.

    Returns:
        The runs of what is not set, padding included.

    Example:
        >>> background_runs(foreground_runs(np.array([[[0, 1]]], bool))).starts
        array([0, 4, 7, 8])
    """
    width = runs.shape[-1]
    rows = np.arange(0, int(np.prod(runs.shape, dtype=np.int64)), width)
    starts = np.concatenate([rows, runs.ends])
    ends = np.concatenate([rows + width, runs.starts])
    starts.sort(kind="stable")
    ends.sort(kind="stable")
    return Runs(starts, ends, runs.shape)


def count_components(runs: Runs, *, full: bool) -> np.ndarray:
    """Count the connected components of each item of a batch.

    Args:
        runs: of the foreground or the background.
        full: whether voxels are connected by corners and edges (8 or 26) or by faces (4 or 6).

    Returns:
        int64 array of N counts.

    Example:
        >>> runs = foreground_runs(np.eye(3, dtype=bool)[None])
        >>> count_components(runs, full=True), count_components(runs, full=False)
        (array([1]), array([3]))
    """
    n_items, n_runs = runs.shape[0], runs.starts.size
    if not n_runs:
        return np.zeros(n_items, np.int64)
    item = runs.starts // int(np.prod(runs.shape[1:], dtype=np.int64))
    links = [_links(runs, shift, reach=int(full)) for shift in row_shifts(runs.shape, full=full)]
    first, second = (np.concatenate(part) for part in zip(*links, strict=True))
    if n_items > 1:
        # The padding of one item lies beside that of the next.
        together = item[first] == item[second]
        first, second = first[together], second[together]
    graph = coo_matrix((np.ones(first.size, np.int8), (first, second)), shape=(n_runs, n_runs))
    _, label = connected_components(graph, directed=False)
    counts: np.ndarray = np.bincount(
        item[np.unique(label, return_index=True)[1]], minlength=n_items
    )
    return counts


def row_shifts(shape: tuple[int, ...], *, full: bool) -> list[int]:
    """Return the flat distance to each neighbouring row that comes later.

    Args:
        shape: of the padded batch (N, H, W) or (N, H, W, D).
        full: as for `count_components`.

    Example:
        >>> row_shifts((1, 3, 6), full=True), row_shifts((1, 3, 4, 5), full=False)
        ([6], [5, 20])
    """
    strides = np.cumprod([1, *shape[:1:-1]])[:0:-1]
    offsets = [o for o in product((-1, 0, 1), repeat=len(strides)) if full or np.abs(o).sum() == 1]
    shifts = [int(np.dot(offset, strides)) for offset in offsets]
    return [shift for shift in shifts if shift > 0]


def _links(runs: Runs, shift: int, *, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Pair each run with the runs that it meets ``shift`` voxels further on."""
    low = np.searchsorted(runs.ends, runs.starts + (shift - reach), side="right")
    high = np.searchsorted(runs.starts, runs.ends + (shift + reach), side="left")
    counts = np.maximum(high - low, 0)
    first = np.repeat(np.arange(counts.size), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return first, np.arange(first.size) - before + np.repeat(low, counts)
