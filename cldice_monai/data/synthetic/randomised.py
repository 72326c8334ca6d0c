"""Settings drawn anew for every sample, for networks that are to see many kinds of volumes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from cldice_monai.data.synthetic.presets import GeometrySettings, ImagingSettings, Preset

__all__ = ["draw_settings"]

_DEEPEST_LABEL = 2  # voxels; people label what a thick slice shows of a vessel beside it
_WITHOUT_VESSELS = 0.1  # share of the volumes, so that a network learns to find none
_SPARSE = 0.25  # share of the others, in which vessels are far apart
_LABEL_MARGIN = 0.5  # voxels; real labels are more generous than the vessel's wall


def draw_settings(*, rng: np.random.Generator) -> Preset:
    """Draw the settings of one sample of the preset "randomised".

    Density, thickness and winding of the vessels, contrast, disturbances and anisotropy of the
    point spread each vary over a range that holds the other presets. Trunks can be as thick as the
    vessels on a brain's surface, and the brightest vessel can be a hundred times brighter than
    dim ones, as in two-photon stacks. What ranges over a factor is drawn on a logarithmic scale.

    Args:
        rng: source of randomness.

    Returns:
        Settings that differ from one call to the next.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> contrasts = [draw_settings(rng=rng).imaging.contrast for _ in range(200)]
        >>> 60 <= min(contrasts) < 80, 3000 < max(contrasts) <= 4000
        (True, True)
    """
    coarse = _factor(rng, 1.0, 2.2)
    geometry = _magnified(_draw_geometry(rng), coarse)
    imaging = _draw_imaging(rng)
    geometry = replace(geometry, label_depth=min(imaging.voxel_size[2] - 1, _DEEPEST_LABEL))
    # what is magnified looks blurred, but a finer grid is not only the same picture enlarged
    spread = tuple(sigma * coarse**0.7 for sigma in imaging.psf_sigma)
    return Preset(
        name="randomised",
        geometry=None if rng.random() < _WITHOUT_VESSELS else geometry,
        imaging=replace(imaging, psf_sigma=spread),
    )


def _magnified(settings: GeometrySettings, factor: float) -> GeometrySettings:
    """Return capillaries and tree ends for voxels that are finer by a factor."""
    thinnest, thickest = settings.capillary_radius
    return replace(
        settings,
        capillary_distance=settings.capillary_distance * factor**0.8,
        capillary_radius=(thinnest * factor**0.8, thickest * factor),
        terminal_radius=settings.terminal_radius * factor,
        clearance=settings.clearance * factor**0.5,
        warp_amplitude=settings.warp_amplitude * factor**0.5,
    )


def _draw_geometry(rng: np.random.Generator) -> GeometrySettings:
    thinnest = rng.uniform(0.8, 1.1)
    thick = _factor(rng, 0.025, 0.05)
    settings = GeometrySettings(
        trees_per_megavoxel=_factor(rng, 0.7, 2.5),
        terminals_per_megavoxel=_factor(rng, 20.0, 60.0),
        trunk_radius_fraction=(0.8 * thick, 1.3 * thick),
        capillary_distance=rng.uniform(8.0, 15.0),
        capillary_radius=(thinnest, thinnest * rng.uniform(1.2, 1.9)),
        tortuosity=rng.uniform(0.05, 0.16),
        warp_amplitude=rng.uniform(1.0, 7.0),
        radius_variation=rng.uniform(0.03, 0.16),
        label_margin=_LABEL_MARGIN,
    )
    if rng.random() < 0.6:
        thick = _factor(rng, 0.03, 0.19)
        settings = replace(
            settings,
            trees_per_megavoxel=_factor(rng, 1.0, 4.0),
            trunk_radius_fraction=(0.5 * thick, 1.2 * thick),
            trunk_radius_limits=(1.6, 13.0),
            terminal_radius=rng.uniform(1.2, 2.2),
        )
    if rng.random() >= _SPARSE:
        return settings
    return replace(
        settings,
        trees_per_megavoxel=_factor(rng, 0.7, 2.0),
        terminals_per_megavoxel=_factor(rng, 2.0, 15.0),
        capillary_distance=rng.choice([rng.uniform(18.0, 30.0), math.inf]),
    )


def _draw_imaging(rng: np.random.Generator) -> ImagingSettings:
    lateral = rng.uniform(0.3, 1.0)
    thickness = 1 + int(_sometimes(rng, 0.6, 1 + int(rng.integers(3))))
    # thick slices are wide enough along their axis as they are
    axial = rng.uniform(0.3, 0.8) if thickness > 1 else lateral * rng.uniform(1.0, 2.5)
    # light is only lost where enough is left to see most vessels by; a few trunks still go under
    is_dark = rng.random() < 0.6
    contrast = _factor(rng, 200.0, 4000.0) if is_dark else _factor(rng, 70.0, 300.0)
    fine = _factor(rng, 1.0, 5.0)
    return ImagingSettings(
        background=_factor(rng, 1.0, 100.0) if is_dark and rng.random() < 0.3 else 100.0,
        contrast=contrast,
        brightness_spread=rng.uniform(0.2, 0.9) if is_dark else rng.uniform(0.05, 0.35),
        brightness_drift=rng.uniform(0.1, 0.5) if is_dark else rng.uniform(0.05, 0.3),
        texture=rng.uniform(0.05, 0.4) if is_dark else rng.uniform(0.02, 0.2),
        texture_scale=(fine, 3.5 * fine),
        bias=rng.uniform(0.1, 0.8) if is_dark else rng.uniform(0.0, 0.35),
        bias_scale=rng.uniform(0.2, 0.6),
        psf_sigma=(lateral, lateral, axial),
        gain=_factor(rng, 0.5, 5.0),
        gaussian_noise=rng.uniform(0.0, min(22.0, 0.2 * contrast)),
        **_draw_speckle(rng, contrast=contrast),
        shared_fraction=rng.uniform(0.2, 0.8),
        hollow_fraction=_sometimes(rng, 0.3, rng.uniform(0.1, 1.0)),
        wall_thickness=rng.uniform(0.7, 1.5),
        falloff_length=_sometimes(rng, 0.4, _factor(rng, 50.0, 300.0)),
        depth_length=_sometimes(rng, 0.6, _factor(rng, 25.0, 200.0)) if is_dark else 0.0,
        shading=_sometimes(rng, 0.7, rng.uniform(0.1, 1.0 if is_dark else 0.3)),
        shading_scale=_factor(rng, 12.0, 50.0),
        sheets=int(_sometimes(rng, 0.3, 1 + int(rng.integers(2)))),
        haze=_sometimes(rng, 0.6, rng.uniform(0.05, 0.5 if is_dark else 0.2)),
        haze_sigma=_factor(rng, 4.0, 14.0),
        leaks_per_megavoxel=_sometimes(rng, 0.35, _factor(rng, 3.0, 60.0)),
        tissue_share=1.0 - _sometimes(rng, 0.25, rng.uniform(0.05, 0.6)),
        voxel_size=(1, 1, thickness),
        **_draw_blobs(rng),
    )


def _draw_speckle(rng: np.random.Generator, *, contrast: float) -> dict[str, Any]:
    """Draw none, little of single voxels, or the strong grains of coherent light."""
    kind = rng.random()
    if kind < 0.25 and contrast > 200.0:
        return {"speckle": rng.uniform(0.2, 0.6), "speckle_scale": rng.uniform(0.5, 1.3)}
    return {"speckle": rng.uniform(0.02, 0.15) if kind < 0.6 else 0.0}


def _draw_blobs(rng: np.random.Generator) -> dict[str, Any]:
    """Draw no blobs, few that are as thick as vessels, or many specks."""
    kind = rng.random()
    if kind < 0.35:
        return {"blobs_per_megavoxel": _factor(rng, 100.0, 1500.0), "blob_radius": (0.6, 2.2)}
    return {"blobs_per_megavoxel": _factor(rng, 5.0, 80.0) if kind < 0.6 else 0.0}


def _sometimes(rng: np.random.Generator, chance: float, value: float) -> float:
    """Return the value with that chance, and 0 otherwise."""
    return float(value) if rng.random() < chance else 0.0


def _factor(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
