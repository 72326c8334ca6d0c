"""Boxes of a large volume, scaled as the whole volume is scaled in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeVolume, reading_boxes
from cldice_monai.errors import InputError
from cldice_monai.transforms.intensity import lift_dim, scale_to_range
from cldice_monai.volumes.intensity_range import streamed_intensity_range

__all__ = ["channel_ranges", "cutoff_of_channels", "read_normalised"]


def channel_ranges(
    volume: LargeVolume, cutoff: float | Sequence[float], floor: float = 0.0
) -> list[tuple[float, float]]:
    """Return the intensities that become 0 and 1 in each channel, from two passes.

    Args:
        volume: the volume.
        cutoff: quantile, one or one a channel, as for
            `cldice_monai.transforms.ScaleIntensityCutoff`.
        floor: lower quantile, as there.

    Returns:
        The pair of every channel: bit for bit that of the transform.

    Raises:
        InputError: if a channel has no finite voxel, or the cut-offs are those of other channels.
    """
    return [
        streamed_intensity_range(
            partial(_blocks, volume, channel),
            quantile,
            floor,
            name=f"{volume.path}: channel {channel}",
        )
        for channel, quantile in enumerate(cutoff_of_channels(volume, cutoff))
    ]


def cutoff_of_channels(volume: LargeVolume, cutoff: float | Sequence[float]) -> list[float]:
    """Return one quantile a channel.

    Args:
        volume: the volume.
        cutoff: one, or one a channel.

    Raises:
        InputError: if there are others than the volume has channels.
    """
    if isinstance(cutoff, int | float):
        return [float(cutoff)] * volume.n_channels
    if len(cutoff) == 1:
        return [float(cutoff[0])] * volume.n_channels
    if len(cutoff) != volume.n_channels:
        raise InputError(
            f"{volume.path}: has {volume.n_channels} channels, and there are {len(cutoff)} "
            "cut-offs; give one, or one a channel"
        )
    return [float(quantile) for quantile in cutoff]


def read_normalised(
    volume: LargeVolume, box: Region, ranges: Sequence[tuple[float, float]], *, lift: float = 0.0
) -> np.ndarray:
    """Read a box as `ScaleIntensityCutoff` leaves it: finite, from 0 to 1.

    Args:
        volume: the volume.
        box: in space.
        ranges: from `channel_ranges`.
        lift: how much dim intensities are lifted.

    Returns:
        float32 (C, ...).
    """
    values = volume.read(box)
    scaled = np.empty_like(values)
    for channel, (low, high), target in zip(values, ranges, scaled, strict=True):
        channel[~np.isfinite(channel)] = low
        target[...] = scale_to_range(channel, low, high)
    return lift_dim(scaled, lift)


def _blocks(volume: LargeVolume, channel: int) -> Iterable[np.ndarray]:
    return (volume.read(box)[channel] for box in reading_boxes(volume))
