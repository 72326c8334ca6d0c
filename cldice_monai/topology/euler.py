"""The Euler characteristic, counted locally on packed bits (64 voxels a word)."""

from __future__ import annotations

from itertools import product

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity

__all__ = ["euler_of_items", "euler_ratio"]


def euler_ratio(of_pred: float, of_label: float) -> float:
    """Return how many times the label's Euler characteristic the prediction has.

    Args:
        of_pred: sum over the patches of the prediction.
        of_label: sum over the patches of the label.

    Returns:
        The ratio; 1 where both are 0, NaN where only the label's is.

    Example:
        >>> euler_ratio(-2, -1), euler_ratio(0, 0), euler_ratio(1, 0)
        (2.0, 1.0, nan)

    Reference:
        Shit et al., clDice, CVPR 2021, appendix H.3.
    """
    if of_label:
        return of_pred / of_label
    return 1.0 if of_pred == 0 else float("nan")


def euler_of_items(items: np.ndarray, *, connectivity: Connectivity) -> np.ndarray:
    """Return the Euler characteristic of each mask of a batch.

    It is the alternating sum of the cells of the cubical complex. Closed voxels
    (``"foreground-full"``): a cell that extends along the axes D is present where any voxel around
    it is set, the OR along the axes not in D. The dual complex (``"foreground-face"``) has a cell
    across the axes A where all voxels along A are set, the AND.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).
        connectivity: of the foreground.

    Returns:
        int64 array of N numbers.

    Example:
        >>> euler_of_items(np.ones((2, 3, 4), bool), connectivity="foreground-full")
        array([1, 1])

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 (chi = V - E + F).
    """
    if not items.size:
        return np.zeros(len(items), np.int64)
    words = _packed(items)
    closed = connectivity == "foreground-full"
    ndim = items.ndim - 1
    total = np.zeros(len(items), np.int64)
    for joined in product((False, True), repeat=ndim):
        cells = words
        for axis in np.flatnonzero(joined):
            cells = _joined_along(cells, int(axis) + 1, closed=closed)
        dimension = ndim - sum(joined) if closed else sum(joined)
        counts = np.bitwise_count(cells).sum(axis=tuple(range(1, ndim + 1)), dtype=np.int64)
        total += (-1) ** dimension * counts
    return total


def _packed(items: np.ndarray) -> np.ndarray:
    """Pack the last axis into words with a free last bit; pad the other spatial axes by one."""
    rows = np.packbits(items, axis=-1, bitorder="little")
    n_words = items.shape[-1] // 64 + 1
    others = [size + 2 for size in items.shape[1:-1]]
    packed = np.zeros((len(items), *others, 8 * n_words), np.uint8)
    inner = (slice(None),) + (slice(1, -1),) * len(others)
    packed[inner][..., : rows.shape[-1]] = rows
    return packed.view(np.dtype("<u8"))


def _joined_along(words: np.ndarray, axis: int, *, closed: bool) -> np.ndarray:
    """OR (closed voxels) or AND (dual) of each voxel with its neighbour along an axis."""
    if axis == words.ndim - 1:
        neighbour = words << np.uint64(1)
        neighbour[..., 1:] |= words[..., :-1] >> np.uint64(63)
        here = words
    else:
        before = (slice(None),) * axis
        here, neighbour = words[(*before, slice(1, None))], words[(*before, slice(None, -1))]
    joined: np.ndarray = here | neighbour if closed else here & neighbour
    return joined
