"""Skeletons read as networks, against numbers worked out by hand and an independent count."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.skeleton import skeletonize
from cldice_monai.skeleton.traced import trace_skeleton


def _along(*voxels, shape=(12, 12, 12)):
    mask = np.zeros(shape, bool)
    mask[tuple(np.array(voxels).T)] = True
    return mask


def _blobs(seed, shape=(40, 40, 40)):
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 1.6)
    return field > 0.8 * field.std()


def test_straight_line_is_one_segment_between_its_ends():
    traced = trace_skeleton(_along(*[(5, 5, z) for z in range(2, 9)]))
    assert traced.nodes.tolist() == [[5, 5, 2], [5, 5, 8]]
    assert traced.pairs.tolist() == [[0, 1]]
    assert traced.length.tolist() == [6.0]
    assert np.isnan(traced.mean_radius).all()
    assert traced.n_bifurcations() == 0


def test_diagonal_steps_are_as_long_as_they_are():
    traced = trace_skeleton(_along((1, 1, 1), (2, 2, 2), (3, 3, 2), (4, 3, 2)))
    np.testing.assert_allclose(traced.length, [np.sqrt(3) + np.sqrt(2) + 1])


def test_spacing_stretches_lengths_and_radii():
    mask = np.zeros((13, 13, 30), bool)
    mask[4:9, 4:9] = True
    skeleton = _along(*[(6, 6, z) for z in range(30)], shape=mask.shape)
    traced = trace_skeleton(skeleton, mask=mask, spacing=(2.0, 2.0, 0.5))
    np.testing.assert_allclose(traced.length, [29 * 0.5])
    # the wall is three steps of 2 away; at the border of the array the bar goes on
    np.testing.assert_allclose(traced.mean_radius, [6.0])


def test_fork_is_one_node_at_the_middle_of_its_voxels():
    # three arms of 4 voxels from (6, 6, 6): the centre has three neighbours, the arms two
    arms = [(6, 6, 6 + i) for i in range(1, 5)] + [(6, 6 + i, 6 - i) for i in range(1, 5)]
    arms += [(6, 6 - i, 6 - i) for i in range(1, 5)]
    traced = trace_skeleton(_along((6, 6, 6), *arms))
    assert traced.n_bifurcations() == 1
    assert sorted(traced.degrees().tolist()) == [1, 1, 1, 3]
    np.testing.assert_allclose(np.sort(traced.length), [4, 4 * np.sqrt(2), 4 * np.sqrt(2)])


def test_ring_without_a_junction_is_one_loop_at_one_node():
    ring = [(3, 3), (3, 4), (4, 5), (5, 5), (6, 4), (6, 3), (5, 2), (4, 2)]
    traced = trace_skeleton(_along(*ring, shape=(9, 9)))
    assert traced.pairs.tolist() == [[0, 0]]
    np.testing.assert_allclose(traced.length, [4 + 4 * np.sqrt(2)])


def test_single_voxel_is_a_node_without_a_segment():
    traced = trace_skeleton(_along((5, 5, 5)), mask=_along((5, 5, 5)))
    assert traced.nodes.tolist() == [[5, 5, 5]]
    assert len(traced.length) == len(traced.mean_radius) == 0


def test_empty_skeleton_has_no_nodes():
    traced = trace_skeleton(np.zeros((4, 4, 4), bool))
    assert traced.nodes.shape == (0, 3)
    assert traced.pairs.shape == (0, 2)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_euler_number_of_the_graph_is_that_of_its_curves(seed):
    from skimage.measure import euler_number

    # without a cavity the skeleton is made of curves, and nodes - segments is its Euler number
    mask = ndimage.binary_fill_holes(_blobs(seed))
    skeleton = skeletonize(mask)
    traced = trace_skeleton(skeleton, mask=mask)
    assert len(traced.pairs) > 50
    # a junction whose voxels form a ring of their own would be counted as a point
    assert abs(len(traced.nodes) - len(traced.pairs) - euler_number(skeleton, connectivity=3)) <= 1
    n_pieces = ndimage.label(skeleton, np.ones((3, 3, 3)))[1]
    assert n_pieces == len(_pieces(traced))


def _pieces(traced):
    name = list(range(len(traced.nodes)))

    def find(i):
        while name[i] != i:
            i = name[i]
        return i

    for a, b in traced.pairs.tolist():
        name[find(a)] = find(b)
    return {find(i) for i in range(len(name))}


def test_radius_is_the_distance_to_the_background():
    mask = _blobs(5)
    skeleton = skeletonize(mask)
    traced = trace_skeleton(skeleton, mask=mask)
    far = ndimage.distance_transform_edt(np.pad(mask, 16, mode="edge"))[16:-16, 16:-16, 16:-16]
    assert traced.mean_radius.min() >= 1.0
    assert traced.mean_radius.max() <= far[skeleton].max() + 1e-6
    inner = far[skeleton]
    assert inner.min() <= np.median(traced.mean_radius) <= inner.max()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"spacing": (1.0, 1.0)}, "3 positive numbers"),
        ({"spacing": (1.0, 1.0, 0.0)}, "3 positive numbers"),
        ({"mask": np.zeros((3, 4, 4), bool)}, "shape"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        trace_skeleton(np.zeros((4, 4, 4), bool), **arguments)
