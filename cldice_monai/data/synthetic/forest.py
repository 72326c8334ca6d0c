"""Several trees in one volume: trunks that cross it and the targets that each tree serves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cldice_monai.data.synthetic.growth import grow_tree
from cldice_monai.data.synthetic.presets import GeometrySettings
from cldice_monai.data.synthetic.tree import Segments, VesselTree

__all__ = ["grow_forest"]

_Array = npt.NDArray[np.float64]


def grow_forest(
    shape: Sequence[int],
    low: _Array,
    high: _Array,
    *,
    settings: GeometrySettings,
    rng: np.random.Generator,
) -> list[VesselTree]:
    """Grow trees whose trunks cross a box and whose branches keep off each other.

    Each tree has a few main branches that leave the box, too, and serves the tree ends that lie
    nearest to its trunk.

    Args:
        shape: the volume's three sides in voxels, which set the trunks' radii.
        low: (3,) float64, the first corner of the box to grow in.
        high: (3,) float64, its opposite corner.
        settings: densities and radii.
        rng: source of randomness.

    Returns:
        One tree or more.

    Example:
        >>> import numpy as np
        >>> from cldice_monai.data.synthetic.presets import GeometrySettings
        >>> box, rng = np.full(3, 60.0), np.random.default_rng(0)
        >>> forest = grow_forest((60,) * 3, 0 * box, box, settings=GeometrySettings(), rng=rng)
        >>> len(forest), len(forest[0].ends()) > 2
        (1, True)
    """
    megavoxels = float(np.prod(high - low)) / 1e6
    n_trees = max(1, round(settings.trees_per_megavoxel * megavoxels))
    trunks = _place_trunks(n_trees, low, high, rng)
    fraction = rng.uniform(*settings.trunk_radius_fraction, size=n_trees)
    trunk_radius = np.clip(fraction * min(shape), *settings.trunk_radius_limits)
    n_targets = max(3, round(settings.terminals_per_megavoxel * megavoxels))
    targets, target_radius = _draw_targets(n_targets, low, high, settings, rng)
    owner = _nearest_trunk(trunks, targets)

    trees: list[VesselTree] = []
    for i in range(n_trees):
        exits = _draw_exits(settings.exits_per_tree, low, high, rng)
        share = rng.uniform(0.4, 0.75, size=len(exits))
        exit_radius = np.maximum(share * trunk_radius[i], settings.terminal_radius)
        later = Segments(trunks[i + 1 :, 0], trunks[i + 1 :, 1], trunk_radius[i + 1 :])
        trees.append(
            grow_tree(
                trunks[i],
                float(trunk_radius[i]),
                np.concatenate([exits, targets[owner == i]]),
                np.concatenate([exit_radius, target_radius[owner == i]]),
                obstacles=Segments.join([*(tree.segments() for tree in trees), later]),
                clearance=settings.clearance,
                murray_exponent=settings.murray_exponent,
            )
        )
    return trees


def _draw_targets(
    count: int, low: _Array, high: _Array, settings: GeometrySettings, rng: np.random.Generator
) -> tuple[_Array, _Array]:
    """Draw (count, 3) tree ends in the box and the radius of the branch to each."""
    demand = np.exp(settings.demand_spread * rng.standard_normal(count))
    radius = settings.terminal_radius * demand ** (1.0 / settings.murray_exponent)
    return low + (high - low) * rng.random((count, 3)), radius


def _nearest_trunk(trunks: _Array, targets: _Array) -> npt.NDArray[np.int64]:
    n_steps = 17
    steps = np.linspace(0.0, 1.0, n_steps)[None, :, None]
    along = trunks[:, None, 0] * (1.0 - steps) + trunks[:, None, 1] * steps
    return np.asarray(cKDTree(along.reshape(-1, 3)).query(targets)[1] // n_steps)


def _draw_exits(count: int, low: _Array, high: _Array, rng: np.random.Generator) -> _Array:
    """Draw (count, 3) points on the faces of the box."""
    exits = low + (high - low) * rng.random((count, 3))
    axis, at_high = rng.integers(3, size=count), rng.integers(2, size=count)
    exits[np.arange(count), axis] = np.where(at_high == 1, high[axis], low[axis])
    return exits


def _place_trunks(n_trees: int, low: _Array, high: _Array, rng: np.random.Generator) -> _Array:
    """Choose (n_trees, 2, 3) ends on opposite faces; of several draws the one far from others."""
    trunks: list[_Array] = []
    steps = np.linspace(0.0, 1.0, 9)[:, None]
    for _ in range(n_trees):
        draws = np.stack([_draw_trunk(low, high, rng) for _ in range(6)])
        if trunks:
            drawn = draws[:, None, 0] * (1 - steps) + draws[:, None, 1] * steps
            placed = np.concatenate([t[0] * (1 - steps) + t[1] * steps for t in trunks])
            apart = cKDTree(placed).query(drawn)[0].min(axis=1)
            trunks.append(draws[int(np.argmax(apart))])
        else:
            trunks.append(draws[0])
    return np.stack(trunks)


def _draw_trunk(low: _Array, high: _Array, rng: np.random.Generator) -> _Array:
    # off the middle, but not so far that a small volume's trunk passes beside it
    room = np.maximum((high - low) / 2.0 - 12.0, 0.0)
    ends = (low + high) / 2.0 + room * rng.uniform(-1.0, 1.0, size=(2, 3))
    axis = int(rng.integers(3))
    flipped = bool(rng.integers(2))
    ends[int(flipped), axis], ends[int(not flipped), axis] = low[axis], high[axis]
    return ends
