"""Join what blocks say about the centreline into figures of the whole volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cldice_monai.topology.block_centreline import BlockCentreline, BlockNetwork, merged_pieces

__all__ = ["CentrelineUnion", "WholeCentreline"]


@dataclass(frozen=True)
class WholeCentreline:
    """Figures of a centreline that was seen block by block.

    Attributes:
        length_mm: of all of it.
        n_branch_points: nodes with three ends of runs or more, as `TracedSkeleton.n_bifurcations`.
        n_end_points: nodes with one.
        n_segments: runs between nodes. The three are None where blocks had too many open pieces.
        radii: different distances to the background in mm, rising.
        counts: voxels with each of them.
        n_too_thick: voxels whose distance is not known, since it is more than a halo.
    """

    length_mm: float
    n_branch_points: int | None
    n_end_points: int | None
    n_segments: int | None
    radii: np.ndarray
    counts: np.ndarray
    n_too_thick: int

    def percentiles(self, shares: Sequence[float]) -> list[float]:
        """Return percentiles of the radius, those of `numpy.percentile` over all voxels.

        Args:
            shares: 0 to 100.

        Raises:
            ValueError: if there is no radius.
        """
        if not len(self.radii):
            raise ValueError("there is no radius; ask for percentiles where radii is not empty")
        last = self.counts.cumsum()
        place = np.asarray(shares) / 100 * (last[-1] - 1)
        lower = self.radii[np.searchsorted(last, np.floor(place), side="right")]
        upper = self.radii[np.searchsorted(last, np.ceil(place), side="right")]
        found: list[float] = (lower + (upper - lower) * (place % 1)).tolist()
        return found


class CentrelineUnion:
    """Adds up what blocks say, in any order.

    A piece that lies in several blocks stays open until all of them were added; the others are
    counted at once. Added row by row, that is about one layer of blocks.

    Args:
        max_open: links between blocks that are kept; beyond, the network is not counted.
    """

    def __init__(self, max_open: int | None = None) -> None:
        self.max_open = max_open
        self._length_mm, self._n_too_thick, self._n_free_ends = 0.0, 0, 0
        self._radii: Counter[float] = Counter()
        self._junctions: Counter[int] = Counter()  # by the number of runs that meet
        self._n_segments = 0
        self._has_network = True
        self._open: list[BlockNetwork] = []
        self._n_open, self._compact_at = 0, 1 << 16

    def add(self, block: BlockCentreline) -> None:
        """Add what `block_centreline` found."""
        self._length_mm += block.length_mm
        self._n_too_thick += block.n_too_thick
        self._radii.update(dict(zip(block.radii.tolist(), block.counts.tolist(), strict=True)))
        if not self._has_network:
            return
        self._n_free_ends += block.network.n_free_ends
        self._open.append(self._without_closed(block.network))
        self._n_open += len(block.network.crossing)
        if self._n_open > self._compact_at:
            self._compact()
            self._compact_at = max(self._compact_at, 2 * self._n_open)
        if self.max_open is not None and self._n_open > self.max_open:
            self._compact()
            self._has_network = self._n_open <= self.max_open // 2
            if not self._has_network:
                self._open.clear()

    def result(self) -> WholeCentreline:
        """Return the figures of the whole volume; call it once, at the end."""
        if self._has_network and self._open:
            self._compact()
            self._count(self._open.pop())
        branches = sum(n for runs, n in self._junctions.items() if runs >= 3)
        ends = self._n_free_ends + self._junctions[1]
        radii = np.array(sorted(self._radii))
        return WholeCentreline(
            length_mm=self._length_mm,
            n_branch_points=branches if self._has_network else None,
            n_end_points=ends if self._has_network else None,
            n_segments=self._n_segments if self._has_network else None,
            radii=radii,
            counts=np.array([self._radii[radius] for radius in radii.tolist()], np.int64),
            n_too_thick=self._n_too_thick,
        )

    def _compact(self) -> None:
        """Join open pieces, and count those that no block to come can go on with."""
        parts, self._open = self._open, []
        firsts = np.cumsum([0, *(len(part.n_runs) for part in parts)])
        crossing = np.concatenate([part.crossing for part in parts])
        crossing[:, 2] += np.repeat(firsts[:-1], [len(part.crossing) for part in parts])
        is_junction = np.concatenate([part.is_junction for part in parts])
        n_runs = np.concatenate([part.n_runs for part in parts])
        parts.clear()
        crossing = crossing[np.argsort(crossing[:, 0], kind="stable")]
        here = crossing[:, 0]
        other = np.searchsorted(here, crossing[:, 1]).clip(max=max(len(here) - 1, 0))
        is_met = here[other] == crossing[:, 1]
        pairs = np.stack([crossing[is_met, 2], crossing[other[is_met], 2]])
        n_pieces, number = merged_pieces(len(n_runs), pairs)
        joined = np.zeros(n_pieces, bool)
        joined[number] = is_junction
        runs = np.bincount(number, weights=n_runs, minlength=n_pieces).astype(np.int64)
        crossing[:, 2] = number[crossing[:, 2]]
        self._open = [self._without_closed(BlockNetwork(0, joined, runs, crossing[~is_met]))]
        self._n_open = len(self._open[0].crossing)

    def _without_closed(self, network: BlockNetwork) -> BlockNetwork:
        """Count the pieces that no link leaves, and return the others."""
        is_open = np.zeros(len(network.n_runs), bool)
        is_open[network.crossing[:, 2]] = True
        self._count(
            BlockNetwork(
                0, network.is_junction[~is_open], network.n_runs[~is_open], network.crossing[:0]
            )
        )
        crossing = network.crossing.copy()
        crossing[:, 2] = (is_open.cumsum() - 1)[crossing[:, 2]]
        return BlockNetwork(0, network.is_junction[is_open], network.n_runs[is_open], crossing)

    def _count(self, network: BlockNetwork) -> None:
        self._n_segments += int((~network.is_junction).sum())
        runs, counts = np.unique(network.n_runs[network.is_junction], return_counts=True)
        self._junctions.update(dict(zip(runs.tolist(), counts.tolist(), strict=True)))
