"""The losses in compiled, checkpointed and distributed training."""

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.utils.checkpoint import checkpoint

from cldice_monai.losses import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.skeleton._soft_compiled import find_compiler
from tests.two_processes import in_two_processes


def some_pair(shape=(2, 1, 12, 11, 10)):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(shape, generator=generator)
    return logits, (torch.rand(shape, generator=generator) > 0.7).float()


def value_and_gradient(loss, logits, label):
    logits = logits.clone().requires_grad_()
    value = loss(logits, label)
    value.backward()
    return value.detach(), logits.grad


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_activation_checkpointing_changes_nothing(use_reentrant):
    logits, label = some_pair()
    loss = SoftDiceclDiceLoss(sigmoid=True)
    expected = value_and_gradient(loss, logits, label)
    got = value_and_gradient(
        lambda x, y: checkpoint(loss, x, y, use_reentrant=use_reentrant), logits, label
    )
    torch.testing.assert_close(got, expected)


@pytest.mark.slow
@pytest.mark.skipif(find_compiler() is None, reason="torch.compile on a CPU needs a compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_torch_compile_takes_the_loss_as_one_graph():
    logits, label = some_pair()
    loss = SoftDiceclDiceLoss(sigmoid=True)
    compiled = torch.compile(loss, fullgraph=True)
    expected = value_and_gradient(loss, logits, label)
    torch.testing.assert_close(value_and_gradient(compiled, logits, label), expected)
    other = torch.flip(logits, (0,))
    expected = value_and_gradient(loss, other, label)
    torch.testing.assert_close(value_and_gradient(compiled, other, label), expected)


@pytest.mark.slow
@pytest.mark.skipif(find_compiler() is None, reason="torch.compile on a CPU needs a compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_auto_resolves_also_when_first_called_compiled():
    logits, label = some_pair()
    loss = SoftclDiceLoss("auto", sigmoid=True)
    compiled = torch.compile(loss)
    first = compiled(logits, label)
    assert loss.iter is not None
    torch.testing.assert_close(first, SoftclDiceLoss(loss.iter, sigmoid=True)(logits, label))


@pytest.mark.parametrize(
    ("loss_class", "options", "masked"),
    [
        (SoftDiceclDiceLoss, {"iter_": 1}, True),
        (SoftclDiceLoss, {"iter_": 1, "ignore_index": 1}, False),
        (SoftclDiceLoss, {"iter_": 1, "monai_compatible": True}, False),
    ],
)
def test_masks_and_the_form_of_monai_trace_without_a_graph_break(loss_class, options, masked):
    logits, label = some_pair((1, 1, 6, 7))
    loss = loss_class(sigmoid=True, **options)
    extra = {"mask": (logits > -0.5).float()} if masked else {}
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(logits, label, **extra), loss(logits, label, **extra))


class Scale(nn.Module):
    """The smallest network: one weight and one bias."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Conv3d(1, 1, 1)
        nn.init.constant_(self.linear.weight, 0.7)
        nn.init.constant_(self.linear.bias, -0.2)

    def forward(self, x):
        return self.linear(x)


def gradients_of(network, loss, x, y):
    value = loss(network(x), y)
    value.backward()
    return value.detach(), [parameter.grad for parameter in network.parameters()]


def some_uneven_batch():
    logits, label = some_pair((4, 1, 10, 10, 10))
    label[2:] = 0
    label[3, 0, 5, 5] = 1
    return logits, label


def one_of_two(rank):
    logits, label = some_uneven_batch()
    network = nn.parallel.DistributedDataParallel(Scale())
    loss = SoftDiceclDiceLoss(sigmoid=True, batch=True, sync_ranks=True)
    value, gradients = gradients_of(network, loss, logits[rank::2], label[rank::2])
    auto = SoftclDiceLoss("auto", sigmoid=True)
    thick = torch.zeros(1, 1, 20, 20)
    thick[..., 4 : 7 + 4 * rank, :] = 1
    auto(torch.zeros_like(thick), thick)
    return value.item(), [g.flatten().tolist() for g in gradients], auto.iter


@pytest.mark.slow
@pytest.mark.skipif(not dist.is_available(), reason="torch was built without torch.distributed")
def test_two_synchronised_processes_equal_one():
    logits, label = some_uneven_batch()
    loss = SoftDiceclDiceLoss(sigmoid=True, batch=True)
    value, gradients = gradients_of(Scale(), loss, logits, label)
    for value_of_rank, gradients_of_rank, iter_of_rank in in_two_processes(one_of_two):
        assert value_of_rank == pytest.approx(value.item(), abs=1e-6)
        for got, expected in zip(gradients_of_rank, gradients, strict=True):
            torch.testing.assert_close(torch.tensor(got), expected.flatten(), rtol=1e-4, atol=1e-6)
        # Bars of 3 and 7 rows need 1 and 3: both take the larger.
        assert iter_of_rank == 3
