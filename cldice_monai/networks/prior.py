"""Let a network start from what is known before it has seen anything: vessels are rare."""

from __future__ import annotations

import math

import torch
from torch import nn

__all__ = ["start_from_prior"]


def start_from_prior(network: nn.Module, *, foreground: float = 0.05) -> nn.Module:
    """Set the bias of the last convolution so that the network first predicts a rare foreground.

    A fresh network gives every voxel a probability near one half. With vessels in one voxel of
    twenty, Dice then spends its first hundreds of steps on pushing the background down, and until
    that is done every vessel is drawn too wide.

    Args:
        network: a segmentation network that ends in a convolution with a bias (MONAI's UNet, for
            instance). The output goes through a sigmoid if it has one channel, through a softmax
            with the background first if it has several; changed in place.
        foreground: share of the voxels that is expected to be vessel, between 0 and 1; several
            classes of vessel share it equally.

    Returns:
        The same network.

    Raises:
        ValueError: if foreground is not between 0 and 1, or the network does not end that way.

    Example:
        >>> network = start_from_prior(nn.Conv3d(1, 1, 3), foreground=0.05)
        >>> round(torch.sigmoid(network.bias).item(), 4)
        0.05

    Reference:
        Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, section 3.3.
    """
    if not 0 < foreground < 1:
        raise ValueError(f"foreground must lie between 0 and 1, got {foreground}")
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Conv3d)]
    last = convolutions[-1] if convolutions else None
    if last is None or last.bias is None:
        raise ValueError(
            "network must end in a convolution with a bias; "
            f"{type(network).__name__} does not: use it without start_from_prior"
        )
    n_vessels = max(last.out_channels - 1, 1)
    with torch.no_grad():
        last.bias.fill_(math.log(foreground / n_vessels / (1 - foreground)))
        if last.out_channels > 1:
            last.bias[0] = 0.0
    return network
