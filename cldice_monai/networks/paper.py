"""The networks of the clDice paper, by the name of what they were trained on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

from torch import nn

from cldice_monai.networks.classic_unet import ClassicUNet
from cldice_monai.networks.fcn import ConvolutionalNet

__all__ = ["PaperNetworkName", "paper_network"]

PaperNetworkName = Literal[
    "drive_fcn", "roads_fcn", "3d_fcn", "drive_unet", "roads_unet", "cremi_unet", "3d_unet"
]

_MAKERS: dict[str, Callable[..., nn.Module]] = {
    "drive_fcn": partial(ConvolutionalNet, 2),
    "roads_fcn": partial(
        ConvolutionalNet,
        2,
        channels=(10, 20, 30, 30, 40, 50, 60),
        kernel_size=(3, 5, 7, 11, 7, 5, 3),
    ),
    "3d_fcn": partial(ConvolutionalNet, 3),
    "drive_unet": partial(ClassicUNet, 2, upsample="interpolate"),
    "roads_unet": partial(ClassicUNet, 2),
    "cremi_unet": partial(ClassicUNet, 2),
    "3d_unet": partial(ClassicUNet, 3, channels=(32, 64, 128, 256, 512), block="late"),
}


def paper_network(
    name: PaperNetworkName, *, in_channels: int | None = None, out_channels: int = 1
) -> nn.Module:
    """Return a network of the paper, with random weights.

    The parameters are those of Table 2, batch normalisation not counted, for all but the 3D U-Net.
    No literal reading of its description (E.4.2) gives the 19.21 million of the table; see
    ``docs/networks.md``.

    Args:
        name: what it was trained on, and its kind.
        in_channels: channels of the input; None for the paper's: 3 in DRIVE and Roads, 1 in CREMI,
            2 in 3D.
        out_channels: channels of the output.

    Returns:
        Module from (B, in_channels, ...) to (B, out_channels, ...) logits.

    Raises:
        ValueError: for another name.

    Example:
        >>> import torch
        >>> paper_network("3d_fcn")(torch.zeros(1, 2, 8, 9, 10)).shape
        torch.Size([1, 1, 8, 9, 10])

    Reference:
        Shit et al., clDice, CVPR 2021, supplement E and Table 2.
    """
    if name not in _MAKERS:
        known = ", ".join(get_args(PaperNetworkName))
        raise ValueError(f"name must be one of {known}, got {name!r}")
    if in_channels is None:
        in_channels = {"cremi": 1, "3d": 2}.get(name.split("_")[0], 3)
    return _MAKERS[name](in_channels=in_channels, out_channels=out_channels)
