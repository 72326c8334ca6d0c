"""The imaging model: how a drawn network becomes the volume that a microscope would record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cldice_monai.data.synthetic.distractors import draw_distractors
from cldice_monai.data.synthetic.fields import smooth_field
from cldice_monai.data.synthetic.presets import ImagingSettings
from cldice_monai.data.synthetic.tissue import draw_tissue
from cldice_monai.data.synthetic.voxel_size import as_acquired, as_labelled

__all__ = ["add_noise", "blur", "choose_visible", "image_vessels"]

_Image = npt.NDArray[np.float32]


def image_vessels(
    edge: npt.NDArray[np.int32],
    vessel: npt.NDArray[np.int64],
    visible: npt.NDArray[np.bool_],
    *,
    settings: ImagingSettings,
    rng: np.random.Generator,
    light: _Image | None = None,
) -> _Image:
    """Image a network in one channel or more.

    Tissue with texture, vessels of their own brightness that drifts along them, distractors, a
    multiplicative bias field, the point spread, the voxels of the acquisition, then noise. Each
    channel has its own brightness, texture, bias and noise; distractors are the same in all.

    Args:
        edge: (X, Y, Z) int32, the edge of the graph at each voxel, -1 outside.
        vessel: (E,) int64, the vessel that an edge is part of; it has one brightness.
        visible: (V, C) bool, which vessel each channel shows.
        settings: intensities, lengths and noise.
        rng: source of randomness.
        light: (X, Y, Z) float32, what each voxel of a vessel has of its vessel's brightness, as
            `vessel_light` gives it; None for all of it.

    Returns:
        (C, X, Y, Z) float32 in counts, never negative.

    Example:
        >>> import numpy as np
        >>> edge = np.full((24, 24, 24), -1, dtype=np.int32)
        >>> edge[:, 10:14, 10:14] = 0
        >>> only, seen = np.array([0]), np.array([[True, False]])
        >>> rng = np.random.default_rng(0)
        >>> first, second = image_vessels(edge, only, seen, settings=ImagingSettings(), rng=rng)
        >>> bool(first[edge == 0].mean() > 1.5 * second[edge == 0].mean())
        True
    """
    distractors = None
    if max(settings.blobs_per_megavoxel, settings.sheets, settings.leaks_per_megavoxel) > 0.0:
        distractors = draw_distractors(edge.shape, settings=settings, rng=rng)
    channels = []
    for seen in visible.T:
        brightness = np.exp(settings.brightness_spread * rng.standard_normal(len(seen)))
        # index -1, outside the vessels, finds the zero at the end
        of_vessel = settings.contrast * brightness * seen
        vessels = np.append(of_vessel[vessel], 0.0).astype(np.float32)[edge]
        if light is not None:
            vessels *= light
        channels.append(_one_channel(vessels, distractors, settings, rng))
    return np.stack(channels)


def _one_channel(
    vessels: _Image,
    distractors: _Image | None,
    settings: ImagingSettings,
    rng: np.random.Generator,
) -> _Image:
    shape = vessels.shape
    if settings.brightness_drift > 0.0:
        vessels *= np.exp(settings.brightness_drift * smooth_field(shape, scale=10.0, rng=rng))
    if distractors is not None:
        vessels = vessels + np.float32(settings.contrast) * distractors
    image = vessels + np.float32(settings.background) * draw_tissue(shape, settings, rng)
    if settings.bias > 0.0:
        scale = settings.bias_scale * max(shape)
        image = image * np.exp(
            np.float32(settings.bias) * smooth_field(shape, scale=scale, rng=rng)
        )
    size = settings.voxel_size
    spread = [sigma * side for sigma, side in zip(settings.psf_sigma, size, strict=True)]
    seen = blur(image, spread)
    if settings.haze > 0.0:
        far = blur(image, (settings.haze_sigma,) * 3)
        seen = np.float32(1.0 - settings.haze) * seen + np.float32(settings.haze) * far
    acquired = as_acquired(seen, size)
    return as_labelled(add_noise(acquired, settings=settings, rng=rng), size, shape)


def choose_visible(
    n_vessels: int, n_channels: int, *, shared_fraction: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Choose which channels show which vessel; every vessel is shown by one of them at least.

    Args:
        n_vessels: number of vessels.
        n_channels: number of channels.
        shared_fraction: share of the vessels that all channels show; each of the others is shown
            by a single one.
        rng: source of randomness.

    Returns:
        (n_vessels, n_channels) bool.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> choose_visible(1000, 2, shared_fraction=0.5, rng=rng).any(axis=1).all()
        np.True_
    """
    shared = rng.random(n_vessels) < shared_fraction
    only = rng.integers(n_channels, size=n_vessels)
    return np.asarray(shared[:, None] | (only[:, None] == np.arange(n_channels)))


def blur(image: npt.NDArray[np.floating], sigma: Sequence[float]) -> _Image:
    """Blur with a Gaussian point spread, the border continued by reflection.

    Args:
        image: (X, Y, Z) float32.
        sigma: standard deviation along each axis, in voxels; 0 leaves the axis as it is.

    Returns:
        float32 of the same shape.

    Example:
        >>> import numpy as np
        >>> bool(np.allclose(blur(np.ones((4, 4, 4), np.float32), (1.0, 1.0, 2.0)), 1.0))
        True
    """
    return np.asarray(ndimage.gaussian_filter(image, sigma, truncate=3.0, mode="reflect"))


def add_noise(image: _Image, *, settings: ImagingSettings, rng: np.random.Generator) -> _Image:
    """Add speckle, Poisson and Gaussian noise, in this order, and cut at zero.

    Args:
        image: counts without noise, not negative.
        settings: ``speckle``, ``gain`` and ``gaussian_noise``; 0 leaves a noise out.
        rng: source of randomness.

    Returns:
        float32 of the same shape.

    Example:
        >>> import numpy as np
        >>> flat = np.full((40, 40, 40), 100.0, np.float32)
        >>> settings = ImagingSettings(gain=4.0, gaussian_noise=0.0)
        >>> noisy = add_noise(flat, settings=settings, rng=np.random.default_rng(0))
        >>> round(float(noisy.var()) / 10)  # gain times mean is 400
        40
    """
    noisy = image
    if settings.speckle > 0.0:
        if settings.speckle_scale > 0.0:
            grain = smooth_field(image.shape, scale=settings.speckle_scale, rng=rng)
        else:
            grain = rng.standard_normal(image.shape, dtype=np.float32)
        noisy = np.maximum(noisy * (1.0 + np.float32(settings.speckle) * grain), 0.0)
    if settings.gain > 0.0:
        noisy = (rng.poisson(noisy / settings.gain) * settings.gain).astype(np.float32)
    if settings.gaussian_noise > 0.0:
        grain = rng.standard_normal(image.shape, dtype=np.float32)
        noisy = noisy + np.float32(settings.gaussian_noise) * grain
    return np.maximum(noisy, np.float32(0.0))
