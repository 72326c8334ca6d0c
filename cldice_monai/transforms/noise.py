"""Noise of microscopes that MONAI has not: shot noise and speckle."""

from __future__ import annotations

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.data.synthetic.imaging import add_noise
from cldice_monai.data.synthetic.presets import ImagingSettings
from cldice_monai.transforms._containers import as_finite_float32
from cldice_monai.transforms._items import RandMapTransform, SeededTransform
from cldice_monai.transforms._ranges import Range, check_range, draw

__all__ = [
    "RandShotNoise",
    "RandShotNoiseD",
    "RandShotNoiseDict",
    "RandShotNoised",
    "RandSpeckle",
    "RandSpeckleD",
    "RandSpeckleDict",
    "RandSpeckled",
]


class RandShotNoise(SeededTransform):
    """Poisson noise: every voxel counts photons, and bright voxels are noisier than dark ones.

    Zero must mean no light: apply it before the intensities are shifted.

    Args:
        prob: probability of acting.
        photons: smallest and largest number of photons that the brightest voxel of a channel
            counts; the fewer, the noisier.

    Raises:
        ValueError: for numbers out of range; when called: if the image is negative or not finite.

    Example:
        >>> noise = RandShotNoise(prob=1.0, photons=(4, 4)).set_random_state(0)
        >>> sorted(set(noise(np.full((1, 8, 8), 4.0, np.float32)).ravel().tolist()))[:3]
        [0.0, 1.0, 2.0]
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(self, prob: float = 0.1, photons: Range = (20.0, 200.0)) -> None:
        super().__init__(prob)
        self.photons = check_range("photons", photons, low=1e-3)

    def __call__(self, img: NdarrayOrTensor, randomize: bool = True) -> NdarrayOrTensor:
        """Add the noise.

        Args:
            img: (C, spatial...), not negative, any number type.
            randomize: False repeats the last call.

        Returns:
            float32, same shape and container; ``img`` itself where the draw says no.
        """
        if randomize:
            self.randomize()
        if not self.acts:
            return img
        image, rng = _counts(img), self.generator()
        photons = draw(self.photons, rng)
        noisy = np.stack([_add_noise(c, rng, gain=float(c.max()) / photons) for c in image])
        return convert_to_dst_type(noisy, dst=img, dtype=np.float32)[0]


class RandSpeckle(SeededTransform):
    """Speckle: every voxel is multiplied by a random number around 1.

    Args:
        prob: probability of acting.
        strength: smallest and largest standard deviation of that number.

    Raises:
        ValueError: for numbers out of range; when called: if the image is negative or not finite.

    Example:
        >>> speckle = RandSpeckle(prob=1.0, strength=(0.1, 0.1)).set_random_state(0)
        >>> round(float(speckle(np.ones((1, 90, 90), np.float32)).std()), 2)
        0.1
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(self, prob: float = 0.1, strength: Range = (0.02, 0.15)) -> None:
        super().__init__(prob)
        self.strength = check_range("strength", strength)

    def __call__(self, img: NdarrayOrTensor, randomize: bool = True) -> NdarrayOrTensor:
        """Multiply by the noise.

        Args:
            img: (C, spatial...), not negative, any number type.
            randomize: False repeats the last call.

        Returns:
            float32, not negative, same shape and container; ``img`` itself where the draw says no.
        """
        if randomize:
            self.randomize()
        if not self.acts:
            return img
        image, rng = _counts(img), self.generator()
        noisy = _add_noise(image, rng, speckle=draw(self.strength, rng))
        return convert_to_dst_type(noisy, dst=img, dtype=np.float32)[0]


def _counts(img: NdarrayOrTensor) -> np.ndarray:
    image = as_finite_float32(img)
    low, high = float(image.min()), float(image.max())
    if low < 0:
        raise ValueError(
            f"img must not be negative, where 0 is no light, got {low:g} to {high:g}; "
            "put this transform before the one that shifts the intensities"
        )
    return image


def _add_noise(
    image: np.ndarray, rng: np.random.Generator, *, gain: float = 0.0, speckle: float = 0.0
) -> np.ndarray:
    settings = ImagingSettings(gain=gain, speckle=speckle, gaussian_noise=0.0)
    return add_noise(image, settings=settings, rng=rng)


class RandShotNoised(RandMapTransform):
    """Dictionary form of `RandShotNoise`; all keys get the same draw.

    Args:
        keys: keys of the images.
        prob: probability of acting.
        photons: smallest and largest number of photons in the brightest voxel of a channel.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> noise = RandShotNoised("image", prob=1.0)
        >>> noise({"image": np.ones((1, 4, 4), np.float32)})["image"].shape
        (1, 4, 4)
    """

    backend = RandShotNoise.backend

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 0.1,
        photons: Range = (20.0, 200.0),
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, RandShotNoise(prob, photons), allow_missing_keys)


class RandSpeckled(RandMapTransform):
    """Dictionary form of `RandSpeckle`; all keys get the same draw.

    Args:
        keys: keys of the images.
        prob: probability of acting.
        strength: smallest and largest standard deviation of the factor.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> speckle = RandSpeckled("image", prob=1.0)
        >>> speckle({"image": np.ones((1, 4, 4), np.float32)})["image"].shape
        (1, 4, 4)
    """

    backend = RandSpeckle.backend

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 0.1,
        strength: Range = (0.02, 0.15),
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, RandSpeckle(prob, strength), allow_missing_keys)


RandShotNoiseD = RandShotNoiseDict = RandShotNoised
RandSpeckleD = RandSpeckleDict = RandSpeckled
