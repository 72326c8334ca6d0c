"""Batch norms that keep their statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from monai.networks.nets import UNet

from cldice_monai.workflows import with_fixed_norms


def _network(n_axes: int, norm: str = "BATCH") -> torch.nn.Module:
    torch.manual_seed(0)
    return UNet(n_axes, 1, 1, channels=(4, 8), strides=(2,), num_res_units=1, norm=norm)


@pytest.mark.parametrize("n_axes", [2, 3])
def test_a_step_of_training_changes_weights_and_no_statistics(n_axes: int):
    network = with_fixed_norms(_network(n_axes)).train()
    assert network.training
    before = copy.deepcopy(network.state_dict())
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    network(5 + torch.randn(2, 1, *(8,) * n_axes)).square().mean().backward()
    optimizer.step()
    after = network.state_dict()
    assert list(after) == list(_network(n_axes).state_dict())
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert any(name.endswith("N.weight") for name in changed)
    assert not any(".running_" in name or "num_batches" in name for name in changed)


def test_training_sees_what_prediction_sees():
    network = with_fixed_norms(_network(3))
    image = torch.randn(2, 1, 8, 8, 8)
    assert torch.equal(network.train()(image), network.eval()(image))
    plain = _network(3)
    assert not torch.equal(plain.train()(image), plain.eval()(image))


def test_a_copy_keeps_them_fixed():
    network = copy.deepcopy(with_fixed_norms(_network(3))).train()
    assert not any(m.training for m in network.modules() if isinstance(m, torch.nn.BatchNorm3d))


def test_networks_with_other_norms_stay_as_they_are():
    network = _network(3, norm="INSTANCE")
    kinds = [type(module) for module in network.modules()]
    assert [type(module) for module in with_fixed_norms(network).modules()] == kinds
