"""Oxygen around growing vessels, and where the tissue asks for more of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cldice_monai.data.synthetic.tree import Segments

__all__ = ["OxygenField"]

_Array = npt.NDArray[np.float64]
_CELL = 4.0  # voxels; side of the cells in which the field is kept


class OxygenField:
    """Oxygen in a box of tissue: one at a vessel's wall, falling exponentially with the distance.

    Where oxygen is low the tissue gives off growth factor, which spreads a little.

    Args:
        low: (3,) float64, the first corner of the box, in voxels.
        high: (3,) float64, its opposite corner.
        reach: distance from the nearest vessel at which 1 / e of the oxygen is left, in voxels.

    Example:
        >>> import numpy as np
        >>> field = OxygenField(np.zeros(3), np.full(3, 40.0), reach=8.0)
        >>> start, end = np.array([[0.0, 20, 20]]), np.array([[40.0, 20, 20]])
        >>> field.supply(Segments(start, end, np.ones(1)))
        >>> oxygen = field.oxygen()[5]  # a slice of 10 x 10 cells across the vessel
        >>> bool(oxygen[5, 5] > 0.7), bool(oxygen[0, 0] < 0.1)
        (True, True)
    """

    def __init__(self, low: _Array, high: _Array, *, reach: float) -> None:
        count = np.maximum(np.round((high - low) / _CELL).astype(np.int64), 1)
        self._low, self._side, self._reach = low, (high - low) / count, reach
        self._distance = np.full(count, np.inf)

    def supply(self, vessels: Segments) -> None:
        """Add vessels that give oxygen; beyond five times the reach they are not felt."""
        around = 5.0 * self._reach + vessels.radius[:, None]
        first = np.minimum(vessels.low, vessels.high) - around
        last = np.maximum(vessels.low, vessels.high) + around
        start = np.maximum(np.ceil((first - self._low) / self._side - 0.5), 0).astype(np.int64)
        stop = np.floor((last - self._low) / self._side - 0.5).astype(np.int64) + 1
        for i in range(len(vessels.radius)):
            box = tuple(slice(a, max(b, a)) for a, b in zip(start[i], stop[i], strict=True))
            part = self._distance[box]
            if part.size:
                np.minimum(part, self._distance_to(vessels, i, start[i], part.shape), out=part)

    def _distance_to(
        self, vessels: Segments, i: int, start: npt.NDArray[np.int64], shape: tuple[int, ...]
    ) -> _Array:
        """Distance of a box of cells to the wall of one vessel, axis by axis."""
        along = vessels.high[i] - vessels.low[i]
        away = []
        for axis in range(3):
            centre = (start[axis] + np.arange(shape[axis]) + 0.5) * self._side[axis]
            line = [1, 1, 1]
            line[axis] = -1
            away.append((self._low[axis] + centre - vessels.low[i, axis]).reshape(line))
        t = sum(a * x for a, x in zip(away, along, strict=True))
        t = np.clip(t / max(float((along**2).sum()), 1e-12), 0.0, 1.0)
        square = sum((a - t * x) ** 2 for a, x in zip(away, along, strict=True))
        return np.maximum(np.sqrt(square) - vessels.radius[i], 0.0)

    def oxygen(self) -> _Array:
        """Return the oxygen at every cell, between 0 and 1."""
        return np.asarray(np.exp(-self._distance / self._reach))

    def draw_targets(self, count: int, *, sharpness: float, rng: np.random.Generator) -> _Array:
        """Draw places that ask for a vessel, the more likely the more growth factor is there.

        Args:
            count: how many.
            sharpness: the chance of a cell is its growth factor to this power; 0 ignores it.
            rng: source of randomness.

        Returns:
            (count, 3) float64, in voxels.
        """
        spread = 0.5 * self._reach / self._side
        factor = ndimage.gaussian_filter(1.0 - self.oxygen(), spread, mode="nearest", truncate=2.0)
        chance = np.cumsum(np.maximum(factor, 1e-9).ravel() ** sharpness)
        cell = np.searchsorted(chance, chance[-1] * rng.random(count), side="right")
        cell = np.minimum(cell, chance.size - 1)
        index = np.stack(np.unravel_index(cell, self._distance.shape), axis=1)
        return self._low + (index + rng.random((count, 3))) * self._side
