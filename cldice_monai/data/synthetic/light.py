"""How bright a vessel is from its wall to its middle, and from its root to its ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from cldice_monai.data.synthetic.fields import smooth_field
from cldice_monai.data.synthetic.presets import ImagingSettings
from cldice_monai.data.synthetic.rasterise import Raster
from cldice_monai.data.synthetic.sample import VesselGraph
from cldice_monai.skeleton.distance import squared_distances

__all__ = ["vessel_light"]

_Array = npt.NDArray[np.float64]
_LUMEN = 0.15  # brightness left within a vessel of which only the wall is stained
_FAINTEST = 0.3  # brightness left at any distance, without which labels name what no one sees


def vessel_light(
    graph: VesselGraph, raster: Raster, *, settings: ImagingSettings, rng: np.random.Generator
) -> npt.NDArray[np.float32] | None:
    """Return what each voxel of a vessel has of its vessel's brightness.

    Of hollow vessels only the wall is bright, as a stain of the wall shows it; thin ones are all
    wall. With a falloff the brightness falls exponentially along the vessels, from the thickest
    vessel of each tree on, through its branches and the capillaries behind them. Depth and shading
    change it with the place, not with the vessel.

    Args:
        graph: the network.
        raster: its drawing.
        settings: ``hollow_fraction``, ``wall_thickness``, ``falloff_length``, ``depth_length``,
            ``absorption_length``, ``shading`` and ``shading_scale``.
        rng: source of randomness; not used where all is off.

    Returns:
        (X, Y, Z) float32, 1 outside the vessels; None where all of it is off.
    """
    by_vessel = settings.hollow_fraction > 0.0 or settings.falloff_length > 0.0
    by_place = max(settings.depth_length, settings.absorption_length, settings.shading) > 0.0
    if not by_vessel and not by_place:
        return None
    light = _light_by_vessel(graph, raster, settings=settings, rng=rng)
    if by_place:
        inside = raster.edge >= 0
        light *= np.where(inside, _light_by_place(inside, settings, rng), np.float32(1.0))
    return light


def _light_by_place(
    inside: npt.NDArray[np.bool_], settings: ImagingSettings, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return what scattering and blood along the last axis, and shading, leave of the light."""
    shape = inside.shape
    light = np.ones(shape, dtype=np.float32)
    if settings.depth_length > 0.0:
        light *= np.exp(-np.arange(shape[-1], dtype=np.float32) / settings.depth_length)
    if settings.absorption_length > 0.0:
        crossed = np.cumsum(inside, axis=-1, dtype=np.float32)
        light *= np.exp((inside - crossed) / np.float32(settings.absorption_length))
    if settings.shading > 0.0:
        field = smooth_field(shape, scale=settings.shading_scale, rng=rng)
        light *= np.exp(np.float32(settings.shading) * field)
    return light


def _light_by_vessel(
    graph: VesselGraph, raster: Raster, *, settings: ImagingSettings, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    light = np.ones(raster.edge.shape, dtype=np.float32)
    index = np.flatnonzero(raster.edge >= 0)
    edge = raster.edge.ravel()[index]
    if settings.falloff_length > 0.0 and len(index):
        along = _distance_along(graph, np.stack(np.unravel_index(index, light.shape), axis=1), edge)
        fallen = np.exp(-along / settings.falloff_length)
        light.ravel()[index] = _FAINTEST + (1.0 - _FAINTEST) * fallen
    if settings.hollow_fraction > 0.0 and len(index):
        vessel = graph.vessels()
        is_hollow = rng.random(int(vessel.max()) + 1) < settings.hollow_fraction
        depth = _depth(raster.edge >= 0)
        # half a voxel lies between the wall and the centre of the first voxel
        inside = np.clip(depth - 0.5 - settings.wall_thickness, 0.0, 1.0)
        inside *= is_hollow[vessel][edge]
        light.ravel()[index] *= (1.0 - (1.0 - _LUMEN) * inside).astype(np.float32)
    return light


def _depth(mask: npt.NDArray[np.bool_]) -> _Array:
    """Return the distance to the background at each voxel of a mask; at the border it goes on."""
    padded = np.pad(np.pad(mask, 8, mode="edge"), 1)
    index = np.flatnonzero(padded)
    square = squared_distances(index, shape=padded.shape, spacing=(1.0, 1.0, 1.0))
    inner = np.zeros(padded.shape, dtype=bool)
    inner[9:-9, 9:-9, 9:-9] = mask
    return np.sqrt(square[inner.ravel()[index]].astype(np.float64))


def _distance_along(
    graph: VesselGraph, voxels: npt.NDArray[np.int64], edge: npt.NDArray[np.int32]
) -> _Array:
    """Return the way of each voxel from the root of its network, along the vessels."""
    at_node = _distance_of_nodes(graph)
    pairs = graph.pairs()
    start, end = graph.nodes[pairs[:, 0]], graph.nodes[pairs[:, 1]]
    chord = end - start
    square = np.maximum((chord**2).sum(axis=1), 1e-9)
    t = ((voxels - start[edge]) * chord[edge]).sum(axis=1) / square[edge]
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(at_node[pairs[edge, 0]] * (1.0 - t) + at_node[pairs[edge, 1]] * t)


def _distance_of_nodes(graph: VesselGraph) -> _Array:
    pairs, component = graph.pairs(), graph.components()
    length = np.array([edge.length() for edge in graph.edges])
    thickness = np.array([edge.radius[0] + 100.0 * (edge.kind == "tree") for edge in graph.edges])
    roots = []
    for name in np.unique(component):
        mine = np.flatnonzero(component[pairs[:, 0]] == name)
        if len(mine):
            roots.append(int(pairs[mine[np.argmax(thickness[mine])], 0]))
    n = len(graph.nodes)
    links = coo_array((np.maximum(length, 1e-6), (pairs[:, 0], pairs[:, 1])), (n, n)).tocsr()
    way = dijkstra(links, directed=False, indices=roots, min_only=True)
    return np.asarray(np.where(np.isfinite(way), way, 0.0))
