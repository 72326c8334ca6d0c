"""A vessel graph drawn into voxels by the distance to its polylines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.sample import VesselGraph

__all__ = ["Raster", "digitise", "rasterise"]

_Array = npt.NDArray[np.float64]
_CHUNK = 1 << 19  # voxel-segment pairs looked at at a time; small enough to stay in the cache


@dataclass(frozen=True, eq=False)
class Raster:
    """A drawn network.

    Args:
        label: (X, Y, Z) uint8 in {0, 1}.
        centreline: (X, Y, Z) uint8 in {0, 1}.
        radius: (X, Y, Z) float32, radius of the thickest vessel at the voxel, 0 outside.
        edge: (X, Y, Z) int32, index of that vessel in the graph, -1 outside.
    """

    label: npt.NDArray[np.uint8]
    centreline: npt.NDArray[np.uint8]
    radius: npt.NDArray[np.float32]
    edge: npt.NDArray[np.int32]


def rasterise(graph: VesselGraph, shape: Sequence[int]) -> Raster:
    """Draw all voxels whose centre is at most a radius away from a polyline, and the centrelines.

    The voxels that a polyline runs through are always drawn, and any two that follow each other
    touch (26 neighbours). So a vessel thinner than a voxel never breaks up.

    Args:
        graph: polylines within the volume, with the radius at each point in voxels; between two
            points both change linearly.
        shape: the volume's three sides in voxels.

    Returns:
        Label, centreline, radius and edge at every voxel.

    Example:
        >>> import numpy as np
        >>> from cldice_monai.data.synthetic.sample import VesselEdge
        >>> line = np.array([[1.0, 2, 2], [4.0, 2, 2]])
        >>> edge = VesselEdge(0, 1, line, np.array([1.0, 1.0]), "tree")
        >>> raster = rasterise(VesselGraph(line, (edge,)), (6, 5, 5))
        >>> int(raster.centreline.sum()), int(raster.label.sum())  # 4 crosses of 5, and two tips
        (4, 22)
    """
    size = tuple(int(n) for n in shape)
    radius = np.zeros(size, dtype=np.float32)
    edge = np.full(size, -1, dtype=np.int32)
    centreline = np.zeros(size, dtype=np.uint8)
    if graph.edges:
        pieces = _pieces(graph)
        for index, thickness, owner in _covered(pieces, size):
            radius.ravel()[index] = thickness
            edge.ravel()[index] = owner
        voxels, at_radius, owner = digitise(graph)
        where = np.ravel_multi_index(tuple(voxels.T), size)
        centreline.ravel()[where] = 1
        bare = edge.ravel()[where] < 0
        radius.ravel()[where[bare]] = at_radius[bare]
        edge.ravel()[where[bare]] = owner[bare]
    return Raster((edge >= 0).astype(np.uint8), centreline, radius, edge)


def digitise(
    graph: VesselGraph,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return the voxels along all polylines, in order along each of them.

    Args:
        graph: polylines within the volume.

    Returns:
        (V, 3) int64 voxels, with repeats; any two that follow each other on an edge are equal or
        26-neighbours; (V,) float32 the radius there; (V,) int32 the edge.
    """
    start, end, radius, owner = _pieces(graph)
    # at most half a voxel a step, so that rounding moves by at most one voxel along each axis
    count = np.ceil(2.0 * np.abs(end - start).max(axis=1)).astype(np.int64) + 1
    piece = np.repeat(np.arange(len(start)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    t = step / np.maximum(count[piece] - 1, 1)
    points = start[piece] * (1.0 - t[:, None]) + end[piece] * t[:, None]
    voxels = np.floor(points + 0.5).astype(np.int64)
    thickness = radius[piece, 0] * (1.0 - t) + radius[piece, 1] * t
    return voxels, thickness.astype(np.float32), owner[piece]


def _pieces(graph: VesselGraph) -> tuple[_Array, _Array, _Array, npt.NDArray[np.int32]]:
    """Return start (S, 3), end (S, 3), radius at both (S, 2) and edge (S,) of all line pieces."""
    start = np.concatenate([edge.polyline[:-1] for edge in graph.edges])
    end = np.concatenate([edge.polyline[1:] for edge in graph.edges])
    radius = np.concatenate(
        [np.stack([edge.radius[:-1], edge.radius[1:]], axis=1) for edge in graph.edges]
    )
    counts = [len(edge.polyline) - 1 for edge in graph.edges]
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return start, end, radius, owner


def _covered(
    pieces: tuple[_Array, _Array, _Array, npt.NDArray[np.int32]], size: tuple[int, ...]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int32]]]:
    """Yield covered voxels, their radius and edge, thin pieces first so that thick ones win."""
    start, end, radius, owner = pieces
    order = np.argsort(radius.mean(axis=1), kind="stable")
    half = np.sqrt(((end - start) ** 2).sum(axis=1)) / 2.0
    reach = (radius.max(axis=1) + half)[order]
    low = 0
    while low < len(order):
        # one set of offsets serves a run of pieces about as thick
        n = max(1, int(_CHUNK / (4.2 * (reach[low] + 1.5) ** 3)))
        chosen = order[low : low + n]
        low += n
        widest = float((radius[chosen].max(axis=1) + half[chosen]).max())
        yield _cover(start[chosen], end[chosen], radius[chosen], owner[chosen], widest, size)


def _cover(
    start: _Array,
    end: _Array,
    radius: _Array,
    owner: npt.NDArray[np.int32],
    reach: float,
    size: tuple[int, ...],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    middle = np.floor((start + end) / 2.0 + 0.5).astype(np.int32)
    offsets = _ball(reach + 0.87)  # the middle lies up to half a voxel's diagonal off its voxel
    a = (start - middle).astype(np.float32)
    b = (end - start).astype(np.float32)
    length_2 = np.maximum((b * b).sum(axis=1), np.float32(1e-9))
    grid = offsets.astype(np.float32)
    away = [grid[None, :, k] - a[:, None, k] for k in range(3)]
    t = sum(away[k] * (b[:, None, k] / length_2[:, None]) for k in range(3))
    t = np.clip(t, np.float32(0.0), np.float32(1.0))
    distance_2 = sum((away[k] - t * b[:, None, k]) ** 2 for k in range(3))
    r = radius.astype(np.float32)
    here = r[:, None, 0] + t * (r[:, None, 1] - r[:, None, 0])
    piece, offset = np.nonzero(distance_2 <= here * here)
    voxels = middle[piece] + offsets[offset]
    within = ((voxels >= 0) & (voxels < np.array(size))).all(axis=1)
    piece, offset, voxels = piece[within], offset[within], voxels[within]
    index = (voxels[:, 0].astype(np.int64) * size[1] + voxels[:, 1]) * size[2] + voxels[:, 2]
    return index, here[piece, offset], owner[piece]


def _ball(radius: float) -> npt.NDArray[np.int32]:
    n = int(radius)
    axis = np.arange(-n, n + 1, dtype=np.int32)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return grid[(grid**2).sum(axis=1) <= radius * radius]
