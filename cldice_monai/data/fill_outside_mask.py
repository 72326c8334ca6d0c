"""What lies outside the field of view: left out of a loss, or of a metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import Transform
from monai.utils import ensure_tuple

__all__ = ["IGNORED", "FillOutsideMask"]

IGNORED = 255
"""Label value of a voxel that does not count: the ``ignore_index`` of the losses."""


class FillOutsideMask(Transform):
    """Set tensors of an item to one value where its ``mask`` is 0; nothing without a mask.

    For a loss with an ``ignore_index`` the label is set to that; for a metric the prediction and
    the label are both set to 0, so that neither can be right or wrong there.

    Args:
        keys: what is filled: (C, spatial...) tensors on the grid of the mask.
        value: what it is filled with; None only where no item has a mask.
        mask_key: key of the mask, (1, spatial...), above 0 where a voxel counts; it is taken out
            of the item, so that items with and without one can be batched alike.

    Example:
        >>> item = {"label": torch.tensor([[0, 1, 1]]), "mask": torch.tensor([[1, 1, 0]])}
        >>> FillOutsideMask("label", 255)(item)
        {'label': tensor([[  0,   1, 255]])}
    """

    def __init__(self, keys: KeysCollection, value: int | None, mask_key: str = "mask") -> None:
        self.keys = ensure_tuple(keys)
        self.value = value
        self.mask_key = mask_key

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of the item, filled and without its mask."""
        item = dict(data)
        mask = item.pop(self.mask_key, None)
        if mask is not None:
            outside = torch.as_tensor(mask).as_subclass(torch.Tensor) <= 0
            for key in self.keys:
                item[key] = item[key].masked_fill(outside.to(item[key].device), self.value)
        return item
