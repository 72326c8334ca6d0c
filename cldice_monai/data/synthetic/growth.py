"""Trees that obey Murray's law, grown by adding one end after another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.tree import Segments, VesselTree

__all__ = ["GrowingTrees", "grow_tree"]

_Array = npt.NDArray[np.float64]
_N_CANDIDATES = 4  # nearest segments that are tried for a target


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
    growing = GrowingTrees(
        trunk[None], np.array([trunk_radius]), len(targets), murray_exponent=murray_exponent
    )
    for target, radius in zip(targets, target_radius, strict=True):
        growing.try_join(
            target, float(radius), obstacles=obstacles, clearance=clearance, min_length=min_length
        )
    return growing.trees()


class GrowingTrees:
    """Trees with room for more ends.

    Args:
        trunks: (T, 2, 3) float64, where each trunk begins and ends, in voxels.
        trunk_radius: (T,) float64, its radius at its end.
        n_targets: how many ends may be joined.
        murray_exponent: n in r_parent^n = sum of r_child^n.
    """

    def __init__(
        self, trunks: _Array, trunk_radius: _Array, n_targets: int, *, murray_exponent: float
    ) -> None:
        n_trunks = len(trunks)
        n_max = 3 * n_trunks + 2 * n_targets
        self.exponent = murray_exponent
        # the first n nodes are in use, the first n_trunks of them are roots
        self.n, self.n_trunks = 2 * n_trunks, n_trunks
        self.position, self.flow = np.zeros((n_max, 3)), np.zeros(n_max)
        self.parent = np.full(n_max, -1, dtype=np.int64)
        self.position[:n_trunks], self.position[n_trunks : self.n] = trunks[:, 0], trunks[:, 1]
        self.parent[n_trunks : self.n] = np.arange(n_trunks)
        self.flow[: self.n] = np.tile(trunk_radius, 2) ** murray_exponent

    def trees(self) -> VesselTree:
        """Return the trees as they are now."""
        used = slice(self.n)
        radius = self.flow[used] ** (1.0 / self.exponent)
        return VesselTree(self.position[used].copy(), self.parent[used].copy(), radius)

    def try_join(
        self,
        target: _Array,
        radius: float,
        *,
        obstacles: Segments | None = None,
        clearance: float,
        min_length: float,
        n_steps: int = 9,
    ) -> bool:
        """Join a target to the nearest segment whose branch would be long enough and touch nothing.

        Args:
            target: (3,) float64, the new end.
            radius: radius of the branch to it.
            obstacles: other vessels to be kept off.
            clearance: smallest gap between the walls of the branch and of another vessel.
            min_length: shortest segment, to which the radius of the vessel is added.
            n_steps: points along the branch at which the gaps are measured.

        Returns:
            Whether it was joined.
        """
        for child in self._nearest_segments(target, _N_CANDIDATES):
            radii = self._radii_if_joined(child, radius)
            ends = np.stack([self.position[self.parent[child]], self.position[child], target])
            fork = _cheapest_point(ends, radii)
            if np.sqrt(((ends - fork) ** 2).sum(axis=1)).min() < min_length + radii[0]:
                continue
            branch = fork + (target - fork) * np.linspace(0.0, 1.0, n_steps)[:, None]
            gap = radius + clearance
            if obstacles is not None and obstacles.gap_to(branch).min(initial=np.inf) < gap:
                continue
            if self._gap_to(branch, fork, child, float(radii[0]), gap) < gap:
                continue
            self._join(child, fork, target, radius)
            return True
        return False

    def extend_trunks(self, ends: _Array) -> None:
        """Let every trunk go on, as thick as it is, to an end; before anything is joined.

        Args:
            ends: (T, 3) float64, in voxels.
        """
        tips = np.arange(self.n_trunks, 2 * self.n_trunks)
        new = self.n + np.arange(self.n_trunks)
        self.position[new], self.parent[new], self.flow[new] = ends, tips, self.flow[tips]
        self.n += self.n_trunks

    def segments_since(self, before: int) -> Segments:
        """Return the segments that are new or changed since there were so many nodes."""
        child = np.arange(self.n_trunks, self.n)
        return self._segments(child[(child >= before) | (self.parent[child] >= before)])

    def _segments(self, child: npt.NDArray[np.int64]) -> Segments:
        radius = self.flow[child] ** (1.0 / self.exponent)
        return Segments(self.position[self.parent[child]], self.position[child], radius)

    def _nearest_segments(self, target: _Array, count: int) -> list[int]:
        children = np.arange(self.n_trunks, self.n)
        gap = self._segments(children).gap_to(target[None])[:, 0]
        return [int(i) + self.n_trunks for i in np.argsort(gap, kind="stable")[:count]]

    def _radii_if_joined(self, child: int, radius: float) -> _Array:
        new = radius**self.exponent
        flows = np.array([self.flow[child] + new, self.flow[child], new])
        return np.asarray(flows ** (1.0 / self.exponent))

    def _gap_to(
        self, branch: _Array, fork: _Array, child: int, radius: float, needed: float
    ) -> float:
        """Return the gap between a new branch and all but the segment it leaves, if below needed.

        Vessels that are further off by far need not be looked at, so inf may mean "enough".
        """
        others = np.arange(self.n_trunks, self.n)
        others = others[others != child]
        reach = needed + self.flow[others] ** (1.0 / self.exponent) + 1e-6
        start, end = self.position[self.parent[others]], self.position[others]
        apart = np.maximum(
            np.minimum(start, end) - branch.max(axis=0), branch.min(axis=0) - np.maximum(start, end)
        )
        gap = self._segments(others[apart.max(axis=1) <= reach]).gap_to(branch)
        # near the fork the branch is still inside its parent vessel or next to its neighbours
        outside = np.sqrt(((branch - fork) ** 2).sum(axis=1)) > 2.0 * radius + 2.0
        return float(gap[:, outside].min(initial=np.inf))

    def _join(self, child: int, fork: _Array, target: _Array, radius: float) -> None:
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
