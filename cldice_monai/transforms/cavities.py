"""Fill what a segmentation encloses."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.topology.cavities import fill_cavities_of_classes
from cldice_monai.transforms._containers import as_whole_numbers
from cldice_monai.transforms._items import apply_to_keys

__all__ = ["FillCavities", "FillCavitiesD", "FillCavitiesDict", "FillCavitiesd"]


class FillCavities(Transform):
    """Fill the cavities of a segmentation: background, 6-connected, that one class encloses.

    MONAI's FillHoles overwrites a class that another one encloses, and by default leaves holes that
    touch the outside at a corner. Each channel is filled by itself.

    Raises:
        ValueError: when called: if the segmentation is not (C, X, Y, Z), or holds NaN or fractions.

    Example:
        >>> mask = np.ones((1, 3, 3, 3), np.uint8)
        >>> mask[0, 1, 1, 1] = 0
        >>> int(FillCavities()(mask).sum())
        27
    """

    backend = (TransformBackends.NUMPY,)

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Fill the cavities.

        Args:
            img: segmentation (C, X, Y, Z) of whole numbers, one channel of class numbers or one
                class a channel; 0 is background.

        Returns:
            The segmentation, same shape, number type and container.
        """
        channels = as_whole_numbers(img, name="img")
        filled = np.stack([fill_cavities_of_classes(channel) for channel in channels])
        return convert_to_dst_type(filled, dst=img)[0]


class FillCavitiesd(MapTransform):
    """Dictionary form of `FillCavities`.

    Args:
        keys: keys of the segmentations.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> item = {"pred": np.ones((1, 3, 3, 3))}
        >>> item["pred"][0, 1, 1, 1] = 0
        >>> int(FillCavitiesd("pred")(item)["pred"].sum())
        27
    """

    backend = FillCavities.backend

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.converter = FillCavities()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with its segmentations filled."""
        return apply_to_keys(self, data, self.converter)


FillCavitiesD = FillCavitiesDict = FillCavitiesd
