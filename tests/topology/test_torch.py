"""Tensors in, tensors out, with the values of numpy."""

import numpy as np
import pytest
import torch

from cldice_monai.skeleton import background_skeleton, prune_spurs, skeletonize
from cldice_monai.topology import ghosts_and_misses, homotopy_certificate


@pytest.fixture
def pair():
    masks = np.random.default_rng(0).random((2, 9, 10)) > 0.4
    return masks, torch.from_numpy(masks)


@pytest.mark.parametrize(
    "function", [skeletonize, background_skeleton, lambda x: prune_spurs(x, max_voxels=2)]
)
def test_functions_of_one_mask(pair, function):
    arrays, tensors = pair
    found = function(tensors[0])
    assert isinstance(found, torch.Tensor)
    assert np.array_equal(found.numpy(), function(arrays[0]))


@pytest.mark.parametrize("function", [ghosts_and_misses, homotopy_certificate])
def test_functions_of_a_pair(pair, function):
    arrays, tensors = pair
    of_arrays, of_tensors = function(*arrays), function(*tensors)
    for name in ("ghosts", "misses"):
        assert isinstance(getattr(of_tensors, name), torch.Tensor)
        assert np.array_equal(getattr(of_tensors, name).numpy(), getattr(of_arrays, name))


@pytest.mark.parametrize("shape", [(2, 3, 7, 8), (2, 1, 5, 6, 7), (0, 1, 4, 4)])
def test_the_background_of_a_batch_is_that_of_its_items(shape):
    batch = np.random.default_rng(1).random(shape) > 0.5
    found = background_skeleton(batch)
    assert found.shape == (*shape[:2], *[n + 2 for n in shape[2:]])
    for place in np.ndindex(*shape[:2]):
        assert np.array_equal(found[place], background_skeleton(batch[place]))
