"""The classic U-Net of the clDice paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from monai.networks.blocks import ADN, Convolution, UpSample
from monai.networks.layers import Pool
from torch import Tensor, nn

from cldice_monai.networks._layers import convolution

__all__ = ["ClassicUNet"]


class ClassicUNet(nn.Module):
    """U-Net with max pooling and blocks of convolution, ReLU and batch normalisation.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the input.
        out_channels: channels of the output.
        channels: channels at each resolution, the finest first; there is one pooling less.
        upsample: "deconv" (transposed convolution, kernel and stride 2) or "interpolate" (linear
            interpolation after a convolution with kernel 1).
        block: how the two convolutions of a block change the number of channels. "classic": the
            first one does, and up-sampling brings the channels to those of the finer resolution.
            "late": the second one does on the way down, up-sampling keeps the channels, and the
            finest resolution has a single convolution on either side.

    Raises:
        ValueError: an unknown ``upsample`` or ``block``, less than two resolutions; when called, an
            input whose sides are no multiples of 2 to the number of poolings.

    Shape:
        (B, in_channels, H, W[, D]) to (B, out_channels, H, W[, D]) logits.

    Example:
        >>> net = ClassicUNet(2, in_channels=1, channels=(4, 8, 16))
        >>> net(torch.zeros(1, 1, 16, 20)).shape
        torch.Size([1, 1, 16, 20])

    Reference:
        Shit et al., clDice, CVPR 2021, supplement E.1.2, E.2.2 and E.4.2.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        out_channels: int = 1,
        *,
        channels: Sequence[int] = (64, 128, 256, 512, 1024),
        upsample: Literal["deconv", "interpolate"] = "deconv",
        block: Literal["classic", "late"] = "classic",
    ) -> None:
        super().__init__()
        _check("upsample", upsample, ("deconv", "interpolate"))
        _check("block", block, ("classic", "late"))
        if len(channels) < 2:
            raise ValueError(f"channels must name two resolutions or more, got {tuple(channels)}")
        self.divisor = 2 ** (len(channels) - 1)
        late = block == "late"
        self.pool = Pool[Pool.MAX, spatial_dims](kernel_size=2)
        down, up = [], []
        before = in_channels
        for level, width in enumerate(channels):
            if late:
                widths = [before, width] if level == 0 else [before, before, width]
            else:
                widths = [before, width, width]
            down.append(_row(spatial_dims, widths))
            before = width
        for level in range(len(channels) - 2, -1, -1):
            width = channels[level]
            kept = before if late else width
            after = [width] if late and level == 0 else [width, width]
            up.append(
                _UpStep(
                    _upsample(spatial_dims, before, kept, upsample),
                    _row(spatial_dims, [kept + width, *after]),
                )
            )
            before = width
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)
        self.last = Convolution(spatial_dims, before, out_channels, kernel_size=1, conv_only=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of the input's size."""
        for side in x.shape[2:]:
            if side % self.divisor:
                raise ValueError(
                    f"the sides of the input must be multiples of {self.divisor}, got "
                    f"{list(x.shape)}; pad it, or choose another roi"
                )
        skips: list[Tensor] = []
        for level, convolutions in enumerate(self.down):
            if level > 0:
                x = self.pool(x)
            x = convolutions(x)
            skips.append(x)
        for level, step in enumerate(self.up):
            finer = skips[len(skips) - 2 - level]
            x = step(x, finer)
        return self.last(x)


class _UpStep(nn.Module):
    """Up-sampling, concatenation with the finer features, convolutions."""

    def __init__(self, upsample: nn.Module, convolutions: nn.Module) -> None:
        super().__init__()
        self.upsample = upsample
        self.convolutions = convolutions

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        return self.convolutions(torch.cat([finer, self.upsample(x)], dim=1))


def _row(spatial_dims: int, widths: Sequence[int]) -> nn.Sequential:
    return nn.Sequential(*[convolution(spatial_dims, *pair) for pair in pairwise(widths)])


def _upsample(spatial_dims: int, before: int, after: int, how: str) -> nn.Sequential:
    if how == "deconv":
        layer = UpSample(spatial_dims, before, after, scale_factor=2, mode="deconv", kernel_size=2)
        return nn.Sequential(layer, _activation(spatial_dims, after))
    narrow = Convolution(spatial_dims, before, after, kernel_size=1, conv_only=True)
    layer = UpSample(
        spatial_dims, after, after, scale_factor=2, mode="nontrainable", interp_mode="linear"
    )
    return nn.Sequential(narrow, _activation(spatial_dims, after), layer)


def _activation(spatial_dims: int, channels: int) -> ADN:
    return ADN("AN", channels, act="RELU", norm="BATCH", norm_dim=spatial_dims)


def _check(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
