"""A large volume as `ResampleToWorkingGrid` leaves it, computed box by box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from cldice_monai.boxes import Region, cut_box, region_shape, shifted
from cldice_monai.data.boxwise.large_volume import LargeVolume, reading_boxes
from cldice_monai.errors import InputError
from cldice_monai.transforms.working_grid import check_scale, is_microscopy
from cldice_monai.volumes.linear_steps import LinearStep, step_back, working_step

__all__ = [
    "cut_for_source",
    "fill_values",
    "lowest_finite",
    "needs_working_grid",
    "on_working_grid",
    "require_finite",
    "way_back",
]

_AT_ONCE = 1 << 18  # voxels that are interpolated at once, in float64 and some copies
_READ_AT_ONCE = 1 << 21  # voxels of a box that is read for the range of intensities


def needs_working_grid(volume: LargeVolume, side_mm: float | None) -> bool:
    """Return whether a volume is one of a microscope that the weights want resampled.

    Args:
        volume: the volume.
        side_mm: side of the voxels that a microscope's volume gets; None for no such wish.

    Raises:
        InputError: if an axis would get or lose more than 16 times its voxels.
    """
    if side_mm is None or len(volume.shape) < 3 or not is_microscopy(volume.spacing_mm):
        return False
    check_scale(volume.spacing_mm, side_mm, name=str(volume.path), unit=volume.unit)
    return True


def on_working_grid(
    volume: LargeVolume, side_mm: float, fills: Sequence[float] | None = None
) -> LargeVolume:
    """Return the volume on its working grid; a box is interpolated when it is read.

    Args:
        volume: the volume on its own grid.
        side_mm: side of the voxels.
        fills: what takes the place of NaN and infinity in each channel, from `fill_values`; None
            where there are none.

    Returns:
        The volume.
    """
    step = working_step(volume.shape, volume.spacing_mm, side_mm)

    def read(box: Region) -> np.ndarray:
        whole = np.empty((volume.n_channels, *region_shape(box)), np.float32)
        for part in cut_for_source(box, step):
            values = volume.read(step.source_box(part))
            for channel, fill in zip(values, fills or (), strict=False):
                channel[~np.isfinite(channel)] = fill
            whole[(slice(None), *shifted(part, box))] = step.apply(values, part)
        return whole

    return replace(
        volume,
        shape=step.shape,
        spacing_mm=(side_mm,) * 3,
        voxel_mm=side_mm**3,
        read=read,
        chunks=_chunks(volume, step),
    )


def way_back(volume: LargeVolume, side_mm: float) -> LinearStep:
    """Return the step from the working grid to the volume's own.

    Args:
        volume: the volume on its own grid.
        side_mm: side of the working grid's voxels.
    """
    return step_back(volume.shape, volume.spacing_mm, side_mm)


def fill_values(volume: LargeVolume) -> list[float]:
    """Return the smallest finite value of each channel, which stands for NaN and infinity.

    Args:
        volume: the volume on its own grid; it is read once.

    Raises:
        InputError: if a channel has no finite voxel.
    """
    lowest = np.full(volume.n_channels, np.inf)
    for box in reading_boxes(volume):
        lowest = np.minimum(lowest, lowest_finite(volume.read(box)))
    return require_finite(lowest, volume)


def lowest_finite(values: np.ndarray) -> np.ndarray:
    """Return the smallest finite value of each channel, infinity where there is none.

    Args:
        values: (C, ...).
    """
    flat = values.reshape(len(values), -1)
    return np.min(flat, axis=1, where=np.isfinite(flat), initial=np.inf).astype(np.float64)


def require_finite(lowest: np.ndarray, volume: LargeVolume) -> list[float]:
    """Return the smallest values of all channels as numbers.

    Args:
        lowest: of `lowest_finite`, of the whole volume.
        volume: for the message.

    Raises:
        InputError: if a channel has no finite voxel.
    """
    if not np.isfinite(lowest).all():
        channel = int(np.flatnonzero(~np.isfinite(lowest))[0])
        raise InputError(
            f"{volume.path}: channel {channel}: every voxel is NaN or infinite; export the volume "
            "again or leave it out"
        )
    return [float(value) for value in lowest]


def cut_for_source(box: Region, step: LinearStep) -> Iterator[Region]:
    """Cut a box so that each part is made from, and holds, a limited number of voxels.

    Args:
        box: in the target grid of ``step``.
        step: the interpolation.

    Yields:
        Parts that together are the box.
    """

    def larger(part: Region) -> tuple[int, ...]:
        source = region_shape(step.source_box(part))
        return tuple(map(max, source, region_shape(part)))

    return cut_box(box, most=_AT_ONCE, sides_of=larger)


def _chunks(volume: LargeVolume, step: LinearStep) -> tuple[int, ...] | None:
    """Return sides of boxes that are made from about one chunk of the file; None for any box."""
    if volume.chunks is None:
        return None
    sides = [
        max(1, min(n, chunk * n // source))
        for n, chunk, source in zip(step.shape, volume.chunks, volume.shape, strict=True)
    ]
    while prod(sides) > _READ_AT_ONCE:
        axis = sides.index(max(sides))
        sides[axis] = -(-sides[axis] // 2)
    return tuple(sides)
