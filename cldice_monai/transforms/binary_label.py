"""Make a vessel label of whatever the file holds."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.transforms._containers import as_numpy
from cldice_monai.transforms._items import apply_to_keys

__all__ = ["BinarizeLabel", "BinarizeLabelD", "BinarizeLabelDict", "BinarizeLabeld"]


class BinarizeLabel(Transform):
    """Make a vessel label of whatever the file holds: vessel is > 0.

    Label files hold {0, 1}, {0, 255} or {0, 95, 255}, sometimes in one data set.

    Example:
        >>> import torch
        >>> BinarizeLabel()(torch.tensor([[0, 95, 255]]))
        tensor([[0, 1, 1]], dtype=torch.uint8)
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Binarize a label.

        Args:
            img: label of any shape and number type; NaN and negative numbers are background.

        Returns:
            uint8 of {0, 1}, same shape and container.
        """
        label = as_numpy(img)
        mask = (label > 0).astype(np.uint8)
        return convert_to_dst_type(mask, dst=img, dtype=mask.dtype)[0]


class BinarizeLabeld(MapTransform):
    """Dictionary form of `BinarizeLabel`.

    Args:
        keys: keys of the labels.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> import numpy as np
        >>> BinarizeLabeld("label")({"label": np.array([[0, 255]])})["label"].tolist()
        [[0, 1]]
    """

    backend = BinarizeLabel.backend

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.converter = BinarizeLabel()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the labels binarized."""
        return apply_to_keys(self, data, self.converter)


BinarizeLabelD = BinarizeLabelDict = BinarizeLabeld
