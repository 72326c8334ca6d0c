"""The skeleton of the whole volume, traced, is the oracle of the block-wise centreline."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cldice_monai.skeleton import skeletonize
from cldice_monai.skeleton.radius import radii_along
from cldice_monai.skeleton.traced import trace_skeleton
from cldice_monai.topology import skeleton_length_mm
from cldice_monai.topology.block_centreline import block_centreline
from cldice_monai.topology.blocks import Block, blocks_of
from cldice_monai.topology.blockwise import blockwise_centreline
from cldice_monai.topology.centreline_union import CentrelineUnion, WholeCentreline
from tests.evaluation.masks import vessels

SHARES = (0, 5, 25, 50, 75, 95, 100)
SPACINGS = [(1.0, 1.0, 1.0), (0.5, 1.0, 0.7), (2.0, 0.3, 0.3)]


def check_is_that_of_the_whole(
    found: WholeCentreline, mask: np.ndarray, spacing: tuple[float, ...]
) -> None:
    skeleton = skeletonize(mask)
    traced = trace_skeleton(skeleton)
    assert found.n_branch_points == traced.n_bifurcations()
    assert found.n_end_points == (traced.degrees() == 1).sum()
    assert found.n_segments == len(traced.pairs)
    length = skeleton_length_mm(skeleton, spacing_mm=spacing)
    assert found.length_mm == pytest.approx(length, rel=1e-9)
    if skeleton.any():
        radii = radii_along(skeleton, mask, np.array(spacing))
        assert found.n_too_thick == 0
        assert found.counts.sum() == len(radii)
        assert found.percentiles(SHARES) == pytest.approx(np.percentile(radii, SHARES), rel=1e-9)


def measured(
    mask: np.ndarray, block: tuple[int, ...], spacing: tuple[float, ...], halo: int = 16
) -> WholeCentreline:
    return blockwise_centreline(
        mask.__getitem__, mask.shape, spacing_mm=spacing, block_shape=block, halo=halo
    )


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("block", [(24, 24, 24), (10, 34, 62), (60, 4, 30)])
@pytest.mark.parametrize("seed", [0, 1])
def test_figures_are_those_of_the_whole(seed: int, block: tuple[int, ...], spacing: tuple):
    mask = vessels(seed, (60, 52, 46))
    found = measured(mask, block, spacing)
    check_is_that_of_the_whole(found, mask, spacing)
    assert found.n_branch_points > 30
    assert found.n_end_points > 30


@st.composite
def masks_and_blocks(draw: st.DrawFn) -> tuple[np.ndarray, tuple[int, ...], tuple[float, ...]]:
    ndim = draw(st.sampled_from([2, 3]))
    shape = tuple(draw(st.lists(st.integers(1, 20), min_size=ndim, max_size=ndim)))
    blocks = tuple(2 * n for n in draw(st.lists(st.integers(1, 5), min_size=ndim, max_size=ndim)))
    share = draw(st.sampled_from([0, 0.05, 0.1, 0.3, 0.6, 0.9]))
    mask = np.random.default_rng(draw(st.integers(0, 9999))).random(shape) < share
    return mask, blocks, draw(st.sampled_from(SPACINGS))[:ndim]


@settings(deadline=None, derandomize=True, max_examples=25)
@given(masks_and_blocks())
def test_noise_too(drawn: tuple):
    mask, block, spacing = drawn
    # every block sees the whole, since noise has no vessels that are thinner than a halo
    check_is_that_of_the_whole(measured(mask, block, spacing, halo=20), mask, spacing)


@pytest.mark.parametrize("first", list(product((7, 8), repeat=3)))
def test_a_star_at_faces_edges_and_corners_of_blocks(first: tuple[int, ...]):
    """One junction with six arms, along and across the faces of blocks that begin at 8."""
    mask = np.zeros((16, 16, 16), bool)
    for axis in range(3):
        line = list(first)
        line[axis] = slice(2, 14)
        mask[tuple(line)] = True
    found = measured(mask, (8, 8, 8), (1.0, 1.0, 1.0), halo=8)
    assert (found.n_branch_points, found.n_end_points, found.n_segments) == (1, 6, 6)
    check_is_that_of_the_whole(found, mask, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_a_closed_curve_through_eight_blocks_is_one_segment_without_nodes(shift: int):
    mask = np.zeros((20, 20, 20), bool)
    ring = slice(3 + shift, 15 + shift)
    mask[ring, ring, 9] = True
    mask[4 + shift : 14 + shift, 4 + shift : 14 + shift, 9] = False
    found = measured(mask, (6, 6, 10), (1.0, 1.0, 1.0))
    assert (found.n_branch_points, found.n_end_points, found.n_segments) == (0, 0, 1)


def test_junctions_of_many_voxels_that_cross_blocks_are_one_each():
    # hollow boxes: a skeleton keeps a surface around a cavity, all voxels of which are junctions
    mask = np.zeros((30, 30, 30), bool)
    mask[3:27, 3:27, 3:27] = True
    mask[5:25, 5:25, 5:25] = False
    mask[27:30, 14:17, 14:17] = mask[0:3, 14:17, 14:17] = mask[14:17, 14:17, 27:30] = True
    skeleton = skeletonize(mask)
    assert trace_skeleton(skeleton).n_bifurcations() > 0
    # a halo that holds the cavity, since thinning keeps only those that it sees as a whole
    found = measured(mask, (6, 8, 10), (1.0, 2.0, 1.0), halo=30)
    check_is_that_of_the_whole(found, mask, (1.0, 2.0, 1.0))


@pytest.mark.parametrize("seed", [0, 1])
def test_pieces_are_joined_in_any_order_and_as_often_as_memory_asks(seed: int):
    mask = vessels(seed, (48, 48, 48))
    spacing = (1.0, 1.0, 1.0)
    found = [
        block_centreline(mask.__getitem__, mask.shape, block, spacing_mm=spacing, halo=16)
        for block in blocks_of(mask.shape, (12, 12, 12))
    ]
    np.random.default_rng(seed).shuffle(found)
    union = CentrelineUnion()
    for block in found:
        union.add(block)
        union._compact()
    check_is_that_of_the_whole(union.result(), mask, spacing)


def test_beyond_the_memory_for_open_pieces_the_network_is_not_counted():
    mask = vessels(0, (48, 48, 48))
    arguments = {"spacing_mm": (1, 1, 1), "block_shape": (12, 12, 12), "halo": 16}
    found = blockwise_centreline(mask.__getitem__, mask.shape, **arguments, max_open=20)
    whole = blockwise_centreline(mask.__getitem__, mask.shape, **arguments)
    assert found.n_branch_points is found.n_end_points is found.n_segments is None
    assert found.length_mm == whole.length_mm
    assert np.array_equal(found.counts, whole.counts)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (1.0, 1.0, 4.0)])
@pytest.mark.parametrize("side", [7, 9, 13, 17, 25])
def test_a_radius_is_right_or_named_as_too_thick(side: int, spacing: tuple[float, ...]):
    mask = np.zeros((40, 40, 60), bool)
    mask[5 : 5 + side, 6 : 6 + side] = True
    halo = 6
    found = measured(mask, (10, 10, 10), spacing, halo=halo)
    if spacing == (1.0, 1.0, 1.0):
        assert (found.n_too_thick > 0) == ((side + 1) // 2 > halo)
    union = {
        float(radius)
        for block in blocks_of(mask.shape, (10, 10, 10))
        for radius in oracle(mask, block, spacing, halo)
    }
    assert {round(radius, 4) for radius in found.radii} <= {round(r, 4) for r in union}


def oracle(mask: np.ndarray, block: Block, spacing: tuple[float, ...], halo: int) -> np.ndarray:
    """Radii, of the whole mask, of the skeleton as the block thins it."""
    skeletons = np.zeros(mask.shape, bool)
    block_centreline(
        mask.__getitem__,
        mask.shape,
        block,
        spacing_mm=spacing,
        halo=halo,
        write=skeletons.__setitem__,
    )
    return radii_along(skeletons, mask, np.array(spacing))


@pytest.mark.parametrize("seed", range(20))
def test_percentiles_of_counts_are_those_of_the_values(seed: int):
    rng = np.random.default_rng(seed)
    radii, counts = np.cumsum(rng.random(7)), rng.integers(1, 4, 7)
    whole = WholeCentreline(0.0, 0, 0, 0, radii, counts, 0)
    expected = np.percentile(np.repeat(radii, counts), SHARES)
    assert whole.percentiles(SHARES) == pytest.approx(expected, rel=1e-9)
