"""Which axes of a NIfTI file are space and which one is the channel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.errors import InputError

__all__ = ["MAX_CHANNELS", "Axes", "find_axes", "header_axes"]

MAX_CHANNELS = 16
"""A fourth axis longer than this, beside a singleton axis, is space and not channels."""


@dataclass(frozen=True)
class Axes:
    """The role of each axis of a file.

    Attributes:
        shape: shape in the file.
        spatial: the file's axes that are space, ascending (two or three).
        channel: the file's axis that is the channel, None where there is one channel only.
    """

    shape: tuple[int, ...]
    spatial: tuple[int, ...]
    channel: int | None

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return 1 if self.channel is None else self.shape[self.channel]

    @property
    def spatial_shape(self) -> tuple[int, int, int]:
        """Shape in space; a two-dimensional image is one voxel deep."""
        x, y, z = (*(self.shape[axis] for axis in self.spatial), 1)[:3]
        return x, y, z

    @property
    def mask_shape(self) -> tuple[int, ...]:
        """Shape of a mask of this file: the file's own, or its spatial part if it has channels."""
        return self.shape if self.channel is None else self.spatial_shape

    def channel_first(self, array: np.ndarray) -> np.ndarray:
        """Bring an array of the file's shape to (C, X, Y, Z), as a view where numpy can.

        Args:
            array: array with the file's shape.

        Returns:
            The array, shape (C, X, Y, Z).
        """
        leading = () if self.channel is None else (self.channel,)
        rest = [a for a in range(array.ndim) if a not in (*leading, *self.spatial)]
        ordered = array.transpose((*leading, *self.spatial, *rest))
        return ordered.reshape((self.n_channels, *self.spatial_shape))


def find_axes(shape: tuple[int, ...]) -> Axes:
    """Tell space from channels in the shape of a NIfTI file.

    The first three axes are space and one further axis is the channel. Axes of length one behind
    the third are dropped. A singleton among the first three beside a long fourth axis, as in
    (1, 500, 500, 50) or (500, 500, 1, 50), is dropped too and the fourth axis is space: such
    patches are in the VesSAP release. The affine then belongs to the three axes that remain.

    Args:
        shape: shape in the file, two to seven positive numbers.

    Returns:
        The role of each axis.

    Raises:
        ValueError: if the file has fewer than two axes, or more than one axis beside space.

    Example:
        >>> find_axes((64, 64, 32, 2)).channel, find_axes((64, 64, 32, 1)).channel
        (3, None)
        >>> find_axes((500, 500, 1, 50)).spatial
        (0, 1, 3)
    """
    if len(shape) < 2:
        raise ValueError(f"has shape {shape}, which is not an image")
    extra = [axis for axis in range(3, len(shape)) if shape[axis] > 1]
    if not extra:
        return Axes(shape, tuple(range(min(3, len(shape)))), None)
    if len(extra) > 1:
        raise ValueError(f"has shape {shape}, with more than one axis beside the three of space")
    (last,) = extra
    singletons = [axis for axis in range(3) if shape[axis] == 1]
    if len(singletons) == 1 and shape[last] > MAX_CHANNELS:
        spatial = (*(axis for axis in range(3) if axis not in singletons), last)
        return Axes(shape, spatial, None)
    return Axes(shape, (0, 1, 2), last)


def header_axes(path: Path, header: Any) -> Axes:
    """Return the axes of a file.

    Args:
        path: the file, for the message.
        header: its nibabel header.

    Returns:
        The role of each axis.

    Raises:
        InputError: more than one axis beside space.
    """
    try:
        return find_axes(tuple(int(n) for n in header.get_data_shape()))
    except ValueError as error:
        raise InputError(
            f"{path}: {error}; save one volume of shape (X, Y, Z) or (X, Y, Z, channels) a file"
        ) from error
