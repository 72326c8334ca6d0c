"""Join the parts of blocks into the components of the whole volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cldice_monai.topology.blocks import BlockSummary

__all__ = ["BlockUnion", "TooManyPartsError", "WholeTopology", "face_pairs"]

Index = tuple[int, ...]


class TooManyPartsError(RuntimeError):
    """The blocks hold more parts than there is memory to join.

    Example:
        >>> from cldice_monai.topology import blockwise_topology
        >>> specks = np.eye(6, dtype=bool)[::2]  # three voxels that do not touch
        >>> blockwise_topology(specks.__getitem__, specks.shape, block_shape=(3, 6), max_parts=2)
        ... # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.topology.block_union.TooManyPartsError: more than 2 parts ...
    """


@dataclass(frozen=True)
class WholeTopology:
    """Topology of a volume that was seen block by block.

    Attributes:
        betti_numbers: components, loops and, in 3D, cavities.
        euler_characteristic: b0 - b1 + b2.
        n_voxels: foreground voxels.
        component_voxels: voxels of each component, int64.
        touches_border: whether a component touches the border of the volume, bool.

    Example:
        >>> from cldice_monai.topology import blockwise_topology
        >>> ring = np.ones((5, 5, 3), bool)
        >>> ring[2, 2] = False
        >>> whole = blockwise_topology(ring.__getitem__, ring.shape, block_shape=(3, 3, 3))
        >>> whole.betti_numbers, whole.component_voxels.tolist()
        ((1, 1, 0), [72])
    """

    betti_numbers: tuple[int, ...]
    euler_characteristic: int
    n_voxels: int
    component_voxels: np.ndarray
    touches_border: np.ndarray


def face_pairs(last: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return which parts of two blocks are one, from the layer that they share.

    Args:
        last: that layer in one block, numbered as in `BlockSummary`.
        first: the same layer in the next block.

    Returns:
        (n, 2) pairs of numbers without repetition.

    Example:
        >>> face_pairs(np.array([[1, -1, 1]]), np.array([[2, -1, 2]])).tolist()
        [[-1, -1], [1, 2]]
    """
    # two int32 side by side are one int64, which sorts far faster than rows do
    both = np.stack([last.ravel(), first.ravel()], axis=-1).astype(np.int32)
    pairs = np.unique(np.ascontiguousarray(both).view(np.int64))
    return np.ascontiguousarray(pairs).view(np.int32).reshape(-1, 2)


class BlockUnion:
    """Collects summaries of blocks and the pairs between them, in any order.

    Args:
        max_parts: most parts (components of foreground and background of all blocks) to keep.

    Raises:
        TooManyPartsError: when a summary is added that exceeds ``max_parts``.
    """

    def __init__(self, max_parts: int | None = None) -> None:
        self.max_parts = max_parts
        self._first: dict[Index, tuple[int, int]] = {}  # first number of each kind in a block
        self._counts = [0, 1]  # foreground; background, whose number 0 is the outside
        self._euler = 0
        self._voxels: list[np.ndarray] = []
        self._at_border: list[np.ndarray] = []
        self._pairs: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        self._labels: np.ndarray | None = None

    def add(self, index: Index, summary: BlockSummary) -> None:
        """Add a block."""
        first = (self._counts[0], self._counts[1])
        self._first[index] = first
        self._counts[0] += summary.voxels.size
        self._counts[1] += summary.n_background
        if self.max_parts is not None and sum(self._counts) > self.max_parts:
            raise TooManyPartsError(f"more than {self.max_parts} parts in all blocks together")
        self._euler += summary.euler
        self._voxels.append(summary.voxels)
        border = summary.at_border.astype(np.int64)
        self._at_border.append(border[border > 0] - 1 + first[0])
        outside = -border[border < 0] - 1 + first[1]
        self._pairs[1].append(np.stack([np.zeros_like(outside), outside], axis=-1))

    def join(self, index: Index, next_index: Index, pairs: np.ndarray) -> None:
        """Add the pairs between two blocks that were added before."""
        for kind, sign in enumerate((1, -1)):
            here = pairs[sign * pairs[:, 0] > 0].astype(np.int64) * sign - 1
            here += [self._first[index][kind], self._first[next_index][kind]]
            self._pairs[kind].append(here)

    def result(self) -> WholeTopology:
        """Return the topology of the whole volume."""
        n_components, labels = _joined(self._counts[0], self._pairs[0])
        n_background, _ = _joined(self._counts[1], self._pairs[1])
        self._labels = labels
        enclosed = n_background - 1
        ndim = len(next(iter(self._first)))
        loops = n_components + enclosed - self._euler
        voxels = np.zeros(n_components, np.int64)
        np.add.at(voxels, labels, np.concatenate(self._voxels))
        touches = np.zeros(n_components, bool)
        touches[labels[np.concatenate(self._at_border)]] = True
        return WholeTopology(
            betti_numbers=(n_components, enclosed if ndim == 2 else loops, enclosed)[:ndim],
            euler_characteristic=self._euler,
            n_voxels=int(voxels.sum()),
            component_voxels=voxels,
            touches_border=touches,
        )

    def table(self, index: Index, n_parts: int) -> np.ndarray:
        """Return the component of the volume, 1, 2, ..., of each component 0, 1, ... of a block.

        Args:
            index: of the block.
            n_parts: components of its foreground; 0 stands for what is not set, and stays 0.

        Raises:
            RuntimeError: before `result`.
        """
        if self._labels is None:
            raise RuntimeError("the blocks are not joined yet; call result() first")
        first = self._first[index][0]
        return np.concatenate([[0], self._labels[first : first + n_parts] + 1])


def _joined(n_parts: int, pairs: list[np.ndarray]) -> tuple[int, np.ndarray]:
    if not n_parts:
        return 0, np.zeros(0, np.int64)
    first, second = np.concatenate([np.zeros((0, 2), np.int64), *pairs]).T
    graph = coo_matrix((np.ones(first.size, np.int8), (first, second)), shape=(n_parts, n_parts))
    n_joined, labels = connected_components(graph, directed=False)
    return int(n_joined), labels
