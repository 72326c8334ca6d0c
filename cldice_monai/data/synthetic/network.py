"""Trees and capillary mesh put together to one network of straight segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from cldice_monai.data.synthetic.demand import grow_on_demand
from cldice_monai.data.synthetic.forest import grow_forest
from cldice_monai.data.synthetic.mesh import join_neighbours, scatter_points
from cldice_monai.data.synthetic.presets import GeometrySettings

__all__ = ["StraightNetwork", "grow_network"]

_Array = npt.NDArray[np.float64]
_MARGIN = 8.0  # voxels grown beyond the volume, so that its border cuts vessels as a crop does


@dataclass(frozen=True, eq=False)
class StraightNetwork:
    """Nodes joined by straight segments.

    Args:
        nodes: (N, 3) float64, in voxels.
        pairs: (E, 2) int64, the nodes of each segment; in a tree the one nearer the root first.
        radius: (E,) float64, in voxels.
        is_tree: (E,) bool, False for capillaries.
    """

    nodes: _Array
    pairs: npt.NDArray[np.int64]
    radius: _Array
    is_tree: npt.NDArray[np.bool_]

    def subset(self, keep: npt.NDArray[np.bool_]) -> StraightNetwork:
        """Return the network with the chosen segments only; nodes keep their numbers."""
        return StraightNetwork(self.nodes, self.pairs[keep], self.radius[keep], self.is_tree[keep])


def grow_network(
    shape: Sequence[int], *, settings: GeometrySettings, rng: np.random.Generator
) -> StraightNetwork:
    """Grow trees that cross a volume and a capillary mesh that joins their ends.

    Args:
        shape: the volume's three sides in voxels.
        settings: densities and radii.
        rng: source of randomness.

    Returns:
        A network that reaches a few voxels beyond the volume.

    Example:
        >>> import numpy as np
        >>> from cldice_monai.data.synthetic.presets import GeometrySettings
        >>> rng = np.random.default_rng(0)
        >>> network = grow_network((48, 48, 48), settings=GeometrySettings(), rng=rng)
        >>> bool(network.is_tree.any() and not network.is_tree.all())
        True
    """
    if settings.demand is not None:
        inset = settings.demand.inset_fraction * min(shape)
        low, high = np.full(3, inset), np.array(shape, dtype=np.float64) - 1.0 - inset
        low[2] = 0.0  # the stems come in through the first face of the last axis
        trees = [grow_on_demand(low, high, settings=settings, demand=settings.demand, rng=rng)]
    elif settings.trees_per_megavoxel <= 0 and np.isinf(settings.capillary_distance):
        raise ValueError(
            "settings must have trees_per_megavoxel above 0 or a finite capillary_distance; "
            "without both there is no vessel"
        )
    else:
        low, high = np.full(3, -_MARGIN), np.array(shape, dtype=np.float64) - 1.0 + _MARGIN
        trees = []
        if settings.trees_per_megavoxel > 0:
            trees = grow_forest(shape, low, high, settings=settings, rng=rng)
    if not trees:
        nothing = StraightNetwork(
            np.zeros((0, 3)), np.zeros((0, 2), np.int64), np.zeros(0), np.zeros(0, bool)
        )
        return _with_mesh(nothing, np.zeros(0, np.int64), low, high, settings, rng)
    offsets = np.concatenate([[0], np.cumsum([len(tree.parent) for tree in trees])])
    pairs = np.concatenate([t.pairs() + o for t, o in zip(trees, offsets[:-1], strict=True)])
    network = StraightNetwork(
        nodes=np.concatenate([tree.position for tree in trees]),
        pairs=pairs,
        radius=np.concatenate([tree.segments().radius for tree in trees]),
        is_tree=np.ones(len(pairs), dtype=bool),
    )
    if np.isinf(settings.capillary_distance):
        return network
    ends = np.concatenate([t.ends() + o for t, o in zip(trees, offsets[:-1], strict=True)])
    return _with_mesh(network, ends, low, high, settings, rng)


def _with_mesh(
    network: StraightNetwork,
    ends: npt.NDArray[np.int64],
    low: _Array,
    high: _Array,
    settings: GeometrySettings,
    rng: np.random.Generator,
) -> StraightNetwork:
    """Add capillaries that join scattered nodes and the trees' ends."""
    nodes, pairs, radius = network.nodes, network.pairs, network.radius
    occupied, occupied_radius = _points_on(nodes, pairs, radius)
    free = scatter_points(low, high, settings.capillary_distance, rng=rng)
    free = free[_clearance(free, occupied, occupied_radius) > 0.6 * settings.capillary_distance]
    mesh_nodes = np.concatenate([nodes[ends], free])
    index = np.concatenate([ends, len(nodes) + np.arange(len(free))])
    mesh = join_neighbours(mesh_nodes)
    # a capillary starts at a tree's end, so what lies around the ends is not in its way
    in_the_way = _distance(occupied, nodes[ends]) > 4.0
    mesh = mesh[_keeps_off(mesh_nodes, mesh, occupied[in_the_way], occupied_radius[in_the_way])]
    smallest, largest = settings.capillary_radius
    mesh_radius = smallest + (largest - smallest) * rng.random(len(mesh))
    return StraightNetwork(
        nodes=np.concatenate([nodes, free]),
        pairs=np.concatenate([pairs, index[mesh]]),
        radius=np.concatenate([radius, mesh_radius]),
        is_tree=np.arange(len(pairs) + len(mesh)) < len(pairs),
    )


def _points_on(
    nodes: _Array, pairs: npt.NDArray[np.int64], radius: _Array
) -> tuple[_Array, _Array]:
    """Sample straight segments about every two voxels."""
    start, end = nodes[pairs[:, 0]], nodes[pairs[:, 1]]
    count = np.ceil(np.sqrt(((end - start) ** 2).sum(axis=1)) / 2.0).astype(np.int64) + 1
    edge = np.repeat(np.arange(len(pairs)), count)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    t = (step / np.maximum(count[edge] - 1, 1))[:, None]
    return start[edge] * (1.0 - t) + end[edge] * t, radius[edge]


def _distance(points: _Array, others: _Array) -> _Array:
    """Return the distance of each point to the nearest of others, inf where there is none."""
    return np.asarray(cKDTree(others.reshape(-1, 3)).query(points)[0])


def _clearance(points: _Array, occupied: _Array, occupied_radius: _Array) -> _Array:
    if not len(occupied):
        return np.full(len(points), np.inf)
    distance, nearest = cKDTree(occupied).query(points)
    return np.asarray(distance - occupied_radius[nearest])


def _keeps_off(
    nodes: _Array, pairs: npt.NDArray[np.int64], occupied: _Array, occupied_radius: _Array
) -> npt.NDArray[np.bool_]:
    """Tell which capillaries do not run through a tree; their ends may hang on it."""
    t = np.linspace(0.2, 0.8, 7)[:, None, None]
    middle = nodes[pairs[:, 0]] * (1.0 - t) + nodes[pairs[:, 1]] * t
    clear = _clearance(middle.reshape(-1, 3), occupied, occupied_radius).reshape(7, -1)
    return np.asarray(clear.min(axis=0) > 2.5)
