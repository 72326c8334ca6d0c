"""Small labels keep every component in one piece."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data import MetaTensor
from scipy import ndimage

from cldice_monai.topology.label_downsampling import downsample_label
from cldice_monai.transforms.downsample_label import DownsampleLabel, DownsampleLabeld


def small_of(label, factor):
    return downsample_label(label, [-(-n // factor) for n in label.shape[2:]])


def components(mask):
    return ndimage.label(mask.numpy(), structure=np.ones((3,) * mask.dim()))


@pytest.mark.parametrize("factor", [2, 4, 8])
@settings(deadline=None, derandomize=True, max_examples=25)
@given(seed=st.integers(0, 10_000), n_dims=st.sampled_from([2, 3]), size=st.integers(8, 19))
def test_no_component_vanishes_or_falls_apart(factor, seed, n_dims, size):
    generator = torch.Generator().manual_seed(seed)
    label = (torch.rand((1, 1) + (size,) * n_dims, generator=generator) > 0.85).float()
    found, number = components(label[0, 0])
    total = small_of(label, factor)
    for i in range(1, number + 1):
        small = small_of(torch.from_numpy(found == i).float()[None, None], factor)
        assert components(small[0, 0])[1] == 1
        assert (total >= small).all()
    assert components(total[0, 0])[1] <= number  # neighbours may merge


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("row", [19, 20, 21])
def test_a_thin_line_stays_wherever_it_lies(factor, row):
    label = torch.zeros(1, 1, 40, 40)
    label[..., row, :] = 1
    assert small_of(label, factor).sum() == 40 // factor
    diagonal = torch.eye(40)[None, None].flip(-1)
    assert components(small_of(diagonal, factor)[0, 0])[1] == 1


def test_a_background_channel_gives_way():
    vessel = torch.zeros(1, 1, 8, 8)
    vessel[..., 3, :] = 1
    both = torch.cat([1 - vessel, vessel], dim=1)
    small = downsample_label(both, (4, 4), background_channel=True)
    assert torch.equal(small.sum(dim=1), torch.ones(1, 4, 4))
    assert torch.equal(small[:, 1:], downsample_label(vessel, (4, 4)))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int64, torch.float16])
def test_the_dtype_stays(dtype):
    label = torch.eye(8)[None, None].to(dtype)
    assert small_of(label, 2).dtype == dtype
    assert small_of(label, 2).sum() == 4


@pytest.mark.parametrize("size", [(9, 4), (4,), (0, 4)])
def test_sizes_that_cannot_be_used_are_refused(size):
    with pytest.raises(ValueError, match="size"):
        downsample_label(torch.zeros(1, 1, 8, 8), size)


def test_the_transform_keeps_type_and_moves_the_affine():
    label = np.zeros((1, 8, 8, 8), np.uint8)
    label[0, 5] = 1
    small = DownsampleLabel((4, 2, 1))(label)
    assert isinstance(small, np.ndarray)
    assert small.dtype == np.uint8
    assert small.shape == (1, 2, 4, 8)
    affine = torch.diag(torch.tensor([0.5, 1.0, 2.0, 1.0], dtype=torch.float64))
    item = DownsampleLabeld(keys="label", factor=2)({"label": MetaTensor(label, affine=affine)})
    # The first small voxel is centred between the first two: half a voxel on.
    expected = torch.diag(torch.tensor([1.0, 2.0, 4.0, 1.0], dtype=torch.float64))
    expected[:3, 3] = torch.tensor([0.25, 0.5, 1.0])
    assert torch.equal(item["label"].affine, expected)


def test_the_transform_refuses_what_it_cannot_use():
    with pytest.raises(ValueError, match="factor"):
        DownsampleLabel(0)
    with pytest.raises(ValueError, match="label must be"):
        DownsampleLabel((2, 2))(np.zeros((1, 8, 8, 8)))


def test_class_indices_are_refused_because_the_largest_would_cover_the_others():
    label = torch.zeros(1, 8, 8)
    label[0, 4], label[0, 5] = 1, 2
    with pytest.raises(ValueError, match="label must be one-hot or binary, got values from 0 to 2"):
        DownsampleLabel(4)(label)
