"""Break vessels in the image, so that a network learns to bridge."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.transforms._containers import (
    SpacingArgument,
    as_channel_first_numpy,
    as_vessel_mask,
    check_spacing_argument,
    voxel_sizes,
)
from cldice_monai.transforms._items import RandMapTransform, SeededTransform
from cldice_monai.transforms.gaps import cut_gaps

__all__ = ["RandBreakVessel", "RandBreakVesselD", "RandBreakVesselDict", "RandBreakVesseld"]


class RandBreakVessel(SeededTransform):
    """Cut gaps into the vessels of an image; the label stays whole.

    Each gap takes the whole cross-section of a vessel, at a random place of its skeleton away from
    junctions and ends, and is filled with background copied from close by. All else in the image
    stays as it is, bit for bit. All channels are cut at the same places.

    Args:
        prob: probability of cutting at all.
        n_gaps: smallest and largest number of gaps. Where the vessels have no room for them,
            there are fewer.
        gap_length: smallest and largest length of a gap along the vessel: in voxels, or in the
            unit of ``spacing``.
        margin: how far beyond the label the vessel's blur reaches, in the same unit; it is taken
            away with the vessel.
        spacing: voxel size along each axis, ``"image"`` for that of the MetaTensor's affine
            in its unit, which is that of the file (mm, or micron from a microscope), None
            for lengths in voxels.

    Raises:
        ValueError: for numbers out of range; when called: if shapes differ.

    Example:
        >>> line = np.zeros((1, 7, 30), np.float32)
        >>> line[:, 3] = 1
        >>> cut = RandBreakVessel(prob=1.0, n_gaps=(2, 2), gap_length=(4, 4))
        >>> int((cut.set_random_state(0)(line, line)[0, 3] == 0).sum())
        8
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(
        self,
        prob: float = 0.1,
        n_gaps: tuple[int, int] = (1, 3),
        gap_length: tuple[float, float] = (3.0, 8.0),
        margin: float = 2.0,
        spacing: SpacingArgument = None,
    ) -> None:
        super().__init__(prob)
        if not 0 <= n_gaps[0] <= n_gaps[1]:
            raise ValueError(f"n_gaps must be two numbers of 0 or more, rising, got {n_gaps}")
        if not 0 < gap_length[0] <= gap_length[1]:
            raise ValueError(f"gap_length must be two positive numbers, rising, got {gap_length}")
        if margin < 0:
            raise ValueError(f"margin must be 0 or more, got {margin}")
        check_spacing_argument(spacing)
        self.n_gaps = (int(n_gaps[0]), int(n_gaps[1]))
        self.gap_length = (float(gap_length[0]), float(gap_length[1]))
        self.margin = margin
        self.spacing = spacing

    def cut(
        self,
        img: NdarrayOrTensor,
        label: NdarrayOrTensor,
        skeleton: NdarrayOrTensor | None = None,
        randomize: bool = True,
    ) -> tuple[NdarrayOrTensor, NdarrayOrTensor]:
        """Cut gaps, and tell where.

        Args:
            img: (C, X, Y) or (C, X, Y, Z), any number type.
            label: (C, X, Y) or (C, X, Y, Z) on the same grid, vessel is > 0; of several channels
                the first is the background.
            skeleton: the label's skeleton, if there is one already.
            randomize: False repeats the last call.

        Returns:
            The image, same shape, type and container; and uint8 (1, spatial...), 1 where it was
            changed.
        """
        if randomize:
            self.randomize()
        image = as_channel_first_numpy(img)
        if not self.acts:
            nothing = np.zeros((1, *image.shape[1:]), np.uint8)
            return img, convert_to_dst_type(nothing, dst=img, dtype=nothing.dtype)[0]
        vessel = as_vessel_mask(label, shape=image.shape[1:])
        if skeleton is None:
            line = skeletonize(vessel)
        else:
            line = as_vessel_mask(skeleton, name="skeleton", shape=vessel.shape)
        rng = self.generator()
        changed, gaps = cut_gaps(
            image,
            vessel,
            line,
            n_gaps=int(rng.integers(self.n_gaps[0], self.n_gaps[1] + 1)),
            gap_length=self.gap_length,
            margin=self.margin,
            spacing=voxel_sizes(self.spacing, img, ndim=vessel.ndim) or (1.0,) * vessel.ndim,
            rng=rng,
        )
        return (
            convert_to_dst_type(changed, dst=img)[0],
            convert_to_dst_type(gaps[None], dst=img, dtype=np.uint8)[0],
        )

    def __call__(
        self,
        img: NdarrayOrTensor,
        label: NdarrayOrTensor,
        skeleton: NdarrayOrTensor | None = None,
        randomize: bool = True,
    ) -> NdarrayOrTensor:
        """Return the image with gaps, see `cut`."""
        return self.cut(img, label, skeleton, randomize)[0]


class RandBreakVesseld(RandMapTransform):
    """Dictionary form of `RandBreakVessel`: all images of an item are cut at the same places.

    Args:
        keys: keys of the images that are cut; the label stays whole.
        label_key: key of the label.
        prob: probability of cutting at all.
        n_gaps: smallest and largest number of gaps.
        gap_length: smallest and largest length of a gap along the vessel.
        margin: how far beyond the label the vessel's blur reaches.
        spacing: see `RandBreakVessel`.
        skeleton_key: key of the label's skeleton; None makes it whenever gaps are cut.
        gaps_key: key under which to put where the image was cut (uint8); None for nowhere.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> line = np.zeros((1, 7, 30), np.float32)
        >>> line[:, 3] = 1
        >>> cut = RandBreakVesseld("image", "label", prob=1.0, gaps_key="gaps")
        >>> sorted(cut({"image": line, "label": line}))
        ['gaps', 'image', 'label']
    """

    backend = RandBreakVessel.backend

    def __init__(
        self,
        keys: KeysCollection,
        label_key: str = "label",
        prob: float = 0.1,
        n_gaps: tuple[int, int] = (1, 3),
        gap_length: tuple[float, float] = (3.0, 8.0),
        margin: float = 2.0,
        spacing: SpacingArgument = None,
        skeleton_key: str | None = None,
        gaps_key: str | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        self.breaker = RandBreakVessel(prob, n_gaps, gap_length, margin, spacing)
        super().__init__(keys, self.breaker, allow_missing_keys)
        self.label_key = label_key
        self.skeleton_key = skeleton_key
        self.gaps_key = gaps_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with gaps in its images."""
        item = dict(data)
        self.randomize()
        skeleton = None if self.skeleton_key is None else data[self.skeleton_key]
        if skeleton is None and self.breaker.acts:
            skeleton = skeletonize(as_vessel_mask(data[self.label_key]))[None]
        for key in self.key_iterator(item):
            label = data[self.label_key]
            item[key], gaps = self.breaker.cut(item[key], label, skeleton, randomize=False)
            if self.gaps_key is not None:
                item[self.gaps_key] = gaps
        return item


RandBreakVesselD = RandBreakVesselDict = RandBreakVesseld
