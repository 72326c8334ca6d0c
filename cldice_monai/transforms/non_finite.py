"""Fill what was not measured: NaN and infinity."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.transforms._containers import as_channel_first_numpy
from cldice_monai.transforms._items import apply_to_keys
from cldice_monai.transforms.intensity import fill_non_finite

__all__ = ["FillNonFinite", "FillNonFiniteD", "FillNonFiniteDict", "FillNonFinited"]


class FillNonFinite(Transform):
    """Replace NaN and infinity by the smallest finite value of the channel.

    Example:
        >>> import torch
        >>> FillNonFinite()(torch.tensor([[float("nan"), 3.0, 5.0]]))
        tensor([[3., 3., 5.]])
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Fill an image.

        Args:
            img: intensities (C, spatial...), any number type.

        Returns:
            The image with its dtype and container; the same object where nothing was to do.

        Raises:
            ValueError: if a channel has no finite value, or there is no channel axis.
        """
        image = as_channel_first_numpy(img)
        filled = fill_non_finite(image)
        return img if filled is image else convert_to_dst_type(filled, dst=img)[0]


class FillNonFinited(MapTransform):
    """Dictionary form of `FillNonFinite`.

    Args:
        keys: keys of the images.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> import numpy as np
        >>> FillNonFinited("image")({"image": np.array([[np.nan, 1.0]])})["image"].tolist()
        [[1.0, 1.0]]
    """

    backend = FillNonFinite.backend

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.converter = FillNonFinite()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the images filled."""
        return apply_to_keys(self, data, self.converter)


FillNonFiniteD = FillNonFiniteDict = FillNonFinited
