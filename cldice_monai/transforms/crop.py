"""Random crops that find thin vessels as often as thick ones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection, NdarrayOrTensor
from monai.data import MetaTensor
from monai.data.meta_obj import get_track_meta
from monai.transforms import Crop, InvertibleTransform, MapTransform, Randomizable
from monai.transforms.traits import MultiSampleTrait
from monai.transforms.utils import correct_crop_centers
from monai.utils import ImageMetaKey, fall_back_tuple

from cldice_monai.transforms._containers import as_vessel_mask, skeleton_in_vessel

__all__ = ["RandCropByVessel", "RandCropByVesselD", "RandCropByVesselDict", "RandCropByVesseld"]


class RandCropByVessel(Randomizable, InvertibleTransform, MultiSampleTrait):
    """Crop boxes whose centres are drawn from the skeleton of the label.

    Each voxel of the skeleton is equally likely, so a vessel is met as often as it is long, not as
    it is thick. MONAI's RandCropByPosNegLabel draws from the vessels' voxels instead, most of which
    lie in the few thick ones. A centre too near to the border is moved inwards so that the crop
    fits, as there.

    Args:
        spatial_size: size of the crops; a number of 0 or less takes the image's size.
        num_samples: number of crops from one image.
        vessel_ratio: share of the crops with a vessel at the centre; the others have their centre
            in the background. A label without vessel gives centres from anywhere in the volume,
            one without background gives vessels only.
        allow_smaller: whether an image smaller than the crop is taken whole along that axis;
            otherwise it is refused.

    Raises:
        ValueError: if there is less than one sample or the ratio is not from 0 to 1; when called:
            if the image is smaller than the crop, or label and image have other shapes.

    Example:
        >>> label = np.zeros((1, 16, 16), np.uint8)
        >>> label[0, 8] = 1
        >>> crop = RandCropByVessel((5, 5), num_samples=2, vessel_ratio=1.0).set_random_state(0)
        >>> [piece[0, 2].tolist() for piece in crop(label, label)]
        [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1]]
    """

    backend = Crop.backend

    def __init__(
        self,
        spatial_size: Sequence[int] | int,
        num_samples: int = 1,
        vessel_ratio: float = 0.8,
        allow_smaller: bool = False,
    ) -> None:
        if num_samples < 1:
            raise ValueError(f"num_samples must be 1 or more, got {num_samples}")
        if not 0 <= vessel_ratio <= 1:
            raise ValueError(f"vessel_ratio must be from 0 to 1, got {vessel_ratio}")
        self.spatial_size = spatial_size
        self.num_samples = num_samples
        self.vessel_ratio = vessel_ratio
        self.allow_smaller = allow_smaller
        self.centers: tuple[tuple[int, ...], ...] = ()
        self._shape: tuple[int, ...] | None = None  # of the label that the centres are in
        self._cropper = Crop()

    def randomize(self, label: NdarrayOrTensor, skeleton: NdarrayOrTensor | None = None) -> None:
        """Draw the centres of the crops, see `centers`.

        Args:
            label: (C, X, Y) or (C, X, Y, Z), vessel is > 0. Of several channels the first is the
                background, as in RandCropByPosNegLabel.
            skeleton: the label's skeleton, the same shape, if there is one already; made anew
                where nothing of it lies in the label, as in a crop of a thick vessel's rim.
        """
        vessel = as_vessel_mask(label)
        line = skeleton_in_vessel(skeleton, vessel)
        self._shape = vessel.shape
        on_line, off_vessel = np.flatnonzero(line), None
        centers = []
        for _ in range(self.num_samples):
            wants_vessel = self.R.rand() < self.vessel_ratio
            if wants_vessel and on_line.size:
                flat = on_line[self.R.randint(on_line.size)]
            else:
                if off_vessel is None:
                    off_vessel = _background(vessel, on_line)
                flat = off_vessel[self.R.randint(off_vessel.size)]
            center = [int(c) for c in np.unravel_index(flat, vessel.shape)]
            centers.append(
                correct_crop_centers(center, self.spatial_size, vessel.shape, self.allow_smaller)
            )
        self.centers = tuple(centers)

    def __call__(
        self,
        img: NdarrayOrTensor,
        label: NdarrayOrTensor | None = None,
        skeleton: NdarrayOrTensor | None = None,
        randomize: bool = True,
    ) -> list[torch.Tensor]:
        """Crop an image.

        Args:
            img: (C, spatial...).
            label: what the centres are drawn from, see `randomize`.
            skeleton: see `randomize`.
            randomize: False takes the centres of the last call.

        Returns:
            ``num_samples`` tensors; MetaTensors know where they were, see `inverse`.
        """
        if randomize:
            if label is None:
                raise ValueError("label must be given: the centres are drawn from its skeleton")
            self.randomize(label, skeleton)
        self.check_shape(img)
        size = fall_back_tuple(self.spatial_size, default=img.shape[1:])
        crops = []
        for number, center in enumerate(self.centers):
            slices = Crop.compute_slices(roi_center=center, roi_size=size)
            crop = self._cropper(img, slices=slices)
            if get_track_meta():
                crop.meta[ImageMetaKey.PATCH_INDEX] = number
                crop.meta["crop_center"] = center
                self.push_transform(crop, replace=True)
            crops.append(crop)
        return crops

    def check_shape(self, img: NdarrayOrTensor, name: str = "img") -> None:
        """Refuse an image on another grid than the label that the centres were drawn from.

        Args:
            img: (C, spatial...).
            name: what the image is called in the message.

        Raises:
            ValueError: if the spatial shapes differ.
        """
        if self._shape and tuple(img.shape[1:]) != self._shape:
            raise ValueError(
                f"{name} must be (C, {str(self._shape)[1:]} as the label, got "
                f"{tuple(img.shape)}; bring both to one grid before they are cropped"
            )

    def inverse(self, img: MetaTensor) -> MetaTensor:
        """Put one crop back to its place in the image's grid, zeros around it.

        Args:
            img: MetaTensor from `__call__`, or what was made of it.

        Returns:
            MetaTensor of the image's shape and affine.
        """
        # the crop itself lies in the extra information of this transform's entry
        entry = self.pop_transform(img)
        img.applied_operations.append(entry["extra_info"])
        return self._cropper.inverse(img)


def _background(vessel: np.ndarray, on_line: np.ndarray) -> np.ndarray:
    """Flat places of the background; anywhere without vessel, the skeleton without background."""
    places = np.flatnonzero(~vessel)
    return places if places.size else on_line


class RandCropByVesseld(Randomizable, MapTransform, InvertibleTransform, MultiSampleTrait):
    """Dictionary form of `RandCropByVessel`: all keys are cropped at the same places.

    The skeleton is made anew for every item unless it comes along: put `Skeletonized` before this
    transform, where a CacheDataset keeps its result, and name its key in ``skeleton_key``.

    Args:
        keys: keys of what is cropped, with the label if it is to be cropped too.
        label_key: key of the label from whose skeleton the centres are drawn.
        spatial_size: see `RandCropByVessel`.
        num_samples: number of crops from one item.
        vessel_ratio: share of the crops with a vessel at the centre.
        skeleton_key: key of the label's skeleton; None makes it.
        allow_smaller: whether an image smaller than the crop is taken whole along that axis.
        allow_missing_keys: leave out keys that an item does not have.

    Raises:
        KeyError: when called: if an item has no label, or not the skeleton that was named.
        ValueError: when called: if an image has another shape than the label, see also
            `RandCropByVessel`.

    Example:
        >>> item = {"image": np.zeros((1, 16, 16)), "label": np.eye(16)[None]}
        >>> crops = RandCropByVesseld(["image", "label"], "label", (4, 4), num_samples=3)(item)
        >>> len(crops), tuple(crops[0]["image"].shape)
        (3, (1, 4, 4))
    """

    backend = RandCropByVessel.backend

    def __init__(
        self,
        keys: KeysCollection,
        label_key: str,
        spatial_size: Sequence[int] | int,
        num_samples: int = 1,
        vessel_ratio: float = 0.8,
        skeleton_key: str | None = None,
        allow_smaller: bool = False,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.label_key = label_key
        self.skeleton_key = skeleton_key
        self.cropper = RandCropByVessel(spatial_size, num_samples, vessel_ratio, allow_smaller)

    def set_random_state(
        self, seed: int | None = None, state: np.random.RandomState | None = None
    ) -> RandCropByVesseld:
        """Seed this transform; returns it."""
        super().set_random_state(seed, state)
        self.cropper.set_random_state(seed, state)
        return self

    def randomize(self, data: Mapping[Hashable, Any]) -> None:
        """Draw the centres of the crops of one item."""
        skeleton = None if self.skeleton_key is None else data[self.skeleton_key]
        self.cropper.randomize(data[self.label_key], skeleton)

    def __call__(self, data: Mapping[Hashable, Any]) -> list[dict[Hashable, Any]]:
        """Return one item for each crop; keys that are not cropped are copied into each."""
        item = dict(data)
        self.randomize(item)
        others = set(item) - set(self.keys)
        crops = [
            {key: deepcopy(value) if key in others else value for key, value in item.items()}
            for _ in range(self.cropper.num_samples)
        ]
        for key in self.key_iterator(item):
            self.cropper.check_shape(item[key], name=str(key))
            for crop, value in zip(crops, self.cropper(item[key], randomize=False), strict=True):
                crop[key] = value
        return crops

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Put the crops of one item back to their place in the grid of the image."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self.cropper.inverse(item[key])
        return item


RandCropByVesselD = RandCropByVesselDict = RandCropByVesseld
