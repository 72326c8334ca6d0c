"""The paper's networks: parameters of its Table 2, order of layers, shapes."""

from typing import get_args

import pytest
import torch
from torch import nn

from cldice_monai.networks import ClassicUNet, ConvolutionalNet, paper_network
from cldice_monai.networks.paper import PaperNetworkName


def n_parameters(network):
    """Number of parameters without those of the batch normalisation."""
    norms = (nn.BatchNorm2d, nn.BatchNorm3d)
    return sum(
        parameter.numel()
        for module in network.modules()
        if not isinstance(module, norms)
        for parameter in module.parameters(recurse=False)
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 3*9*5+5 + 5*25*10+10 + 10*25*20+20 + 20*9*50+50 + 50+1
        ("drive_fcn", 15_521),
        ("roads_fcn", 279_671),
        ("3d_fcn", 58_656),
        ("drive_unet", 28_942_785),
        ("roads_unet", 31_031_745),
    ],
)
def test_parameters_are_those_of_table_2(name, expected):
    assert n_parameters(paper_network(name)) == expected


def test_the_3d_unet_rounds_to_the_figure_of_table_2():
    assert round(n_parameters(paper_network("3d_unet")) / 1e6, 2) == 19.21


@pytest.mark.parametrize("name", get_args(PaperNetworkName))
def test_every_layer_but_the_last_is_followed_by_relu_and_batch_norm(name):
    kinds = [
        type(module).__name__.rstrip("123d")
        for module in paper_network(name).modules()
        if not list(module.children()) and not isinstance(module, nn.Upsample | nn.MaxPool2d)
    ]
    layers = [kind for kind in kinds if kind.startswith(("Conv", "ReLU", "BatchNorm"))]
    for place, kind in enumerate(layers[:-1]):
        if kind.startswith("Conv"):
            assert layers[place + 1 : place + 3] == ["ReLU", "BatchNorm"]
    assert layers[-1].startswith("Conv")


@pytest.mark.parametrize("block", ["classic", "late"])
@pytest.mark.parametrize("upsample", ["deconv", "interpolate"])
@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_a_small_unet_keeps_the_size_and_passes_gradient_to_every_parameter(
    spatial_dims, upsample, block
):
    network = ClassicUNet(
        spatial_dims, 2, 3, channels=(3, 5, 7), upsample=upsample, block=block
    ).train()
    x = torch.randn(2, 2, *(8, 12, 16)[:spatial_dims])
    y = network(x)
    assert y.shape == (2, 3, *x.shape[2:])
    y.square().mean().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize(
    "network", [paper_network("drive_fcn"), ClassicUNet(2, 3, channels=(2, 4))]
)
def test_the_networks_can_be_scripted(network):
    x = torch.randn(1, 3, 16, 16)
    network = network.eval()
    assert torch.allclose(torch.jit.script(network)(x), network(x), atol=1e-6)


def test_unusable_arguments_are_refused_in_one_line():
    with pytest.raises(ValueError, match="name must be one of drive_fcn"):
        paper_network("vessap")
    with pytest.raises(ValueError, match="multiples of 4, got"):
        ClassicUNet(2, 1, channels=(2, 4, 8))(torch.zeros(1, 1, 16, 18))
    with pytest.raises(ValueError, match="upsample must be one of"):
        ClassicUNet(2, 1, upsample="nearest")
    with pytest.raises(ValueError, match="two resolutions or more"):
        ClassicUNet(2, 1, channels=(8,))
    with pytest.raises(ValueError, match="one odd number for each"):
        ConvolutionalNet(2, 1, kernel_size=(3, 5, 4, 3))


def test_the_channels_of_the_input_can_be_chosen():
    assert paper_network("3d_fcn", in_channels=1)(torch.zeros(1, 1, 6, 6, 6)).shape[1] == 1
    assert paper_network("cremi_unet", out_channels=2)(torch.zeros(1, 1, 32, 32)).shape[1] == 2
