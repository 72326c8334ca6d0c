"""Thinning in torch gives the skeleton of numpy, voxel for voxel; it runs on the CPU as well."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cldice_monai.skeleton import binary, skeletonize
from cldice_monai.skeleton._distance_on_device import squared_distances_on_device
from cldice_monai.skeleton._thinning_on_device import thin_on_device
from cldice_monai.skeleton.distance import squared_distances
from cldice_monai.skeleton.thinning import thin

CONNECTIVITIES = ["foreground-full", "foreground-face"]
shapes = st.one_of(
    st.tuples(st.integers(1, 3), *[st.integers(1, 14)] * 2),
    st.tuples(st.integers(1, 2), *[st.integers(1, 9)] * 3),
)


def noise(shape, seed, share):
    return np.random.default_rng(seed).random(shape) < share


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    shape=shapes,
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.05, 0.4, 0.7, 0.95]),
    connectivity=st.sampled_from(CONNECTIVITIES),
    spacing=st.sampled_from([None, (1.0, 0.37, 2.5), (3.0, 1.0, 1.0)]),
)
def test_every_voxel_is_that_of_numpy(shape, seed, share, connectivity, spacing):
    items = noise(shape, seed, share)
    spacing = spacing and spacing[: items.ndim - 1]
    found = thin_on_device(torch.from_numpy(items), connectivity=connectivity, spacing=spacing)
    expected = thin(items, connectivity=connectivity, spacing=spacing)
    assert np.array_equal(found.numpy(), expected)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_thick_vessels_too(connectivity):
    field = torch.rand(2, 1, 5, 6, 7, generator=torch.Generator().manual_seed(3))
    field = torch.nn.functional.interpolate(field, size=(30, 36, 42), mode="trilinear")
    items = (field[:, 0] > 0.5).numpy()
    found = thin_on_device(torch.from_numpy(items), connectivity=connectivity)
    assert 0 < int(found.sum()) < items.sum() / 4
    assert np.array_equal(found.numpy(), thin(items, connectivity=connectivity))


@pytest.mark.parametrize("shape", [(1, 4, 5), (0, 4, 5), (2, 3, 0)])
def test_nothing_stays_nothing(shape):
    assert torch.equal(
        thin_on_device(torch.zeros(shape, dtype=torch.bool)), torch.zeros(shape, dtype=torch.bool)
    )


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1), (0.3, 1.7, 0.9)])
def test_distances_are_rounded_as_in_numpy(spacing):
    padded = np.pad(noise((2, 9, 11, 8), 5, 0.8), [(0, 0), *[(1, 1)] * 3])
    index = np.flatnonzero(padded)
    expected = squared_distances(index, shape=padded.shape, spacing=spacing)
    found = squared_distances_on_device(
        torch.from_numpy(index), shape=padded.shape, spacing=spacing
    )
    assert np.array_equal(found.numpy(), expected)


@pytest.mark.parametrize("shape", [(7, 9), (6, 5, 7), (2, 3, 7, 9), (1, 2, 4, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.bool, torch.float16])
def test_skeletonize_takes_it_for_a_tensor_that_stays_on_its_device(monkeypatch, shape, dtype):
    mask = torch.from_numpy(noise(shape, 1, 0.7)).to(dtype)
    expected = skeletonize(mask)
    monkeypatch.setattr(binary, "stays_on_device", lambda mask: True)
    monkeypatch.setattr(binary, "thin", None)
    found = skeletonize(mask)
    assert found.dtype == torch.bool
    assert torch.equal(found, expected)


def test_a_mask_on_a_device_is_checked_like_any_other(monkeypatch):
    monkeypatch.setattr(binary, "stays_on_device", lambda mask: True)
    with pytest.raises(ValueError, match="must be binary"):
        skeletonize(torch.full((3, 3), 0.5))
    with pytest.raises(ValueError, match="spacing must be 2 positive numbers"):
        skeletonize(torch.ones(3, 3), spacing=(1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="mask must be"):
        skeletonize(torch.ones(3))
