import pytest
import torch
from monai.networks.nets import DynUNet, UNet
from torch import nn

from cldice_monai import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.errors import InputError
from cldice_monai.networks import paper_network
from cldice_monai.workflows import check_loss, check_network

ONE = {"in_channels": 1, "out_channels": 1}


def unet(spatial_dims: int = 2) -> UNet:
    return UNet(spatial_dims, 1, 1, channels=(4, 8, 16), strides=(2, 2), norm="BATCH")


def test_network_that_fits_stays_as_it_was():
    # its layers are reached by two names, which is where copying tensors into it went wrong
    filters = {"kernel_size": [3] * 3, "strides": [1, 2, 2], "upsample_kernel_size": [2, 2]}
    network = DynUNet(2, 1, 1, **filters, norm_name="BATCH").eval()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    torch.manual_seed(0)
    check_network(network, roi=[16, 16], **ONE)
    assert torch.equal(torch.rand(1), torch.manual_seed(0) and torch.rand(1))
    assert not network.training
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    assert not any(p.is_meta for _, p in network.named_parameters(remove_duplicate=False))


@pytest.mark.parametrize(
    ("roi", "fits"), [([40, 40], [48, 48]), ([17, 32], [32, 32]), ([16, 16], [32, 32])]
)
def test_roi_that_does_not_fit_is_answered_with_one_that_does(roi: list[int], fits: list[int]):
    network = paper_network("cremi_unet")
    with pytest.raises(InputError, match=rf"--roi '\[{fits[0]},{fits[1]}\]' does$"):
        check_network(network, roi=roi, **ONE)
    check_network(network, roi=fits, **ONE)


def test_single_voxel_can_be_normalised_in_inference_alone():
    network = paper_network("cremi_unet")
    check_network(network, roi=[16, 16], **ONE, training=False)
    with pytest.raises(InputError, match="Expected more than 1 value per channel"):
        check_network(network, roi=[16, 16], **ONE)


@pytest.mark.parametrize("wrong", [{"in_channels": 3}, {"out_channels": 2}])
def test_network_of_other_channels_is_named(wrong: dict[str, int]):
    with pytest.raises(InputError, match=r"the network \(UNet\) does not take images"):
        check_network(unet(), roi=[32, 32], **ONE | wrong)


def test_network_that_cannot_be_tried_without_values_is_let_through():
    class ByValue(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x if float(x.sum()) > 0 else -x  # no value on the meta device

    check_network(ByValue(), roi=[8, 8], **ONE)


def test_loss_is_not_changed_by_being_tried():
    loss = SoftclDiceLoss(iter_="auto", sigmoid=True)
    check_loss(loss, out_channels=1, spatial_dims=2)
    label = torch.zeros(1, 1, 32, 32)
    label[..., 8:24, :] = 1
    untouched = SoftclDiceLoss(iter_="auto", sigmoid=True)
    logits = torch.linspace(-1, 1, 1024).reshape(label.shape)
    assert torch.equal(loss(logits, label), untouched(logits, label))


@pytest.mark.parametrize(
    ("settings", "out_channels"),
    [
        ({"sigmoid": True}, 3),  # class numbers without one-hot
        ({}, 1),  # logits without an activation
        ({"softmax": True}, 1),  # which does nothing to a single channel
    ],
)
def test_loss_that_does_not_fit_is_named(settings: dict[str, bool], out_channels: int):
    with pytest.raises(InputError, match=r"the loss \(SoftDiceclDiceLoss\) does not fit"):
        check_loss(SoftDiceclDiceLoss(**settings), out_channels=out_channels, spatial_dims=3)
