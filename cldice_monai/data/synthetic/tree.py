"""Straight vessels, and trees of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Segments", "VesselTree"]

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight vessels.

    Args:
        low: (S, 3) float64, where each begins, in voxels.
        high: (S, 3) float64, where it ends.
        radius: (S,) float64.
    """

    low: _Array
    high: _Array
    radius: _Array

    @classmethod
    def join(cls, parts: list[Segments]) -> Segments:
        """Return all segments of all parts."""
        none = cls(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))
        parts = [none, *parts]
        return cls(
            np.concatenate([part.low for part in parts]),
            np.concatenate([part.high for part in parts]),
            np.concatenate([part.radius for part in parts]),
        )

    def gap_to(self, points: _Array) -> _Array:
        """Return (S, P): how far points (P, 3) lie outside the wall of each segment."""
        along = (self.high - self.low)[:, None]
        length_2 = np.maximum((along**2).sum(axis=2), 1e-12)
        away = points - self.low[:, None]
        t = np.clip((away * along).sum(axis=2) / length_2, 0.0, 1.0)
        return np.sqrt(((away - t[:, :, None] * along) ** 2).sum(axis=2)) - self.radius[:, None]


@dataclass(frozen=True, eq=False)
class VesselTree:
    """Rooted trees; node i hangs on ``parent[i]`` by a segment of radius ``radius[i]``.

    Args:
        position: (M, 3) float64, in voxels; first the T roots, then the other ends of the T trunks.
        parent: (M,) int64, -1 at the roots.
        radius: (M,) float64, radius in voxels of the segment above the node.
    """

    position: _Array
    parent: npt.NDArray[np.int64]
    radius: _Array

    def pairs(self) -> npt.NDArray[np.int64]:
        """Return (M - T, 2) int64: parent and child of each segment, in the children's order."""
        child = np.flatnonzero(self.parent >= 0)
        return np.stack([self.parent[child], child], axis=1)

    def segments(self) -> Segments:
        """Return the segments of all nodes but the roots, in the nodes' order."""
        low, high = self.pairs().T
        return Segments(self.position[low], self.position[high], self.radius[high])

    def ends(self) -> npt.NDArray[np.int64]:
        """Return the nodes without children, without the trunks' two ends."""
        is_end = np.ones(len(self.parent), dtype=bool)
        is_end[self.parent[self.parent >= 0]] = False
        is_end[: 2 * int((self.parent < 0).sum())] = False
        return np.flatnonzero(is_end)
