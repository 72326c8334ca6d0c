"""Shrink labels without losing or cutting a vessel, as transforms."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type, convert_to_tensor

from cldice_monai.topology.label_downsampling import downsample_label

__all__ = ["DownsampleLabel", "DownsampleLabelD", "DownsampleLabelDict", "DownsampleLabeld"]

_TOLERANCE = 1e-4


class DownsampleLabel(Transform):
    """Shrink a label so that every component stays, in one piece.

    A side of n voxels gets ceil(n / factor) of them, all equally long. Where the factor does not
    divide n each covers a little less than ``factor`` old voxels, and an old voxel that lies across
    the border of two counts for both. A small voxel is set where any voxel it covers is.

    Args:
        factor: one for all spatial axes or one an axis, 1 or more.

    Raises:
        ValueError: where a factor is less than 1.

    Example:
        >>> line = np.zeros((1, 8, 8), np.uint8)
        >>> line[0, 5] = 1
        >>> DownsampleLabel(4)(line)[0].tolist()
        [[0, 0], [1, 1]]
    """

    backend = (TransformBackends.TORCH,)

    def __init__(self, factor: int | Sequence[int]) -> None:
        factors = (factor,) if isinstance(factor, int) else tuple(factor)
        if not factors or any(int(f) != f or f < 1 for f in factors):
            raise ValueError(f"factor must be 1 or more, whole, got {factor}")
        self.factor = factors

    def __call__(self, label: np.ndarray | torch.Tensor) -> np.ndarray | torch.Tensor:
        """Return the small label.

        Args:
            label: (C, H, W) or (C, H, W, D), one-hot or binary.

        Returns:
            The same type and dtype, (C, ceil(H / f), ...); an affine moves with it.

        Raises:
            ValueError: for another shape or number of factors, and for values above 1.
        """
        shape = label.shape[1:]
        factors = self.factor * len(shape) if len(self.factor) == 1 else self.factor
        if len(shape) not in (2, 3) or len(factors) != len(shape):
            raise ValueError(
                f"label must be (C, H, W) or (C, H, W, D) for the factors {self.factor}, "
                f"got {tuple(label.shape)}"
            )
        size = [-(-n // f) for n, f in zip(shape, factors, strict=True)]
        plain = convert_to_tensor(label, track_meta=False)
        values = plain if plain.is_floating_point() else plain.long()  # torch has no max of uint16
        low, high = (float(v) for v in values.aminmax()) if values.numel() else (0.0, 0.0)
        if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):
            raise ValueError(
                f"label must be one-hot or binary, got values from {low:g} to {high:g}; use "
                "AsDiscrete(to_onehot=...) for class indices, or BinarizeLabel"
            )
        small = downsample_label(plain[None], size)[0]
        result, *_ = convert_to_dst_type(small, label, dtype=small.dtype)
        if isinstance(result, MetaTensor):
            result.affine = result.affine @ _shrink(shape, size)
        return result


def _shrink(shape: Sequence[int], size: Sequence[int]) -> torch.Tensor:
    """The affine from small to old voxels: the outer faces of the image stay where they are."""
    matrix = torch.eye(4, dtype=torch.float64)
    for axis, (old, new) in enumerate(zip(shape, size, strict=True)):
        matrix[axis, axis] = old / new
        matrix[axis, 3] = (old / new - 1) / 2
    return matrix


class DownsampleLabeld(MapTransform):
    """Dictionary form of `DownsampleLabel`.

    Args:
        keys: keys of the labels.
        factor: one for all spatial axes or one an axis, 1 or more.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> line = np.zeros((1, 8, 8), np.uint8)
        >>> line[0, 5] = 1
        >>> DownsampleLabeld("label", 4)({"label": line, "case_id": "a"})["label"][0].tolist()
        [[0, 0], [1, 1]]
    """

    backend = DownsampleLabel.backend

    def __init__(
        self,
        keys: KeysCollection,
        factor: int | Sequence[int],
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.downsample = DownsampleLabel(factor)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the item with its labels shrunk.

        Args:
            data: item with labels of shape (C, H, W) or (C, H, W, D).

        Returns:
            A copy of the item.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self.downsample(item[key])
        return item


DownsampleLabelD = DownsampleLabelDict = DownsampleLabeld
