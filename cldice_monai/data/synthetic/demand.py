"""Arterial trees that grow to where the tissue lacks oxygen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.growth import GrowingTrees
from cldice_monai.data.synthetic.oxygen import OxygenField
from cldice_monai.data.synthetic.presets import DemandSettings, GeometrySettings
from cldice_monai.data.synthetic.tree import VesselTree

__all__ = ["grow_on_demand"]

_Array = npt.NDArray[np.float64]
_TRIES = 6  # targets drawn for every end wanted; some cannot be reached without touching a vessel
_STEPS = 33  # points along a new branch at which the gap to other vessels is measured


def grow_on_demand(
    low: _Array,
    high: _Array,
    *,
    settings: GeometrySettings,
    demand: DemandSettings,
    rng: np.random.Generator,
) -> VesselTree:
    """Grow trees from stems on one face of a box, each new end where oxygen is low.

    Vessels give oxygen to what lies around them; where it is low the tissue gives off growth
    factor. The next ends are drawn where there is much of it, each is joined to the tree at the
    place of smallest volume, radii follow Murray's law, and the new branches give oxygen in turn.

    Args:
        low: (3,) float64, the first corner of the box, in voxels; the stems come in there, along
            the last axis.
        high: (3,) float64, its opposite corner.
        settings: number of ends, radii and clearance.
        demand: stems, oxygen and how it steers the growth.
        rng: source of randomness.

    Returns:
        All trees, with the ends of the trunks and as many others as asked for or, where there is
        no room, fewer.

    Example:
        >>> import numpy as np
        >>> settings, demand = GeometrySettings(), DemandSettings()
        >>> box, rng = np.full(3, 80.0), np.random.default_rng(0)
        >>> trees = grow_on_demand(0 * box, box, settings=settings, demand=demand, rng=rng)
        >>> len(trees.ends()), round(settings.terminals_per_megavoxel * 0.512)
        (21, 20)

    Reference:
        Schneider et al., Medical Image Analysis 16 (2012): growth of arterial trees by metabolic
        demand. What is and is not as there is in docs/synthetic.md.
    """
    megavoxels = float(np.prod(high - low)) / 1e6
    n_ends = max(3, round(settings.terminals_per_megavoxel * megavoxels))
    n_stems = max(1, round(demand.stems_per_megavoxel * megavoxels))
    stems = _place_stems(n_stems, low, high, demand.stem_fraction, rng)
    stem_radius = np.full(n_stems, settings.terminal_radius)
    exponent = settings.murray_exponent
    growing = GrowingTrees(stems, stem_radius, n_ends, murray_exponent=exponent)
    if demand.far_trunks:
        growing.extend_trunks(_far_ends(stems[:, 1], low, high, rng))
    field = OxygenField(low, high, reach=demand.oxygen_reach)
    field.supply(growing.segments_since(0))
    n_joined = n_tried = 0
    while n_joined < n_ends and n_tried < _TRIES * n_ends:
        count = min(n_ends - n_joined, 1 + n_joined // demand.rounds)
        targets = field.draw_targets(count, sharpness=demand.sharpness, rng=rng)
        spread = np.exp(settings.demand_spread * rng.standard_normal(count))
        radii = settings.terminal_radius * spread ** (1.0 / exponent)
        before = growing.n
        for target, radius in zip(targets, radii.tolist(), strict=True):
            n_joined += growing.try_join(
                target,
                radius,
                clearance=settings.clearance,
                min_length=demand.min_length,
                n_steps=_STEPS,
            )
        n_tried += count
        field.supply(growing.segments_since(before))
    return growing.trees()


def _place_stems(
    count: int, low: _Array, high: _Array, fraction: float, rng: np.random.Generator
) -> _Array:
    """Choose (count, 2, 3) straight stems; of several draws the one far from the others."""
    drawn = low + (high - low) * (0.05 + 0.9 * rng.random((count, 4, 3)))
    drawn[:, :, 2] = low[2]
    chosen = [drawn[0, 0]]
    for draws in drawn[1:]:
        apart = np.sqrt(((draws[:, None] - np.stack(chosen)) ** 2).sum(axis=2)).min(axis=1)
        chosen.append(draws[int(np.argmax(apart))])
    start = np.stack(chosen)
    end = start.copy()
    end[:, 2] += fraction * (high[2] - low[2])
    return np.stack([start, end], axis=1)


def _far_ends(starts: _Array, low: _Array, high: _Array, rng: np.random.Generator) -> _Array:
    """Choose (T, 3) ends for the trunks; of several draws the farthest from the start."""
    draws = low + (high - low) * rng.random((len(starts), 3, 3))
    apart = ((draws - starts[:, None]) ** 2).sum(axis=2)
    return np.asarray(draws[np.arange(len(starts)), np.argmax(apart, axis=1)])
