"""Cavities are filled, and nothing else: against scipy and by Betti numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cldice_monai.topology import betti_numbers, fill_cavities
from cldice_monai.topology.cavities import fill_cavities_of_classes

SHAPES = st.tuples(*[st.integers(1, 6)] * 3)


@given(arrays(bool, SHAPES, elements=st.booleans()))
def test_what_is_filled_is_what_scipy_fills(mask: np.ndarray):
    filled = fill_cavities(mask)
    assert np.array_equal(filled, ndimage.binary_fill_holes(mask))
    assert betti_numbers(filled)[2] == 0


@given(st.integers(0, 2**32 - 1))
def test_single_holes_in_a_block_change_no_component_and_no_loop(seed: int):
    block = np.zeros((9, 9, 9), bool)
    block[1:8, 1:8, 1:8] = True
    block[:, 4, 4] = False  # a loop
    lattice = np.zeros_like(block)
    lattice[2:7:2, 2:7:2, 2:7:2] = np.random.default_rng(seed).random((3, 3, 3)) < 0.5
    lattice[:, 4, 4] = False
    pierced = block & ~lattice
    assert betti_numbers(pierced) == (1, 1, int(lattice.sum()))
    assert np.array_equal(fill_cavities(pierced), block)


def test_a_cavity_has_the_class_that_encloses_it_alone():
    classes = np.full((7, 7, 9), 2, np.uint8)
    classes[..., 5:] = 1
    classes[2, 2, 2] = classes[2, 2, 7] = 0
    classes[4, 4, 4:6] = 0  # between both classes
    classes[0, 0, 0] = 0  # on the border
    filled = fill_cavities_of_classes(classes)
    assert (filled[2, 2, 2], filled[2, 2, 7]) == (2, 1)
    assert not filled[4, 4, 4:6].any()
    assert filled[0, 0, 0] == 0
    assert filled.dtype == classes.dtype
    assert (filled != classes).sum() == 2


def test_a_class_inside_another_is_kept():
    classes = np.full((7, 7, 7), 1)
    classes[2:5, 2:5, 2:5] = 0
    classes[3, 3, 3] = 2
    assert np.array_equal(fill_cavities_of_classes(classes), classes)


def test_a_tensor_gives_a_tensor():
    mask = torch.ones(3, 3, 3)
    mask[1, 1, 1] = 0
    filled = fill_cavities(mask)
    assert isinstance(filled, torch.Tensor)
    assert filled.dtype == torch.bool
    assert filled.all()


def test_holes_in_two_dimensions_are_refused():
    with pytest.raises(ValueError, match="in two dimensions a hole is a loop"):
        fill_cavities(np.ones((4, 4), bool))
