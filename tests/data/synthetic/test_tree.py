"""Growing a tree."""

from __future__ import annotations

import numpy as np
import pytest

from cldice_monai.data.synthetic.growth import grow_tree
from cldice_monai.data.synthetic.tree import Segments


def _grown(exponent=3.0):
    rng = np.random.default_rng(3)
    targets = 60.0 * rng.random((40, 3))
    trunk = np.array([[0.0, 30, 30], [60.0, 30, 30]])
    return grow_tree(trunk, 4.0, targets, 1.0 + rng.random(40), murray_exponent=exponent)


@pytest.mark.parametrize("exponent", [2.5, 3.0])
def test_murray_law_holds_at_every_bifurcation(exponent):
    tree = _grown(exponent)
    children = {}
    for node, parent in enumerate(tree.parent[1:].tolist(), start=1):
        children.setdefault(parent, []).append(node)
    forks = [(p, c) for p, c in children.items() if len(c) == 2]
    assert len(forks) >= 12
    for parent, (a, b) in forks:
        total = tree.radius[a] ** exponent + tree.radius[b] ** exponent
        assert tree.radius[parent] ** exponent == pytest.approx(total)


def test_tree_is_a_tree_with_two_children_at_most():
    tree = _grown()
    assert (tree.parent >= 0).sum() == len(tree.parent) - 1
    assert np.bincount(tree.parent[1:]).max() <= 2
    for node in range(len(tree.parent)):
        steps = 0
        while tree.parent[node] >= 0:
            node, steps = tree.parent[node], steps + 1
            assert steps < len(tree.parent)
        assert node == 0


def test_branches_keep_off_other_vessels():
    wall = Segments(np.array([[30.0, 0, 40]]), np.array([[30.0, 60, 40]]), np.array([3.0]))
    trunk = np.array([[0.0, 30, 30], [60.0, 30, 30]])
    beyond, before = np.array([[30.0, 31, 50]]), np.array([[30.0, 31, 15]])
    assert len(grow_tree(trunk, 2.0, beyond, np.ones(1), obstacles=wall).parent) == 2
    assert len(grow_tree(trunk, 2.0, beyond, np.ones(1)).parent) == 4
    assert len(grow_tree(trunk, 2.0, before, np.ones(1), obstacles=wall).parent) == 4


def test_gap_is_measured_from_the_wall():
    # a rod of radius 2 along x; 5 beside it, 4 beyond its end
    rod = Segments(np.array([[0.0, 0, 0]]), np.array([[10.0, 0, 0]]), np.array([2.0]))
    points = np.array([[5.0, 5, 0], [14.0, 0, 0], [5.0, 0, 0]])
    np.testing.assert_allclose(rod.gap_to(points), [[3.0, 2.0, -2.0]])
