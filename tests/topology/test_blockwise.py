"""The in-memory functions are the oracle of the block-wise ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cldice_monai.skeleton import skeletonize
from cldice_monai.topology import (
    betti_numbers,
    euler_characteristic,
    labelled_components,
    skeleton_length_mm,
)
from cldice_monai.topology.block_union import TooManyPartsError
from cldice_monai.topology.blockwise import (
    blockwise_length_mm,
    blockwise_topology,
    label_blockwise,
)
from cldice_monai.topology.labelled_components import label_components
from tests.evaluation.masks import vessels

CONNECTIVITIES = ["foreground-full", "foreground-face"]


@st.composite
def masks_and_blocks(draw: st.DrawFn) -> tuple[np.ndarray, tuple[int, ...], str]:
    ndim = draw(st.sampled_from([2, 3]))
    shape = tuple(draw(st.lists(st.integers(1, 12), min_size=ndim, max_size=ndim)))
    blocks = tuple(draw(st.lists(st.integers(1, 13), min_size=ndim, max_size=ndim)))
    share = draw(st.sampled_from([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]))
    mask = np.random.default_rng(draw(st.integers(0, 9999))).random(shape) < share
    return mask, blocks, draw(st.sampled_from(CONNECTIVITIES))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(masks_and_blocks())
def test_betti_numbers_and_euler_characteristic_are_those_in_memory(drawn: tuple):
    mask, blocks, connectivity = drawn
    found = blockwise_topology(
        mask.__getitem__, mask.shape, block_shape=blocks, connectivity=connectivity
    )
    assert found.betti_numbers == betti_numbers(mask, connectivity=connectivity)
    assert found.euler_characteristic == euler_characteristic(mask, connectivity=connectivity)
    assert found.n_voxels == mask.sum()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(masks_and_blocks())
def test_labels_are_those_in_memory_up_to_their_numbers(drawn: tuple):
    mask, blocks, connectivity = drawn
    labels = np.full(mask.shape, -1)
    found = label_blockwise(
        mask.__getitem__,
        labels.__setitem__,
        mask.shape,
        block_shape=blocks,
        connectivity=connectivity,
    )
    reach = mask.ndim if connectivity == "foreground-full" else 1
    structure = ndimage.generate_binary_structure(mask.ndim, reach)
    expected, n_expected = ndimage.label(mask, structure)
    pairs = np.unique(np.stack([labels.ravel(), expected.ravel()]), axis=1)
    # one to one: no number of either side is in two pairs
    assert len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]
    assert ((labels == 0) == ~mask).all()
    assert labels.max() == n_expected
    voxels = np.bincount(labels.ravel(), minlength=n_expected + 1)[1:]
    assert voxels.tolist() == found.component_voxels.tolist()
    inner = labels[(slice(1, -1),) * mask.ndim]
    at_border = [(labels == n).sum() > (inner == n).sum() for n in range(1, n_expected + 1)]
    assert at_border == found.touches_border.tolist()


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("shape", [(9, 8, 7), (1, 8, 7), (2, 9), (12, 9)])
def test_both_ways_of_labelling_agree(
    shape: tuple[int, ...], full: bool, monkeypatch: pytest.MonkeyPatch
):
    mask = np.random.default_rng(0).random(shape) < 0.35
    first = label_components(mask, full=full)
    monkeypatch.setattr(labelled_components, "_connected_components_3d", lambda: None)
    second = label_components(mask, full=full)
    pairs = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1)
    assert len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1] == second.max() + 1


def test_two_blocks_that_touch_by_a_corner_only_are_joined():
    mask = np.zeros((4, 4, 4), bool)
    mask[1, 1, 1] = mask[2, 2, 2] = True
    joined = blockwise_topology(mask.__getitem__, mask.shape, block_shape=(2, 2, 2))
    apart = blockwise_topology(
        mask.__getitem__, mask.shape, block_shape=(2, 2, 2), connectivity="foreground-face"
    )
    assert joined.betti_numbers == (1, 0, 0)
    assert apart.betti_numbers == (2, 0, 0)


def test_a_cavity_that_crosses_blocks_is_one():
    mask = np.zeros((9, 9, 9), bool)
    mask[1:8, 1:8, 1:8] = True
    mask[2:7, 2:7, 2:7] = False
    found = blockwise_topology(mask.__getitem__, mask.shape, block_shape=(4, 3, 5))
    assert found.betti_numbers == (1, 0, 1)


def test_more_parts_than_there_is_memory_for_are_refused():
    mask = np.zeros((8, 8), bool)
    mask[::2, ::2] = True
    with pytest.raises(TooManyPartsError, match="more than 10 parts"):
        blockwise_topology(mask.__getitem__, mask.shape, block_shape=(8, 8), max_parts=10)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("block", [(40, 40, 40), (64, 33, 20)])
@pytest.mark.parametrize("spacing", [(0.5, 1.0, 0.7), (0.5, 0.5, 5.0)])
def test_length_is_within_a_hundredth(
    seed: int, block: tuple[int, ...], spacing: tuple[float, ...]
):
    mask = vessels(seed, (80, 80, 80))
    whole = skeleton_length_mm(skeletonize(mask), spacing_mm=spacing)
    found = blockwise_length_mm(
        mask.__getitem__, mask.shape, spacing_mm=spacing, block_shape=block, halo=16
    )
    assert found == pytest.approx(whole, rel=0.01)
    assert whole > 100


@pytest.mark.parametrize("seed", [0, 1])
def test_length_from_blocks_of_even_sides_is_that_of_the_whole(seed: int):
    mask = vessels(seed, (80, 80, 80))
    whole = skeleton_length_mm(skeletonize(mask), spacing_mm=(0.5, 0.5, 5.0))
    found = blockwise_length_mm(
        mask.__getitem__, mask.shape, spacing_mm=(0.5, 0.5, 5.0), block_shape=(30, 34, 20), halo=32
    )
    assert found == pytest.approx(whole, rel=1e-9)


def test_blocks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="block_shape must have 2 positive numbers"):
        blockwise_topology(np.ones((3, 3), bool).__getitem__, (3, 3), block_shape=(0, 3))
