"""The layer that the paper's networks are made of."""

from __future__ import annotations

from monai.networks.blocks import Convolution

__all__ = ["convolution"]


def convolution(
    spatial_dims: int, in_channels: int, out_channels: int, *, kernel_size: int = 3
) -> Convolution:
    """Return convolution, ReLU and batch normalisation, in that order."""
    return Convolution(
        spatial_dims,
        in_channels,
        out_channels,
        kernel_size=kernel_size,
        adn_ordering="AN",
        act="RELU",
        norm="BATCH",
    )
