"""Settings drawn anew for every sample, for networks that are to see many kinds of volumes."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.presets import GeometrySettings, ImagingSettings, Preset

__all__ = ["draw_settings"]


def draw_settings(*, rng: np.random.Generator) -> Preset:
    """Draw the settings of one sample of the preset "randomised".

    Density, thickness and winding of the vessels, contrast, disturbances and anisotropy of the
    point spread each vary over a range that holds the other presets. What ranges over a factor is
    drawn on a logarithmic scale.

    Args:
        rng: source of randomness.

    Returns:
        Settings that differ from one call to the next.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> contrasts = [draw_settings(rng=rng).imaging.contrast for _ in range(200)]
        >>> 60 <= min(contrasts) < 80, 240 < max(contrasts) <= 300
        (True, True)
    """
    return Preset(name="randomised", geometry=_draw_geometry(rng), imaging=_draw_imaging(rng))


def _draw_geometry(rng: np.random.Generator) -> GeometrySettings:
    thinnest = rng.uniform(0.8, 1.1)
    thick = _factor(rng, 0.025, 0.05)
    return GeometrySettings(
        trees_per_megavoxel=_factor(rng, 0.7, 2.5),
        terminals_per_megavoxel=_factor(rng, 20.0, 60.0),
        trunk_radius_fraction=(0.8 * thick, 1.3 * thick),
        capillary_distance=rng.uniform(8.0, 15.0),
        capillary_radius=(thinnest, thinnest * rng.uniform(1.2, 1.9)),
        tortuosity=rng.uniform(0.05, 0.16),
        warp_amplitude=rng.uniform(1.0, 7.0),
        radius_variation=rng.uniform(0.03, 0.16),
    )


def _draw_imaging(rng: np.random.Generator) -> ImagingSettings:
    lateral = rng.uniform(0.3, 1.0)
    thickness = 1 + int(_sometimes(rng, 0.2, 1 + int(rng.integers(3))))
    # thick slices are wide enough along their axis as they are
    axial = lateral * (1.0 if thickness > 1 else rng.uniform(1.0, 2.5))
    return ImagingSettings(
        contrast=_factor(rng, 60.0, 300.0),
        brightness_spread=rng.uniform(0.05, 0.35),
        brightness_drift=rng.uniform(0.05, 0.3),
        texture=rng.uniform(0.02, 0.2),
        bias=rng.uniform(0.0, 0.35),
        bias_scale=rng.uniform(0.2, 0.6),
        psf_sigma=(lateral, lateral, axial),
        gain=_factor(rng, 0.5, 5.0),
        gaussian_noise=rng.uniform(0.0, 22.0),
        speckle=rng.choice([0.0, rng.uniform(0.02, 0.15)]),
        shared_fraction=rng.uniform(0.2, 0.8),
        hollow_fraction=_sometimes(rng, 0.3, rng.uniform(0.1, 1.0)),
        wall_thickness=rng.uniform(0.7, 1.5),
        falloff_length=_sometimes(rng, 0.4, _factor(rng, 50.0, 300.0)),
        blobs_per_megavoxel=_sometimes(rng, 0.5, _factor(rng, 5.0, 80.0)),
        sheets=int(_sometimes(rng, 0.3, 1 + int(rng.integers(2)))),
        voxel_size=(1, 1, thickness),
    )


def _sometimes(rng: np.random.Generator, chance: float, value: float) -> float:
    """Return the value with that chance, and 0 otherwise."""
    return float(value) if rng.random() < chance else 0.0


def _factor(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
