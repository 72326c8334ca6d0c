"""A vessel graph drawn into voxels by the distance to its polylines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.forks import Pieces, fork_webs
from cldice_monai.data.synthetic.sample import VesselGraph

__all__ = ["Raster", "digitise", "rasterise"]

_Array = npt.NDArray[np.float64]
_CHUNK = 1 << 16  # voxel-segment pairs looked at at a time; small enough to stay in the cache


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

    Where two vessels part, the slit between them is filled until it is too wide for their voxels
    to touch, so that forks make no loops. The voxels that a polyline runs through are always
    drawn, and any two that follow each other touch (26 neighbours). So a vessel thinner than a
    voxel never breaks up.

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
        for index, thickness, owner in _covered(_joined(_pieces(graph), fork_webs(graph)), size):
            # of repeated voxels the last, thickest one is kept
            thicker = thickness > radius.ravel()[index]
            radius.ravel()[index[thicker]] = thickness[thicker]
            edge.ravel()[index[thicker]] = owner[thicker]
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
    pieces = _pieces(graph)
    start, end, radius = pieces.start, pieces.end, pieces.radius
    # at most half a voxel a step, so that rounding moves by at most one voxel along each axis
    count = np.ceil(2.0 * np.abs(end - start).max(axis=1)).astype(np.int64) + 1
    piece = np.repeat(np.arange(len(start)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    t = step / np.maximum(count[piece] - 1, 1)
    points = start[piece] * (1.0 - t[:, None]) + end[piece] * t[:, None]
    voxels = np.floor(points + 0.5).astype(np.int64)
    thickness = radius[piece, 0] * (1.0 - t) + radius[piece, 1] * t
    return voxels, thickness.astype(np.float32), pieces.edge[piece]


def _pieces(graph: VesselGraph) -> Pieces:
    """Return all line pieces of all polylines."""
    counts = [len(edge.polyline) - 1 for edge in graph.edges]
    return Pieces(
        np.concatenate([edge.polyline[:-1] for edge in graph.edges]),
        np.concatenate([edge.polyline[1:] for edge in graph.edges]),
        np.concatenate([np.stack([e.radius[:-1], e.radius[1:]], axis=1) for e in graph.edges]),
        np.repeat(np.arange(len(counts), dtype=np.int32), counts),
    )


def _joined(a: Pieces, b: Pieces) -> Pieces:
    return Pieces(
        np.concatenate([a.start, b.start]),
        np.concatenate([a.end, b.end]),
        np.concatenate([a.radius, b.radius]),
        np.concatenate([a.edge, b.edge]),
    )


def _covered(
    pieces: Pieces, size: tuple[int, ...]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int32]]]:
    """Yield covered voxels, the radius there and the edge, thin before thick in each answer."""
    reach = pieces.radius.max(axis=1)
    reach = reach + np.sqrt(((pieces.end - pieces.start) ** 2).sum(axis=1)) / 2.0
    order = np.argsort(reach, kind="stable")
    reach = reach[order]
    low = 0
    while low < len(order):
        # one set of offsets serves a run of pieces of about the same reach
        n = max(1, int(_CHUNK / (4.2 * (reach[low] + 1.0) ** 3)))
        n = min(n, int(np.searchsorted(reach, 1.15 * reach[low] + 0.05)) - low)
        chosen = order[low : low + n]
        part = Pieces(
            pieces.start[chosen], pieces.end[chosen], pieces.radius[chosen], pieces.edge[chosen]
        )
        yield _cover(part, float(reach[low + n - 1]), size)
        low += n


def _cover(
    pieces: Pieces, reach: float, size: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    middle = np.floor((pieces.start + pieces.end) / 2.0 + 0.5).astype(np.int32)
    offsets = _ball(reach + 0.87)  # the middle lies up to half a voxel's diagonal off its voxel
    a = (pieces.start - middle).astype(np.float32)
    b = (pieces.end - pieces.start).astype(np.float32)
    r = pieces.radius.astype(np.float32)
    b_unit = b / np.maximum((b * b).sum(axis=1, keepdims=True), np.float32(1e-9))
    grid = offsets.astype(np.float32)
    away = [grid[:, k] - a[:, k, None] for k in range(3)]
    t = away[0] * b_unit[:, 0, None]
    for k in (1, 2):
        t += away[k] * b_unit[:, k, None]
    np.clip(t, np.float32(0.0), np.float32(1.0), out=t)
    beyond = t * (r[:, 1] - r[:, 0])[:, None]
    beyond += r[:, 0, None]
    thickness = beyond.copy()
    beyond *= beyond
    for k in range(3):
        away[k] -= t * b[:, k, None]
        away[k] *= away[k]
        beyond -= away[k]
    piece, offset = np.nonzero(beyond >= 0.0)
    x, y, z = (middle[piece, k] + offsets[offset, k] for k in range(3))
    within = (x >= 0) & (x < size[0]) & (y >= 0) & (y < size[1]) & (z >= 0) & (z < size[2])
    covered = thickness[piece, offset]
    chosen = np.flatnonzero(within)
    chosen = chosen[np.argsort(covered[chosen], kind="stable")]
    index = (x[chosen].astype(np.int64) * size[1] + y[chosen]) * size[2] + z[chosen]
    return index, covered[chosen], pieces.edge[piece[chosen]]


def _ball(radius: float) -> npt.NDArray[np.int32]:
    n = int(radius)
    axis = np.arange(-n, n + 1, dtype=np.int32)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return grid[(grid**2).sum(axis=1) <= radius * radius]
