"""The transforms of `array`, on items that are dictionaries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.config import KeysCollection
from monai.transforms import MapTransform
from monai.utils import ensure_tuple

from cldice_monai.transforms.array import (
    BinarizeLabel,
    FillNonFinite,
    ScaleIntensityCutoff,
    Skeletonize,
)

__all__ = [
    "BinarizeLabelD",
    "BinarizeLabelDict",
    "BinarizeLabeld",
    "FillNonFiniteD",
    "FillNonFiniteDict",
    "FillNonFinited",
    "ScaleIntensityCutoffD",
    "ScaleIntensityCutoffDict",
    "ScaleIntensityCutoffd",
    "SkeletonizeD",
    "SkeletonizeDict",
    "Skeletonized",
]


class ScaleIntensityCutoffd(MapTransform):
    """Dictionary form of `ScaleIntensityCutoff`.

    Args:
        keys: keys of the images.
        cutoff: quantile, one for all channels or one a channel.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> import numpy as np
        >>> item = {"image": np.array([[0.0, 1.0, 2.0, 90.0]])}
        >>> ScaleIntensityCutoffd(keys="image", cutoff=2 / 3)(item)["image"].tolist()
        [[0.0, 0.5, 1.0, 1.0]]
    """

    backend = ScaleIntensityCutoff.backend

    def __init__(
        self,
        keys: KeysCollection,
        cutoff: float | Sequence[float] = 0.99,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.converter = ScaleIntensityCutoff(cutoff)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the images scaled."""
        return _apply(self, data, self.converter)


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
        return _apply(self, data, self.converter)


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
        return _apply(self, data, self.converter)


class Skeletonized(MapTransform):
    """Dictionary form of `Skeletonize`; the skeleton goes to a key of its own.

    Args:
        keys: keys of the labels.
        output_keys: keys for the skeletons, one for each of ``keys``; None makes them of the key
            and ``output_postfix``. A label's own key puts the skeleton in its place.
        output_postfix: joined to the key by an underscore where ``output_keys`` is None.
        allow_missing_keys: leave out keys that an item does not have.

    Raises:
        ValueError: if there is not one output key for each key.

    Example:
        >>> import numpy as np
        >>> sorted(Skeletonized("label")({"label": np.ones((1, 3, 3), np.uint8)}))
        ['label', 'label_skeleton']
    """

    backend = Skeletonize.backend

    def __init__(
        self,
        keys: KeysCollection,
        output_keys: KeysCollection | None = None,
        output_postfix: str = "skeleton",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if output_keys is None:
            output_keys = [f"{key}_{output_postfix}" for key in self.keys]
        self.output_keys = ensure_tuple(output_keys)
        if len(self.output_keys) != len(self.keys):
            raise ValueError(
                f"output_keys must name one key for each of keys {self.keys}, got "
                f"{self.output_keys}; give {len(self.keys)}"
            )
        self.converter = Skeletonize()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the skeletons added."""
        item = dict(data)
        for key, output_key in self.key_iterator(item, self.output_keys):
            item[output_key] = self.converter(data[key])
        return item


def _apply(
    transform: MapTransform, data: Mapping[Hashable, Any], converter: Any
) -> dict[Hashable, Any]:
    item = dict(data)
    for key in transform.key_iterator(item):
        item[key] = converter(item[key])
    return item


ScaleIntensityCutoffD = ScaleIntensityCutoffDict = ScaleIntensityCutoffd
FillNonFiniteD = FillNonFiniteDict = FillNonFinited
BinarizeLabelD = BinarizeLabelDict = BinarizeLabeld
SkeletonizeD = SkeletonizeDict = Skeletonized
