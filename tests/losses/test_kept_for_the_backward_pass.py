"""What the losses keep on a GPU until the backward pass, counted on tensors without content."""

import pytest
import torch
from monai.losses import SoftclDiceLoss as MonaiclDice
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks

from cldice_monai import SoftclDiceLoss
from cldice_monai.losses import _fused_sums

PATCH = (2, 1, 128, 128, 128)
INPUTS = 2 * 4  # bytes a voxel


@pytest.fixture
def as_on_gpu(monkeypatch):
    """The operator of the kernels says what it would return; no kernel runs."""
    monkeypatch.setattr(_fused_sums, "has_soft_kernels", lambda device: True)


def kept_bytes(loss):
    """Bytes a voxel of all storages that autograd keeps of a loss, the inputs among them."""
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage
        return tensor

    with FakeTensorMode(), saved_tensors_hooks(pack, lambda tensor: tensor):
        prediction, label = torch.empty(PATCH, requires_grad=True), torch.empty(PATCH)
        loss(prediction, label)
        return sum(storage.nbytes() for storage in kept.values()) / prediction.numel()


@pytest.mark.parametrize("iter_", [3, 10, 25])
def test_the_loss_keeps_one_word_a_voxel_and_level_and_two_images(as_on_gpu, iter_):
    n_levels = iter_ + 2  # the core is one more
    kept = kept_bytes(SoftclDiceLoss(iter_, validate=False)) - INPUTS
    # the label's skeleton and the product
    assert kept == pytest.approx(4 * n_levels + 2 * 4, abs=0.01)


def test_the_loss_keeps_a_twentieth_of_what_monai_s_does(as_on_gpu):
    ours = kept_bytes(SoftclDiceLoss(10, validate=False)) - INPUTS
    assert ours <= (kept_bytes(MonaiclDice(iter_=10)) - INPUTS) / 20
