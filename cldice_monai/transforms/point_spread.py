"""The blur of a microscope, wider along one axis than across it."""

from __future__ import annotations

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.data.synthetic.imaging import blur
from cldice_monai.transforms._containers import (
    SpacingArgument,
    as_finite_float32,
    check_spacing_argument,
    voxel_sizes,
)
from cldice_monai.transforms._items import RandMapTransform, SeededTransform
from cldice_monai.transforms._ranges import Range, check_range, draw

__all__ = ["RandPointSpread", "RandPointSpreadD", "RandPointSpreadDict", "RandPointSpreadd"]


class RandPointSpread(SeededTransform):
    """Blur with a Gaussian point spread that is wider along the optical axis.

    With a spacing its width is in the spacing's unit, so that anisotropic voxels are blurred as the
    microscope would; MONAI's RandGaussianSmooth counts in voxels and draws each axis by itself.

    Args:
        prob: probability of acting.
        lateral: smallest and largest standard deviation across the optical axis: in voxels, or in
            the unit of ``spacing``.
        axial_ratio: how many times wider it is along that axis, smallest and largest.
        axis: the optical axis among the spatial ones.
        spacing: voxel size along each axis, ``"image"`` for that of the MetaTensor's affine
            in its unit, which is that of the file (mm, or micron from a microscope), None
            for voxels.

    Raises:
        ValueError: for numbers out of range; when called: if the image has not this axis, or is
            not finite.

    Example:
        >>> image = np.zeros((1, 21, 21, 21), np.float32)
        >>> image[0, 10, 10, 10] = 1
        >>> spread = RandPointSpread(prob=1.0, lateral=(1, 1), axial_ratio=(2, 2))
        >>> after = spread(image)[0]
        >>> bool(after[10, 10, 14] > 4 * after[14, 10, 10])
        True
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(
        self,
        prob: float = 0.1,
        lateral: Range = (0.3, 1.0),
        axial_ratio: Range = (1.0, 2.5),
        axis: int = -1,
        spacing: SpacingArgument = None,
    ) -> None:
        super().__init__(prob)
        self.lateral = check_range("lateral", lateral)
        self.axial_ratio = check_range("axial_ratio", axial_ratio)
        check_spacing_argument(spacing)
        self.axis = axis
        self.spacing = spacing

    def __call__(self, img: NdarrayOrTensor, randomize: bool = True) -> NdarrayOrTensor:
        """Blur an image.

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
        image = as_finite_float32(img)
        ndim = image.ndim - 1
        if not -ndim <= self.axis < ndim:
            raise ValueError(f"axis must be one of the {ndim} spatial axes, got {self.axis}")
        rng = self.generator()
        width = np.full(ndim, draw(self.lateral, rng))
        width[self.axis] *= draw(self.axial_ratio, rng)
        sigma = width / (voxel_sizes(self.spacing, img, ndim=ndim) or 1.0)
        blurred = np.stack([blur(channel, sigma.tolist()) for channel in image])
        return convert_to_dst_type(blurred, dst=img, dtype=np.float32)[0]


class RandPointSpreadd(RandMapTransform):
    """Dictionary form of `RandPointSpread`; all keys get the same point spread.

    Args:
        keys: keys of the images.
        prob: probability of acting.
        lateral: smallest and largest standard deviation across the optical axis.
        axial_ratio: how many times wider it is along that axis, smallest and largest.
        axis: the optical axis among the spatial ones.
        spacing: see `RandPointSpread`.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> spread = RandPointSpreadd("image", prob=1.0)
        >>> spread({"image": np.ones((1, 4, 4, 4), np.float32)})["image"].shape
        (1, 4, 4, 4)
    """

    backend = RandPointSpread.backend

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 0.1,
        lateral: Range = (0.3, 1.0),
        axial_ratio: Range = (1.0, 2.5),
        axis: int = -1,
        spacing: SpacingArgument = None,
        allow_missing_keys: bool = False,
    ) -> None:
        transform = RandPointSpread(prob, lateral, axial_ratio, axis, spacing)
        super().__init__(keys, transform, allow_missing_keys)


RandPointSpreadD = RandPointSpreadDict = RandPointSpreadd
