"""Let the intensity fall along vessels, as a stain does that has not reached everywhere."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.utils import TransformBackends, convert_to_dst_type
from scipy import ndimage
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from cldice_monai.data.synthetic.imaging import blur
from cldice_monai.transforms._containers import (
    SpacingArgument,
    as_finite_float32,
    as_vessel_mask,
    check_spacing_argument,
    skeleton_in_vessel,
    voxel_sizes,
)
from cldice_monai.transforms._items import RandMapTransform, SeededTransform
from cldice_monai.transforms._ranges import Range, check_range, draw
from cldice_monai.transforms._voxel_paths import voxel_paths

__all__ = ["RandVesselFalloff", "RandVesselFalloffD", "RandVesselFalloffDict", "RandVesselFalloffd"]

_BACKGROUND_SCALE = 4.0  # voxels over which the background is taken to be even


class RandVesselFalloff(SeededTransform):
    """Dim the vessels of an image with the distance along them from a random place.

    Every connected network has one place where it keeps its brightness. From there its contrast to
    the local background falls exponentially with the way along the skeleton. The noise of the image
    is kept as strong as it was: what the dimming takes of it is drawn anew. The label stays whole.

    Args:
        prob: probability of acting.
        loss: smallest and largest share of the contrast that is lost far away.
        length: smallest and largest way after which about two thirds of that loss have come: in
            voxels, or in the unit of ``spacing``.
        margin: how far beyond the label the vessel's blur reaches, in the same unit.
        spacing: voxel size along each axis, ``"image"`` for that of the MetaTensor's affine
            in its unit, which is that of the file (mm, or micron from a microscope), None
            for voxels.

    Raises:
        ValueError: for numbers out of range; when called: if shapes differ, or the image is not
            finite.

    Example:
        >>> line = np.zeros((1, 7, 40), np.float32)
        >>> line[:, 3] = 1
        >>> fall = RandVesselFalloff(prob=1.0, loss=(0.5, 0.5), length=(5, 5)).set_random_state(0)
        >>> after = fall(line, line)[0, 3]
        >>> float(after.max()), round(float(after.min()), 1)
        (1.0, 0.5)
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(
        self,
        prob: float = 0.1,
        loss: Range = (0.2, 0.6),
        length: Range = (40.0, 160.0),
        margin: float = 2.0,
        spacing: SpacingArgument = None,
    ) -> None:
        super().__init__(prob)
        self.loss = check_range("loss", loss, high=1.0)
        self.length = check_range("length", length, low=1e-6)
        if margin < 0:
            raise ValueError(f"margin must be 0 or more, got {margin}")
        check_spacing_argument(spacing)
        self.margin = margin
        self.spacing = spacing

    def __call__(
        self,
        img: NdarrayOrTensor,
        label: NdarrayOrTensor,
        skeleton: NdarrayOrTensor | None = None,
        randomize: bool = True,
    ) -> NdarrayOrTensor:
        """Dim the vessels of one image.

        Args:
            img: (C, X, Y) or (C, X, Y, Z), any number type.
            label: (C, X, Y) or (C, X, Y, Z) on the same grid, vessel is > 0; of several channels
                the first is the background.
            skeleton: the label's skeleton, if there is one already; made anew where nothing of it
                lies in the label, as in a crop of a thick vessel's rim.
            randomize: False repeats the last call.

        Returns:
            float32, same shape and container; ``img`` itself where the draw says no or the label
            is empty.
        """
        if randomize:
            self.randomize()
        if not self.acts:
            return img
        image = as_finite_float32(img)
        vessel = as_vessel_mask(label, shape=image.shape[1:])
        if not vessel.any():
            return img
        line = skeleton_in_vessel(skeleton, vessel)
        rng = self.generator()
        step = voxel_sizes(self.spacing, img, ndim=vessel.ndim) or (1.0,) * vessel.ndim
        zone = ndimage.binary_dilation(vessel, structure=_ball(self.margin, step))
        loss, length = draw(self.loss, rng), draw(self.length, rng)
        way = _way_along(line, zone, step, rng)
        factor = (1 - loss + loss * np.exp(-way / length)).astype(np.float32)
        dimmed = np.stack([_dim(channel, zone, factor, rng) for channel in image])
        return convert_to_dst_type(dimmed, dst=img, dtype=np.float32)[0]


def _way_along(
    line: np.ndarray, zone: np.ndarray, step: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Return for each voxel of the zone how far along the skeleton it is from its source."""
    paths = voxel_paths(line, spacing=step)
    piece = connected_components(paths.steps, directed=False)[1]
    shuffled = rng.permutation(len(piece))
    sources = shuffled[np.unique(piece[shuffled], return_index=True)[1]]
    way = dijkstra(paths.steps, indices=sources, min_only=True)
    nearest = cKDTree(paths.voxels * step, compact_nodes=False, balanced_tree=False).query(
        np.argwhere(zone) * step
    )[1]
    found: np.ndarray = way[nearest]
    return found


def _ball(radius: float, step: Sequence[float]) -> np.ndarray:
    """Return the voxels whose centres are no further from the middle one than the radius."""
    reach = [int(radius / size) for size in step]
    axes = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij", sparse=True)
    square = sum((axis * size) ** 2 for axis, size in zip(axes, step, strict=True))
    return np.asarray(square <= radius**2 + 1e-9)


def _dim(
    channel: np.ndarray, zone: np.ndarray, factor: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Scale what lies above the local background inside the zone, and keep the noise."""
    background, noise = _background(channel, zone)
    dimmed = channel.copy()
    grain = rng.standard_normal(factor.shape, dtype=np.float32) * np.float32(noise)
    excess = channel[zone] - background[zone]
    dimmed[zone] += (factor - 1) * excess + np.sqrt(1 - factor**2) * grain
    # counts stay counts: the noise makes nothing negative that was not
    return np.maximum(dimmed, np.float32(0)) if channel.min() >= 0 else dimmed


def _background(channel: np.ndarray, zone: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the local mean outside the zone, and the noise between neighbours there."""
    if zone.all():
        return np.full_like(channel, channel.min()), 0.0
    outside = (~zone).astype(np.float32)
    scale = (_BACKGROUND_SCALE,) * channel.ndim
    weight = blur(outside, scale)
    mean = np.float32(np.median(channel[~zone]))
    local = blur((channel - mean) * outside, scale) / np.maximum(weight, 1e-3) + mean
    pairs = ~zone[1:] & ~zone[:-1]
    difference = np.abs(np.diff(channel, axis=0)[pairs])
    # the median of |difference| of two normal numbers is 0.954 of their standard deviation
    return local, float(np.median(difference)) / 0.954 if difference.size else 0.0


class RandVesselFalloffd(RandMapTransform):
    """Dictionary form of `RandVesselFalloff`; all images of an item fall alike.

    Args:
        keys: keys of the images; the label stays as it is.
        label_key: key of the label.
        prob: probability of acting.
        loss: smallest and largest share of the contrast that is lost far away.
        length: smallest and largest way after which about two thirds of that loss have come.
        margin: how far beyond the label the vessel's blur reaches.
        spacing: see `RandVesselFalloff`.
        skeleton_key: key of the label's skeleton; None makes it whenever the transform acts.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> line = np.zeros((1, 7, 40), np.float32)
        >>> line[:, 3] = 1
        >>> fall = RandVesselFalloffd("image", prob=1.0)
        >>> bool(fall({"image": line, "label": line})["image"].min() >= 0)
        True
    """

    backend = RandVesselFalloff.backend

    def __init__(
        self,
        keys: KeysCollection,
        label_key: str = "label",
        prob: float = 0.1,
        loss: Range = (0.2, 0.6),
        length: Range = (40.0, 160.0),
        margin: float = 2.0,
        spacing: SpacingArgument = None,
        skeleton_key: str | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        self.falloff = RandVesselFalloff(prob, loss, length, margin, spacing)
        super().__init__(keys, self.falloff, allow_missing_keys)
        self.label_key = label_key
        self.skeleton_key = skeleton_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the vessels of its images dimmed."""
        item = dict(data)
        self.randomize()
        label = data[self.label_key]
        skeleton = None if self.skeleton_key is None else data[self.skeleton_key]
        for key in self.key_iterator(item):
            item[key] = self.falloff(item[key], label, skeleton, randomize=False)
        return item


RandVesselFalloffD = RandVesselFalloffDict = RandVesselFalloffd
