"""Take the pieces that are too short to be a vessel out of a segmentation."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.topology.short_components import remove_short_components
from cldice_monai.transforms._containers import (
    as_whole_numbers,
    check_spacing_argument,
    voxel_sizes,
)
from cldice_monai.transforms._items import apply_to_keys

__all__ = [
    "RemoveShortVessels",
    "RemoveShortVesselsD",
    "RemoveShortVesselsDict",
    "RemoveShortVesselsd",
]

SpacingMm = Sequence[float] | Literal["image"]


class RemoveShortVessels(Transform):
    """Remove the components of a segmentation whose centreline is too short.

    Length is that of the skeleton of a component, all its branches together
    (`cldice_monai.topology.remove_short_components`). Every class is looked at by itself: every
    channel, and every value in a channel.

    Args:
        min_length_mm: components shorter than this become background; 0 changes nothing.
        spacing_mm: voxel size in mm along each spatial axis; ``"image"`` takes it from the affine
            of a MetaTensor, in mm or, where `NiftiVolumeReader` has read the file, in its unit.

    Raises:
        ValueError: for a length or spacing that is no such number; when called: if the
            spacing has not one number an axis, or is ``"image"`` and the image has no affine.

    Example:
        >>> mask = np.array([[[1, 1, 1, 1, 0, 1, 1]]], np.uint8)
        >>> RemoveShortVessels(1.5, spacing_mm=(1.0, 1.0))(mask)
        array([[[1, 1, 1, 1, 0, 0, 0]]], dtype=uint8)
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(self, min_length_mm: float = 0.0, spacing_mm: SpacingMm = "image") -> None:
        if not 0 <= min_length_mm < float("inf"):
            raise ValueError(f"min_length_mm must be 0 or a length in mm, got {min_length_mm!r}")
        if spacing_mm is None:
            raise ValueError('spacing_mm must be numbers, one an axis, or "image", got None')
        check_spacing_argument(spacing_mm)
        self.min_length_mm = min_length_mm
        self.spacing_mm = spacing_mm

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Remove what is too short.

        Args:
            img: segmentation (C, X, Y) or (C, X, Y, Z) of whole numbers: one-hot channels, or one
                channel of class numbers; 0 is background.

        Returns:
            The segmentation, same shape, number type and container.

        Raises:
            ValueError: if the segmentation is neither (C, X, Y) nor (C, X, Y, Z), or holds NaN or
                fractions.
        """
        mask = as_whole_numbers(img, name="img")
        if mask.ndim not in (3, 4):
            raise ValueError(
                f"img must be (C, X, Y) or (C, X, Y, Z), got {mask.shape}; "
                "add a channel axis with x[None] or drop the batch axis with x[0]"
            )
        kept = mask.copy()
        if self.min_length_mm > 0:
            spacing_mm = self._spacing_mm(img, ndim=mask.ndim - 1)
            for channel in kept:
                for value in np.unique(channel[channel > 0]):
                    of_class = channel == value
                    long_enough = remove_short_components(
                        of_class, min_length_mm=self.min_length_mm, spacing_mm=spacing_mm
                    )
                    channel[of_class & ~long_enough] = 0
        return convert_to_dst_type(kept, dst=img)[0]

    def _spacing_mm(self, img: NdarrayOrTensor, *, ndim: int) -> list[float]:
        sizes = voxel_sizes(self.spacing_mm, img, ndim=ndim) or ()
        unit = 1.0
        if self.spacing_mm == "image":
            unit = float(getattr(img, "meta", {}).get("mm_per_unit", 1.0))
        return [size * unit for size in sizes]


class RemoveShortVesselsd(MapTransform):
    """Dictionary form of `RemoveShortVessels`.

    Args:
        keys: keys of the segmentations.
        min_length_mm: see `RemoveShortVessels`.
        spacing_mm: see `RemoveShortVessels`.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> item = {"pred": np.array([[[1, 1, 1, 1, 0, 1, 1]]])}
        >>> RemoveShortVesselsd("pred", 1.5, spacing_mm=(1.0, 1.0))(item)["pred"]
        array([[[1, 1, 1, 1, 0, 0, 0]]])
    """

    backend = RemoveShortVessels.backend

    def __init__(
        self,
        keys: KeysCollection,
        min_length_mm: float = 0.0,
        spacing_mm: SpacingMm = "image",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.converter = RemoveShortVessels(min_length_mm, spacing_mm)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with its segmentations changed."""
        return apply_to_keys(self, data, self.converter)


RemoveShortVesselsD = RemoveShortVesselsDict = RemoveShortVesselsd
