"""The skeleton of the background in the sphere: its numbers, its place, and the voxel size."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from cldice_monai.skeleton import background_skeleton, skeletonize
from cldice_monai.topology import betti_numbers

CONNECTIVITIES = ["foreground-full", "foreground-face"]


def dual_of(connectivity):
    return CONNECTIVITIES[1 - CONNECTIVITIES.index(connectivity)]


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_it_has_the_numbers_of_the_background_in_the_sphere(connectivity):
    rng = np.random.default_rng(2)
    for number in range(40):
        mask = rng.random((9, 10) if number % 2 else (6, 7, 8)) < rng.random()
        if not mask.any():
            continue
        skeleton = background_skeleton(mask, connectivity=connectivity)
        inner = (slice(1, -1),) * mask.ndim
        assert not (skeleton[inner] & mask).any()
        # Alexander duality in the sphere; the shell around the array adds one enclosed space.
        numbers = betti_numbers(mask, connectivity=connectivity)
        expected = (numbers[-1] + 1, *numbers[1:-1], numbers[0])
        assert betti_numbers(skeleton, connectivity=dual_of(connectivity)) == expected


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (1, 1), (1, 6, 1)])
def test_of_an_empty_mask_it_is_the_sphere_and_of_a_full_one_the_exterior_alone(shape):
    assert background_skeleton(np.zeros(shape, bool)).all()
    of_full = background_skeleton(np.ones(shape, bool))
    expected = np.pad(np.zeros(shape, bool), 1, constant_values=True)
    assert np.array_equal(of_full, expected)


def without_spurs(skeleton, connectivity):
    """Delete ends of curves until loops are left."""
    reach = 1 if connectivity == "foreground-face" else 2
    neighbours = ndimage.generate_binary_structure(2, reach).astype(int)
    while True:
        ends = skeleton & (ndimage.convolve(skeleton.astype(int), neighbours, mode="constant") <= 2)
        if not ends.any():
            return skeleton
        skeleton = skeleton & ~ends


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("spacing", [None, (1.0, 0.4), (0.4, 1.0)])
def test_between_a_disc_and_a_ring_it_lies_half_way_in_physical_distance(spacing, connectivity):
    # A disc of radius 8 in a ring of inner radius 24: half way is the circle of radius 16.
    steps = spacing or (1.0, 1.0)
    y, x = (np.arange(round(60 / step) + 1) * step - 30 for step in steps)
    radius = np.hypot(y[:, None], x[None])
    mask = (radius < 8) | ((radius > 24) & (radius < 28))
    skeleton = background_skeleton(mask, connectivity=connectivity, spacing=spacing)[1:-1, 1:-1]
    circle = without_spurs(skeleton & (radius < 24), dual_of(connectivity))
    assert betti_numbers(circle, connectivity=dual_of(connectivity)) == (1, 1)
    assert np.abs(radius[circle] - 16).max() <= 1.01  # one step of the longer axis


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_spacing_moves_it_to_the_middle_of_a_flat_tunnel(connectivity):
    # A tunnel 3 mm high and 9 voxels of 0.2 mm wide: in mm it is a slot standing on edge.
    mask = np.ones((7, 13, 24), bool)
    mask[2:5, 2:11, 2:22] = False
    inner = (slice(1, -1),) * 3
    in_mm = background_skeleton(mask, connectivity=connectivity, spacing=(1.0, 0.2, 1.0))[inner]
    # All of the middle line but one voxel at each end: the slot is 1.8 mm wide.
    assert np.argwhere(in_mm).tolist() == [[3, 6, k] for k in range(3, 21)]
    in_voxels = background_skeleton(mask, connectivity=connectivity)[inner]
    assert not np.array_equal(in_voxels, in_mm)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("shape", [(3, 2, 14, 15), (2, 2, 9, 10, 11)])
def test_a_batch_equals_its_items_alone_and_torch_equals_numpy(shape, connectivity):
    rng = np.random.default_rng(6)
    spacing = (1.0, 0.5, 0.7)[: len(shape) - 2]
    batch = rng.random(shape) < 0.6
    batch[0, 0] = True
    batch[1, 1] = False
    for sizes in (None, spacing):
        found = background_skeleton(batch, connectivity=connectivity, spacing=sizes)
        assert found.shape == (*shape[:2], *(size + 2 for size in shape[2:]))
        for item in np.ndindex(*shape[:2]):
            alone = background_skeleton(batch[item], connectivity=connectivity, spacing=sizes)
            assert np.array_equal(found[item], alone)
        tensor = background_skeleton(
            torch.from_numpy(batch).float(), connectivity=connectivity, spacing=sizes
        )
        assert tensor.dtype == torch.bool
        assert np.array_equal(tensor.numpy(), found)


@pytest.mark.parametrize("spacing", [(1,), (0, 1), (1, float("nan")), 1.0, (1e25, 1), "ab"])
@pytest.mark.parametrize("function", [skeletonize, background_skeleton])
def test_a_spacing_that_does_not_fit_is_refused_for_any_mask(function, spacing):
    for mask in (np.zeros((6, 7), bool), np.eye(6, 7, dtype=bool)):
        with pytest.raises(ValueError, match="spacing must be 2 positive numbers"):
            function(mask, spacing=spacing)


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64])
def test_unsigned_tensors_are_masks_too(dtype):
    mask = torch.eye(5).to(dtype)
    assert torch.equal(skeletonize(mask), skeletonize(torch.eye(5)))
