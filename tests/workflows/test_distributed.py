"""Several processes that train one network."""

from __future__ import annotations

import torch
from monai.networks.nets import UNet
from torch import nn

from cldice_monai.workflows import with_fixed_norms, with_shared_norms


def _network() -> nn.Module:
    torch.manual_seed(0)
    return UNet(3, 1, 1, channels=(4, 8), strides=(2,), num_res_units=1, norm="BATCH")


def test_norms_are_shared_on_gpus_and_the_weights_keep_names_and_values():
    before = _network().state_dict()
    network = _network()
    shared = with_shared_norms(network, device="cuda:0")
    assert shared is network  # what else holds it sees the same network
    kinds = {type(module) for module in shared.modules()}
    assert nn.SyncBatchNorm in kinds
    assert nn.BatchNorm3d not in kinds
    after = shared.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_norms_stay_as_they_are_on_a_cpu():
    network = with_shared_norms(_network(), device="cpu")
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in network.modules())


def test_fixed_norms_are_not_shared():
    network = with_shared_norms(with_fixed_norms(_network()), device="cuda:0").train()
    assert not any(isinstance(module, nn.SyncBatchNorm) for module in network.modules())
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm3d)]
    assert norms
    assert not any(module.training for module in norms)
