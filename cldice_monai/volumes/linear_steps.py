"""Linear interpolation from one grid to another, box by box, as torch and MONAI do it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cldice_monai.boxes import Region

__all__ = ["LinearStep", "scaling_step", "step_back", "working_step"]

_DIGITS = 3  # that float32 leaves of a number of voxels, as in `ResampleToIsotropic`
_SAME = 1e-3  # voxels; MONAI takes a grid that differs by less for the same


@dataclass(frozen=True, eq=False)
class LinearStep:
    """The voxels of a target grid as mixtures of two neighbours along each axis of a source.

    Attributes:
        lower: for each axis, the source voxel before (or at) each target voxel, int64.
        weights: for each axis, the share of the source voxel behind it, from 0 to 1, in the number
            type in which the mixture is computed.
        source_shape: of the source grid.
    """

    lower: tuple[npt.NDArray[np.int64], ...]
    weights: tuple[npt.NDArray[np.floating], ...]
    source_shape: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the target grid."""
        return tuple(len(one) for one in self.lower)

    def source_box(self, box: Region) -> Region:
        """Return the source voxels that a box of the target is made from.

        Args:
            box: in the target grid, not empty.
        """
        return tuple(
            slice(int(one[part.start]), min(int(one[part.stop - 1]) + 2, size))
            for one, part, size in zip(self.lower, box, self.source_shape, strict=True)
        )

    def apply(self, values: np.ndarray, box: Region) -> np.ndarray:
        """Interpolate.

        Args:
            values: (C, ...) of ``source_box(box)``.
            box: in the target grid.

        Returns:
            float32 (C, ...) of the box.
        """
        for axis, part in enumerate(box):
            first = int(self.lower[axis][part.start])
            near = self.lower[axis][part] - first
            weight = self.weights[axis][part]
            if not weight.any() and np.array_equal(near, np.arange(values.shape[axis + 1])):
                continue
            far = np.minimum(near + 1, values.shape[axis + 1] - 1)
            shares = weight.reshape(-1, *(1,) * (values.ndim - axis - 2))
            mixed = np.take(values, near, axis + 1) * (1 - shares)
            mixed += np.take(values, far, axis + 1) * shares
            values = mixed
        return np.asarray(values, np.float32)


def working_step(shape: Sequence[int], sides: Sequence[float], side: float) -> LinearStep:
    """Return the step that `ResampleToIsotropic` makes: to voxels with sides of one length.

    The first voxels of both grids have one place; positions are float64, as MONAI has them.

    Args:
        shape: of the source grid.
        sides: of its voxels.
        side: of the target's voxels, in the same unit.

    Example:
        >>> step = working_step((3,), (2.0,), 1.0)
        >>> step.shape, step.apply(np.float32([[0, 4, 6]]), (slice(0, 5),)).tolist()
        ((5,), [[0.0, 2.0, 4.0, 5.0, 6.0]])
    """
    ratios = [own / side for own in sides]
    steps = [(n - 1) * ratio for n, ratio in zip(shape, ratios, strict=True)]
    target = tuple(round(round(step, _DIGITS) + 1.0) for step in steps)
    return _between(shape, target, [1 / ratio for ratio in ratios])


def step_back(shape: Sequence[int], sides: Sequence[float], side: float) -> LinearStep:
    """Return the step back of `working_step`, to the grid that it came from.

    Args:
        shape: of that grid.
        sides: of its voxels.
        side: of the working grid's voxels, in the same unit.

    Example:
        >>> step = step_back((3,), (2.0,), 1.0)
        >>> step.apply(np.float32([[0, 2, 4, 5, 6]]), (slice(0, 3),)).tolist()
        [[0.0, 4.0, 6.0]]
    """
    there = working_step(shape, sides, side)
    return _between(there.shape, shape, [own / side for own in sides])


def scaling_step(shape: Sequence[int], target: Sequence[int]) -> LinearStep:
    """Return the step that ``torch.nn.functional.interpolate`` makes, linear, corners not aligned.

    Positions are float32, as torch has them on float32 tensors.

    Args:
        shape: of the source grid.
        target: shape of the other.

    Example:
        >>> step = scaling_step((4,), (2,))
        >>> step.apply(np.float32([[0, 2, 4, 6]]), (slice(0, 2),)).tolist()
        [[1.0, 5.0]]
    """
    half = np.float32(0.5)
    places = []
    for size, wanted in zip(shape, target, strict=True):
        scale = np.float32(size) / np.float32(wanted)
        at = scale * (np.arange(wanted, dtype=np.float32) + half) - half
        places.append(np.maximum(at, np.float32(0)))
    return _at(places, shape)


def _between(shape: Sequence[int], target: Sequence[int], steps: Sequence[float]) -> LinearStep:
    if tuple(shape) == tuple(target) and all(abs(step - 1) <= _SAME for step in steps):
        steps = [1.0] * len(shape)
    places = [np.arange(n, dtype=np.float64) * step for n, step in zip(target, steps, strict=True)]
    return _at(places, shape)


def _at(places: Sequence[npt.NDArray[np.floating]], shape: Sequence[int]) -> LinearStep:
    """Return the step whose targets lie at these places, which end with the source."""
    lower, weights = [], []
    for place, size in zip(places, shape, strict=True):
        inside = np.minimum(place, place.dtype.type(size - 1))
        near = np.floor(inside)
        lower.append(near.astype(np.int64))
        weights.append(inside - near)
    return LinearStep(tuple(lower), tuple(weights), tuple(shape))
