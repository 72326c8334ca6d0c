"""Betti numbers, Euler characteristic and clDice in torch, against those of numpy; on the CPU."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cldice_monai.topology import (
    batched_betti_numbers,
    batched_euler_characteristic,
    betti,
    betti_numbers,
    euler_characteristic,
    overlap,
    overlap_scores,
)
from cldice_monai.topology._components_on_device import _propagate, count_on_device
from cldice_monai.topology._euler_on_device import euler_on_device
from cldice_monai.topology.betti import betti_on_device

CONNECTIVITIES = ["foreground-full", "foreground-face"]
shapes = st.one_of(
    st.tuples(st.integers(1, 3), *[st.integers(1, 14)] * 2),
    st.tuples(st.integers(1, 3), *[st.integers(1, 8)] * 3),
)


@pytest.fixture
def on_device(monkeypatch):
    """As if the CPU were a GPU: the functions stay with the tensor."""
    for module in (betti, overlap):
        monkeypatch.setattr(module, "stays_on_device", lambda mask: isinstance(mask, torch.Tensor))


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    shape=shapes,
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.8, 1.0]),
    connectivity=st.sampled_from(CONNECTIVITIES),
)
def test_noise_has_the_numbers_of_numpy(shape, seed, share, connectivity):
    items = np.random.default_rng(seed).random(shape) < share
    found = betti_on_device(torch.from_numpy(items), connectivity)
    expected = batched_betti_numbers(items[None], connectivity=connectivity)[0]
    assert np.array_equal(found.numpy(), expected)
    closed = connectivity == "foreground-full"
    euler = euler_on_device(torch.from_numpy(items), closed=closed)
    assert (
        euler.tolist()
        == batched_euler_characteristic(items[None], connectivity=connectivity)[0].tolist()
    )


def test_a_long_winding_path_is_one_component():
    path = torch.zeros(1, 201, 200, dtype=torch.bool)
    path[:, ::2] = True
    path[:, 1::4, -1] = True
    path[:, 3::4, 0] = True
    assert [count.tolist() for count in count_on_device(path, full=False)] == [[1], [1]]


@pytest.mark.parametrize("order", ["rising", "shuffled"])
def test_labels_reach_the_end_of_a_chain(order):
    number = torch.arange(5000)
    if order == "shuffled":
        number = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    label = _propagate(5000, number[:-1], number[1:])
    assert torch.equal(label, torch.zeros_like(label))
    two = _propagate(5000, number[:-2], number[2:])
    assert two.unique().numel() == 2


def test_known_bodies_on_a_device(on_device):
    shell = torch.ones(5, 5, 5)
    shell[1:-1, 1:-1, 1:-1] = 0
    assert betti_numbers(shell) == (1, 0, 1)
    assert euler_characteristic(shell) == 2
    ring = torch.ones(3, 3, dtype=torch.bool)
    ring[1, 1] = False
    assert betti_numbers(ring) == (1, 1)
    assert betti_numbers(torch.eye(2), connectivity="foreground-face") == (2, 0)


@pytest.mark.parametrize("shape", [(2, 3, 7, 8), (1, 2, 5, 4, 6), (0, 2, 4, 4)])
def test_batches_keep_their_shape_on_a_device(monkeypatch, shape):
    masks = torch.rand(shape, generator=torch.Generator().manual_seed(0)) > 0.5
    expected = batched_betti_numbers(masks), batched_euler_characteristic(masks)
    monkeypatch.setattr(betti, "stays_on_device", lambda mask: True)
    monkeypatch.setattr(betti, "as_mask", None)
    assert torch.equal(batched_betti_numbers(masks), expected[0])
    assert torch.equal(batched_euler_characteristic(masks), expected[1])


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_cldice_of_tensors_on_a_device_is_that_of_arrays(on_device, share):
    generator = torch.Generator().manual_seed(2)
    pred, label = (torch.rand(6, 7, 8, generator=generator) < share for _ in range(2))
    found = overlap_scores(pred, label, ignore_empty=False)
    assert found == overlap_scores(pred.numpy(), label.numpy(), ignore_empty=False)
    with pytest.raises(ValueError, match=r"got \(6, 7, 8\) and \(6, 7, 7\)"):
        overlap_scores(pred, label[..., 1:])
