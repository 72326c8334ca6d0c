"""Straight segments turned into winding polylines with a radius at every point."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.network import StraightNetwork
from cldice_monai.data.synthetic.presets import GeometrySettings

__all__ = ["Curves", "bend"]

_Array = npt.NDArray[np.float64]
_STEP = 0.8  # voxels between two points of a polyline, before the network is bent
_N_WAVES = 4


@dataclass(frozen=True, eq=False)
class Curves:
    """All polylines one after another.

    Args:
        points: (P, 3) float64, in voxels.
        radius: (P,) float64, in voxels.
        bounds: (E + 1,) int64; polyline e is points[bounds[e]:bounds[e + 1]].
    """

    points: _Array
    radius: _Array
    bounds: npt.NDArray[np.int64]

    def subset(self, keep: npt.NDArray[np.bool_]) -> Curves:
        """Return the chosen polylines only."""
        count = np.diff(self.bounds)
        of_point = np.repeat(keep, count)
        bounds = np.concatenate([[0], np.cumsum(count[keep])])
        return Curves(self.points[of_point], self.radius[of_point], bounds)


def bend(
    network: StraightNetwork, *, settings: GeometrySettings, rng: np.random.Generator
) -> Curves:
    """Draw each segment as a winding curve whose radius varies along it.

    At a node the two segments that go on most nearly straight share their tangent; the others
    leave on their own line. Detours and the change of radius vanish at the nodes, so that segments
    meet there and Murray's law holds for the radii at their ends. Last, one smooth and invertible
    displacement bends the whole network, which leaves its topology as it is.

    Args:
        network: the straight segments.
        settings: tortuosity, displacement and variation of the radius.
        rng: source of randomness.

    Returns:
        One polyline for each segment, from its first node to its second.
    """
    start, end = network.nodes[network.pairs[:, 0]], network.nodes[network.pairs[:, 1]]
    chord = end - start
    length = np.sqrt((chord**2).sum(axis=1))
    count = np.maximum(np.ceil(length / _STEP).astype(np.int64), 3) + 1
    bounds = np.concatenate([[0], np.cumsum(count)])
    edge = np.repeat(np.arange(len(count)), count)
    t = (np.arange(len(edge)) - bounds[edge]) / (count[edge] - 1)

    tangents = _tangents(network, chord / np.maximum(length, 1e-9)[:, None]) * length[:, None, None]
    points = _hermite(start[edge], end[edge], tangents[edge, 0], tangents[edge, 1], t[:, None])
    waves = np.sin(np.pi * t[:, None] * np.arange(1, _N_WAVES + 1))
    falling = 1.0 / np.arange(1, _N_WAVES + 1)
    detours = rng.standard_normal((len(count), _N_WAVES, 3)) * falling[:, None]
    # a long vessel winds more often, not further, than one of some 20 voxels
    detours *= settings.tortuosity * np.minimum(length, 20.0)[:, None, None]
    # flat at the nodes, so that a detour does not turn a fork into a slit
    gentle = waves * (4.0 * t * (1.0 - t))[:, None]
    points += (gentle[:, :, None] * detours[edge]).sum(axis=1)
    # a short thick piece would look like a bead, so it swells less
    room = np.minimum(1.0, length / (12.0 * network.radius))
    swell = rng.standard_normal((len(count), _N_WAVES)) * falling
    swell *= (settings.radius_variation * room)[:, None]
    factor = np.exp((waves * swell[edge]).sum(axis=1))
    # a capillary never falls below the smallest radius, a detail the label could not show
    radius = np.maximum(
        network.radius[edge] * factor,
        np.minimum(network.radius[edge], settings.capillary_radius[0]),
    )
    if settings.radius_step > 0.0:
        steps = np.maximum(np.round(radius / settings.radius_step), 1.0)
        radius = settings.radius_step * steps
    return Curves(_displace(points, settings, rng), radius, bounds)


def _tangents(network: StraightNetwork, direction: _Array) -> _Array:
    """Return (E, 2, 3): unit tangents along the segment at its first and second node."""
    tangents = np.repeat(direction[:, None], 2, axis=1)
    n_edges = len(network.pairs)
    node = network.pairs.T.ravel()
    outward = np.concatenate([direction, -direction])
    order = np.argsort(node, kind="stable")
    bounds = np.searchsorted(node[order], np.arange(len(network.nodes) + 1))
    for low, high in itertools.pairwise(bounds):
        ends = order[low:high]
        if len(ends) < 2:
            continue
        radius = network.radius[ends % n_edges]
        likeness = np.minimum(radius[:, None], radius) / np.maximum(radius[:, None], radius)
        opposed = -(outward[ends][:, None] * outward[ends]).sum(axis=2) * likeness
        i, j = np.unravel_index(int(np.argmax(opposed)), opposed.shape)
        if opposed[i, j] < 0.2:
            continue
        through = outward[ends[i]] - outward[ends[j]]
        through /= np.sqrt((through**2).sum())
        for end, leaving in ((ends[i], through), (ends[j], -through)):
            is_second = int(end >= n_edges)
            tangents[end % n_edges, is_second] = -leaving if is_second else leaving
    return tangents


def _hermite(start: _Array, end: _Array, from_: _Array, to: _Array, t: _Array) -> _Array:
    """Cubic Hermite curve, exactly at its ends for t = 0 and t = 1."""
    s = 1.0 - t
    middle = t * t * (3.0 - 2.0 * t)
    return start * (1.0 - middle) + end * middle + from_ * (t * s * s) - to * (t * t * s)


def _displace(points: _Array, settings: GeometrySettings, rng: np.random.Generator) -> _Array:
    """Shift along a few sine waves across the volume, whose middle stays where it is."""
    if not len(points):
        return points
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    n_waves = 3
    length = settings.warp_wavelength * (1.0 + rng.random(n_waves))
    facing = rng.standard_normal((n_waves, 3))
    facing /= np.sqrt((facing**2).sum(axis=1, keepdims=True))
    phase = 2.0 * np.pi * rng.random(n_waves)
    shift = rng.standard_normal((n_waves, 3))
    # shear only: across its own direction a wave can never fold space
    shift -= (shift * facing).sum(axis=1, keepdims=True) * facing
    shift /= np.maximum(np.sqrt((shift**2).sum(axis=1, keepdims=True)), 1e-9)
    moved = np.concatenate([points, middle[None]])
    for i in range(n_waves):
        along = (moved * facing[i]).sum(axis=1)
        angle = 2.0 * np.pi * along / length[i] + phase[i]
        moved += settings.warp_amplitude * np.sin(angle)[:, None] * shift[i]
    return np.asarray(moved[:-1] - (moved[-1] - middle))
