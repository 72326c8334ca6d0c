import pytest
import torch
from monai.networks.nets import UNet
from torch import nn

from cldice_monai.networks import start_from_prior


def _unet(dims: int, n_out: int = 1) -> UNet:
    torch.manual_seed(0)
    return UNet(dims, 1, n_out, (8, 16, 32), (2, 2), num_res_units=2, norm="BATCH")


@pytest.mark.parametrize("dims", [2, 3])
def test_fresh_unet_predicts_the_share_that_is_expected(dims: int):
    x = torch.rand(2, 1, *[32] * dims)
    fresh = torch.sigmoid(_unet(dims)(x)).mean().item()
    started = torch.sigmoid(start_from_prior(_unet(dims), foreground=0.05)(x)).mean().item()
    assert 0.3 < fresh < 0.7
    assert 0.03 < started < 0.12


def test_only_one_number_is_changed():
    before, after = _unet(3), start_from_prior(_unet(3))
    pairs = zip(before.parameters(), after.parameters(), strict=True)
    assert sum(int((a != b).sum()) for a, b in pairs) == 1


@pytest.mark.parametrize("network", [nn.Linear(1, 1), nn.Conv3d(1, 1, 1, bias=False)])
def test_network_that_ends_otherwise_is_refused(network: nn.Module):
    with pytest.raises(ValueError, match="must end in a convolution with a bias"):
        start_from_prior(network)


@pytest.mark.parametrize("foreground", [0.0, 1.0, -0.1])
def test_share_outside_zero_and_one_is_refused(foreground: float):
    with pytest.raises(ValueError, match="between 0 and 1"):
        start_from_prior(nn.Conv3d(1, 1, 3), foreground=foreground)


def test_the_classes_of_a_softmax_share_the_foreground():
    network = start_from_prior(nn.Conv3d(1, 4, 1), foreground=0.06)
    shares = torch.softmax(network(torch.zeros(1, 1, 2, 2, 2)), dim=1)[0, :, 0, 0, 0]
    assert shares.tolist() == pytest.approx([0.94, 0.02, 0.02, 0.02])
