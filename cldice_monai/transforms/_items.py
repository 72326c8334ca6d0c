"""How a transform of one array is applied to items that are dictionaries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform, Randomizable, RandomizableTransform

__all__ = ["RandMapTransform", "SeededTransform", "apply_to_keys"]


def apply_to_keys(
    transform: MapTransform, data: Mapping[Hashable, Any], converter: Any
) -> dict[Hashable, Any]:
    """Return a copy of the item with the values of the transform's keys converted."""
    item = dict(data)
    for key in transform.key_iterator(item):
        item[key] = converter(item[key])
    return item


class SeededTransform(RandomizableTransform):
    """A random transform that draws all it needs from one seed.

    ``randomize`` draws whether to act, and the seed; so a call with ``randomize=False`` repeats
    the last one exactly, whatever the shape of the image.

    Args:
        prob: probability that a call does anything.
    """

    def __init__(self, prob: float) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f"prob must be from 0 to 1, got {prob}")
        super().__init__(prob)
        self._seed = 0

    def randomize(self, data: Any = None) -> None:
        """Draw whether the next call acts, and with which seed."""
        super().randomize(None)
        self._seed = int(self.R.randint(2**31))

    def generator(self) -> np.random.Generator:
        """Return the source of randomness of the present call."""
        return np.random.default_rng(self._seed)

    @property
    def acts(self) -> bool:
        """Whether the draw says that the call does anything."""
        return bool(self._do_transform)


class RandMapTransform(Randomizable, MapTransform):
    """Dictionary form of a `SeededTransform`: one draw for all keys of an item.

    Args:
        keys: keys of the images.
        transform: what is applied to each of them.
        allow_missing_keys: leave out keys that an item does not have.
    """

    def __init__(
        self, keys: KeysCollection, transform: SeededTransform, allow_missing_keys: bool = False
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.transform = transform

    def set_random_state(
        self, seed: int | None = None, state: np.random.RandomState | None = None
    ) -> RandMapTransform:
        """Seed this transform; returns it."""
        super().set_random_state(seed, state)
        self.transform.set_random_state(seed, state)
        return self

    def randomize(self, data: Any = None) -> None:
        """Draw what the next call does."""
        self.transform.randomize()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with its images changed."""
        self.randomize()
        return apply_to_keys(self, data, lambda img: self.transform(img, randomize=False))
