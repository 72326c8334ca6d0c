"""Blobs and sheets that are as bright as vessels and are none."""

from __future__ import annotations

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.data.synthetic.distractors import add_blob, draw_sheet
from cldice_monai.transforms._containers import as_finite_float32
from cldice_monai.transforms._items import RandMapTransform, SeededTransform
from cldice_monai.transforms._ranges import Range, check_range, draw

__all__ = ["RandDistractors", "RandDistractorsD", "RandDistractorsDict", "RandDistractorsd"]


class RandDistractors(SeededTransform):
    """Add blobs (cells, clumps of dye) and sheets (membranes, folds) to an image.

    They lie anywhere and shine through vessels, as light adds up; the label is none of their
    business. They have soft edges of a voxel: put the point spread and the noise after them.

    Args:
        prob: probability of acting.
        n_blobs: smallest and largest number of blobs.
        n_sheets: smallest and largest number of sheets.
        blob_radius: smallest and largest half axis of a blob, in voxels.
        sheet_thickness: smallest and largest thickness of a sheet, in voxels.
        contrast: smallest and largest brightness, as a share of the image's own range: from its
            median to its brightest thousandth.

    Raises:
        ValueError: for numbers out of range; when called: if the image is not finite.

    Example:
        >>> image = np.zeros((1, 32, 32), np.float32)
        >>> image[0, 4] = 1
        >>> add = RandDistractors(prob=1.0, n_blobs=(2, 2), n_sheets=(0, 0)).set_random_state(0)
        >>> bool((add(image) >= image).all()), bool((add(image) > image).any())
        (True, True)
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(
        self,
        prob: float = 0.1,
        n_blobs: tuple[int, int] = (0, 6),
        n_sheets: tuple[int, int] = (0, 2),
        blob_radius: Range = (2.0, 6.0),
        sheet_thickness: Range = (1.0, 2.5),
        contrast: Range = (0.3, 1.0),
    ) -> None:
        super().__init__(prob)
        for name, value in (("n_blobs", n_blobs), ("n_sheets", n_sheets)):
            check_range(name, value)
        self.n_blobs = (int(n_blobs[0]), int(n_blobs[1]))
        self.n_sheets = (int(n_sheets[0]), int(n_sheets[1]))
        self.blob_radius = check_range("blob_radius", blob_radius, low=0.1)
        self.sheet_thickness = check_range("sheet_thickness", sheet_thickness, low=0.1)
        self.contrast = check_range("contrast", contrast)

    def __call__(self, img: NdarrayOrTensor, randomize: bool = True) -> NdarrayOrTensor:
        """Add the distractors; all channels see the same ones.

        Args:
            img: (C, X, Y) or (C, X, Y, Z), any number type.
            randomize: False repeats the last call.

        Returns:
            float32, same shape and container; ``img`` itself where the draw says no.
        """
        if randomize:
            self.randomize()
        if not self.acts:
            return img
        image, rng = as_finite_float32(img), self.generator()
        light = self._draw_light(image.shape[1:], rng)
        top, middle = np.quantile(image.reshape(len(image), -1), [0.999, 0.5], axis=1)
        scale = np.maximum(top - middle, 0).astype(np.float32)
        added = image + scale.reshape(-1, *[1] * light.ndim) * light
        return convert_to_dst_type(added, dst=img, dtype=np.float32)[0]

    def _draw_light(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Return what the distractors add, where 1 is the image's own range."""
        light = np.zeros(shape, np.float32)
        for _ in range(rng.integers(self.n_blobs[0], self.n_blobs[1] + 1)):
            radii = rng.uniform(*self.blob_radius, size=len(shape))
            add_blob(light, radii, draw(self.contrast, rng), rng)
        for _ in range(rng.integers(self.n_sheets[0], self.n_sheets[1] + 1)):
            light += draw(self.contrast, rng) * draw_sheet(
                shape, draw(self.sheet_thickness, rng), rng
            )
        return light


class RandDistractorsd(RandMapTransform):
    """Dictionary form of `RandDistractors`; all keys get the same ones, for images of one shape.

    Args:
        keys: keys of the images.
        prob: probability of acting.
        n_blobs: smallest and largest number of blobs.
        n_sheets: smallest and largest number of sheets.
        blob_radius: smallest and largest half axis of a blob, in voxels.
        sheet_thickness: smallest and largest thickness of a sheet, in voxels.
        contrast: smallest and largest brightness, as a share of the image's own range.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> add = RandDistractorsd("image", prob=1.0)
        >>> add({"image": np.ones((1, 16, 16), np.float32)})["image"].shape
        (1, 16, 16)
    """

    backend = RandDistractors.backend

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 0.1,
        n_blobs: tuple[int, int] = (0, 6),
        n_sheets: tuple[int, int] = (0, 2),
        blob_radius: Range = (2.0, 6.0),
        sheet_thickness: Range = (1.0, 2.5),
        contrast: Range = (0.3, 1.0),
        allow_missing_keys: bool = False,
    ) -> None:
        transform = RandDistractors(prob, n_blobs, n_sheets, blob_radius, sheet_thickness, contrast)
        super().__init__(keys, transform, allow_missing_keys)


RandDistractorsD = RandDistractorsDict = RandDistractorsd
