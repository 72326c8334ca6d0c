"""The losses by kernels for GPUs, interpreted on the CPU, against the losses of the CPU."""

import pytest
import torch

from cldice_monai import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.losses import _fused_sums

pytestmark = pytest.mark.slow


@pytest.fixture
def fused(kernels, monkeypatch):
    """Switch between the kernels and the CPU's path."""

    def switch(on):
        monkeypatch.setattr(_fused_sums, "has_soft_kernels", lambda device: on)

    return switch


def loss_and_gradient(loss, x, label):
    x = x.clone().requires_grad_()
    value = loss(x, label)
    value.sum().backward()
    return value.detach(), x.grad


@pytest.mark.parametrize(
    ("name", "shape", "arguments"),
    [
        (SoftclDiceLoss, (2, 2, 3, 4, 6), {"sigmoid": True, "reduction": "none"}),
        (SoftclDiceLoss, (2, 1, 7, 6), {"sigmoid": True, "batch": True}),
        (SoftclDiceLoss, (1, 1, 4, 5, 3), {"sigmoid": True, "spacing": (2.0, 1.0, 1.0)}),
        (
            SoftDiceclDiceLoss,
            (1, 3, 1, 4, 5),
            {"softmax": True, "include_background": False, "weight": [1.0, 2.0]},
        ),
    ],
)
def test_loss_and_gradient_equal_those_of_the_cpu(fused, name, shape, arguments):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(shape, generator=generator)
    label = (torch.rand(shape, generator=generator) > 0.6).float()
    found = []
    for on in (True, False):
        fused(on)
        found.append(loss_and_gradient(name(2, **arguments), x, label))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-5, atol=1e-7)


def test_a_loss_without_gradient_is_the_same(fused):
    x, label = torch.rand(1, 1, 4, 5), torch.ones(1, 1, 4, 5)
    found = []
    for on in (True, False):
        fused(on)
        found.append(SoftclDiceLoss(1)(x, label))
    torch.testing.assert_close(found[0], found[1])


def test_empty_pairs_are_judged_as_on_the_cpu(fused):
    nothing, something = torch.zeros(1, 1, 4, 5), torch.ones(1, 1, 4, 5)
    for pair in ((nothing, nothing), (nothing, something), (something, nothing)):
        found = []
        for on in (True, False):
            fused(on)
            found.append(SoftclDiceLoss(1)(*pair))
        assert torch.equal(found[0], found[1])


def test_what_the_kernels_cannot_do_goes_the_other_way(fused, kernels, monkeypatch):
    def refuse(*_arguments, **_settings):
        raise AssertionError("the kernels were called")

    fused(True)
    monkeypatch.setattr(kernels, "triton_forward", refuse)
    x, label = torch.rand(1, 1, 4, 5), torch.ones(1, 1, 4, 5)
    SoftclDiceLoss(1)(x, label, mask=label)
    SoftclDiceLoss(1)(x, label, target_skeleton=label)
    SoftclDiceLoss(1, skeleton="exact")(x, label)
    with pytest.raises(AssertionError, match="kernels were called"):
        SoftclDiceLoss(1)(x, label)


def test_the_operator_passes_torch_s_own_checks(kernels):
    x, label = torch.rand(2, 3, 4), torch.ones(2, 3, 4)
    for keep, image in ((True, x.requires_grad_()), (False, x.detach())):
        torch.library.opcheck(
            torch.ops.cldice_monai.fused_cldice_sums,
            (image, label, [3, 3], keep),
            test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
        )
