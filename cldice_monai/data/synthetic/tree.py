"""A branching tree that obeys Murray's law, grown by adding one end after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Segments", "VesselTree", "grow_tree"]

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
    """A rooted tree; node i hangs on ``parent[i]`` by a segment of radius ``radius[i]``.

    Args:
        position: (M, 3) float64, in voxels; node 0 is the root, node 1 the trunk's other end.
        parent: (M,) int64, -1 at the root.
        radius: (M,) float64, radius in voxels of the segment above the node.
    """

    position: _Array
    parent: npt.NDArray[np.int64]
    radius: _Array

    def segments(self) -> Segments:
        """Return the segments of all nodes but the root, in the nodes' order."""
        return Segments(self.position[self.parent[1:]], self.position[1:], self.radius[1:])

    def ends(self) -> npt.NDArray[np.int64]:
        """Return the nodes without children, without the trunk's two ends."""
        is_end = np.ones(len(self.parent), dtype=bool)
        is_end[self.parent[self.parent >= 0]] = False
        is_end[:2] = False
        return np.flatnonzero(is_end)


def grow_tree(
    trunk: _Array,
    trunk_radius: float,
    targets: _Array,
    target_radius: _Array,
    *,
    obstacles: Segments | None = None,
    clearance: float = 2.0,
    murray_exponent: float = 3.0,
    min_length: float = 3.0,
) -> VesselTree:
    """Grow a tree from a trunk towards one target after another.

    Each target is joined to the segment nearest to it. The bifurcation is put where the three
    segments that meet there have the smallest volume, and the flow of the target is added to
    everything upstream, so that Murray's law holds at every bifurcation at all times. A target
    that would make a segment shorter than allowed, or whose branch would touch another vessel, is
    left out.

    Args:
        trunk: (2, 3) float64, where the trunk begins and ends, in voxels.
        trunk_radius: its radius at its end, in voxels.
        targets: (T, 3) float64, the ends to reach, in voxels.
        target_radius: (T,) float64, radius of the branch to each of them.
        obstacles: vessels of other trees, to be kept off.
        clearance: smallest gap between the walls of a new branch and of another vessel, in voxels.
        murray_exponent: n in r_parent^n = sum of r_child^n.
        min_length: shortest segment, in voxels, to which the radius of the vessel is added.

    Returns:
        The tree, with at most 2 + 2 T nodes.

    Example:
        >>> import numpy as np
        >>> trunk = np.array([[0.0, 16, 16], [40.0, 16, 16]])
        >>> tree = grow_tree(trunk, 2.0, np.array([[24.0, 30, 16]]), np.array([1.0]))
        >>> tree.parent.tolist()  # root, trunk's end, bifurcation, target
        [-1, 2, 0, 2]
        >>> round(float(tree.radius[2] ** 3), 6)  # 2 ** 3 + 1 ** 3
        9.0

    Reference:
        Murray, PNAS 12 (1926): the exponent 3 and the bifurcation of least work. Schreiner &
        Buxbaum, IEEE Trans. Biomed. Eng. 40 (1993): growing a tree by adding one end at a time.
    """
    growing = _GrowingTree(trunk, trunk_radius, len(targets), murray_exponent)
    obstacles = obstacles or Segments.join([])
    for target, radius in zip(targets, target_radius, strict=True):
        for child in growing.nearest_segments(target, 4):
            radii = growing.radii_if_joined(child, float(radius))
            ends = np.stack([*growing.segment(child), target])
            fork = _cheapest_point(ends, radii)
            if np.sqrt(((ends - fork) ** 2).sum(axis=1)).min() < min_length + radii[0]:
                continue
            branch = fork + (target - fork) * np.linspace(0.0, 1.0, 9)[:, None]
            gap = float(radius) + clearance
            if obstacles.gap_to(branch).min(initial=np.inf) < gap:
                continue
            if growing.gap_to(branch, fork, child, float(radii[0])) < gap:
                continue
            growing.join(child, fork, target, float(radius))
            break
    return growing.tree()


class _GrowingTree:
    """Arrays with room for all targets; the first ``n`` nodes are in use."""

    def __init__(self, trunk: _Array, trunk_radius: float, n_targets: int, exponent: float) -> None:
        n_max = 2 + 2 * n_targets
        self.exponent = exponent
        self.position, self.flow = np.zeros((n_max, 3)), np.zeros(n_max)
        self.parent = np.full(n_max, -1, dtype=np.int64)
        self.position[:2], self.parent[1] = trunk, 0
        self.flow[:2] = trunk_radius**exponent
        self.n = 2

    def tree(self) -> VesselTree:
        used = slice(self.n)
        radius = self.flow[used] ** (1.0 / self.exponent)
        return VesselTree(self.position[used].copy(), self.parent[used].copy(), radius)

    def segment(self, child: int) -> tuple[_Array, _Array]:
        return self.position[self.parent[child]], self.position[child]

    def nearest_segments(self, target: _Array, count: int) -> list[int]:
        gap = self.tree().segments().gap_to(target[None])[:, 0]
        return [int(i) + 1 for i in np.argsort(gap, kind="stable")[:count]]

    def radii_if_joined(self, child: int, radius: float) -> _Array:
        new = radius**self.exponent
        flows = np.array([self.flow[child] + new, self.flow[child], new])
        return np.asarray(flows ** (1.0 / self.exponent))

    def gap_to(self, branch: _Array, fork: _Array, child: int, radius: float) -> float:
        """Return the gap between a new branch and the tree but for the segment it leaves."""
        others = np.arange(1, self.n) != child
        gap = self.tree().segments().gap_to(branch)[others]
        # near the fork the branch is still inside its parent vessel or next to its neighbours
        outside = np.sqrt(((branch - fork) ** 2).sum(axis=1)) > 2.0 * radius + 2.0
        return float(gap[:, outside].min(initial=np.inf))

    def join(self, child: int, fork: _Array, target: _Array, radius: float) -> None:
        new, n = radius**self.exponent, self.n
        self.position[n], self.position[n + 1] = fork, target
        self.parent[n], self.parent[n + 1] = self.parent[child], n
        self.flow[n], self.flow[n + 1] = self.flow[child], new
        self.parent[child] = n
        node = n
        while node >= 0:
            self.flow[node] += new
            node = int(self.parent[node])
        self.n += 2


def _cheapest_point(ends: _Array, radii: _Array) -> _Array:
    """Weiszfeld's iteration for the point with the least volume of the segments to ``ends``."""
    weight = radii**2
    point = (ends * weight[:, None]).sum(axis=0) / weight.sum()
    for _ in range(12):
        pull = weight / np.maximum(np.sqrt(((ends - point) ** 2).sum(axis=1)), 1e-6)
        point = (ends * pull[:, None]).sum(axis=0) / pull.sum()
    return point
