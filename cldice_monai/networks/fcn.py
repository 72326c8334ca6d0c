"""The plain convolutional network (FCN) of the clDice paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from monai.networks.blocks import Convolution
from torch import nn

from cldice_monai.networks._layers import convolution

__all__ = ["ConvolutionalNet"]


class ConvolutionalNet(nn.Sequential):
    """Convolutions in a row at full resolution, each followed by ReLU and batch normalisation.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the input.
        out_channels: channels of the output.
        channels: output channels of each hidden layer.
        kernel_size: odd kernel size of each hidden layer; the last layer has 1.

    Raises:
        ValueError: ``channels`` and ``kernel_size`` differ in length, or a kernel size is even.

    Shape:
        (B, in_channels, H, W[, D]) to (B, out_channels, H, W[, D]) logits, any size.

    Example:
        >>> import torch
        >>> net = ConvolutionalNet(2, in_channels=3, out_channels=1)
        >>> net(torch.zeros(1, 3, 20, 21)).shape
        torch.Size([1, 1, 20, 21])

    Reference:
        Shit et al., clDice, CVPR 2021, supplement E.1.1, E.2.1 and E.4.1.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        out_channels: int = 1,
        *,
        channels: Sequence[int] = (5, 10, 20, 50),
        kernel_size: Sequence[int] = (3, 5, 5, 3),
    ) -> None:
        if len(channels) != len(kernel_size) or any(size % 2 == 0 for size in kernel_size):
            raise ValueError(
                "kernel_size must give one odd number for each of channels, got "
                f"{tuple(kernel_size)} for {tuple(channels)}"
            )
        widths = pairwise((in_channels, *channels))
        hidden = [
            convolution(spatial_dims, before, after, kernel_size=size)
            for (before, after), size in zip(widths, kernel_size, strict=True)
        ]
        last = Convolution(spatial_dims, channels[-1], out_channels, kernel_size=1, conv_only=True)
        super().__init__(*hidden, last)
