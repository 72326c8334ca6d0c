"""Blobs and sheets that are as bright as vessels and are none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.fields import smooth_field
from cldice_monai.data.synthetic.presets import ImagingSettings

__all__ = ["add_blob", "add_cloud", "draw_distractors", "draw_sheet"]

_Image = npt.NDArray[np.float32]
_BRIGHTNESS = (0.4, 1.1)  # smallest and largest, as a share of a vessel's
_CLOUD = (0.1, 0.8)  # the same of a cloud of leaked dye
_SHEET_THICKNESS = (1.0, 2.5)  # voxels


def draw_distractors(
    shape: Sequence[int], *, settings: ImagingSettings, rng: np.random.Generator
) -> _Image:
    """Draw what is not vessel and shines: cells, clumps of dye, membranes, folds.

    Args:
        shape: the volume's sides in voxels.
        settings: how many blobs, sheets and clouds; nothing is drawn at random for 0.
        rng: source of randomness.

    Returns:
        float32, where 1 is the brightness of a mean vessel and 0 is none.

    Example:
        >>> import numpy as np
        >>> settings = ImagingSettings(blobs_per_megavoxel=100.0, sheets=1)
        >>> light = draw_distractors((32, 32, 32), settings=settings, rng=np.random.default_rng(0))
        >>> bool(light.max() > 0.3), bool(light.min() >= 0)
        (True, True)
    """
    light = np.zeros(tuple(shape), dtype=np.float32)
    if settings.blobs_per_megavoxel > 0.0:
        for _ in range(rng.poisson(settings.blobs_per_megavoxel * light.size / 1e6)):
            radii = rng.uniform(*settings.blob_radius, size=light.ndim)
            add_blob(light, radii, rng.uniform(*_BRIGHTNESS), rng)
    for _ in range(settings.sheets):
        brightness = np.float32(rng.uniform(*_BRIGHTNESS))
        light += brightness * draw_sheet(light.shape, rng.uniform(*_SHEET_THICKNESS), rng)
    for _ in range(rng.poisson(settings.leaks_per_megavoxel * light.size / 1e6)):
        add_cloud(light, rng.uniform(*settings.leak_radius), rng.uniform(*_CLOUD), rng)
    return light


def add_blob(
    light: _Image,
    radii: npt.NDArray[np.float64],
    brightness: float,
    rng: np.random.Generator,
) -> None:
    """Add an ellipsoid somewhere, its axes turned at random, in place.

    Args:
        light: 2D or 3D float32.
        radii: half axes in voxels, one for each axis of ``light``.
        brightness: what it adds at its middle; the edge falls to 0 within about a voxel.
        rng: source of randomness.

    Example:
        >>> import numpy as np
        >>> light = np.zeros((16, 16), np.float32)
        >>> add_blob(light, np.array([3.0, 3.0]), 1.0, np.random.default_rng(1))
        >>> bool(light.any())
        True
    """
    center = rng.uniform(0, light.shape)
    turn, _ = np.linalg.qr(rng.standard_normal((light.ndim, light.ndim)))
    reach = int(np.ceil(radii.max())) + 2
    low = np.maximum(center.astype(int) - reach, 0)
    high = np.minimum(center.astype(int) + reach + 1, light.shape)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    place = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1) - center
    away = np.linalg.norm(place @ turn / radii, axis=-1)
    light[box] += brightness * np.clip((1 - away) * radii.mean() + 0.5, 0, 1)


def add_cloud(light: _Image, sigma: float, brightness: float, rng: np.random.Generator) -> None:
    """Add a Gaussian cloud somewhere, as dye that leaks out of a vessel spreads, in place.

    Args:
        light: 2D or 3D float32.
        sigma: its standard deviation in voxels.
        brightness: what it adds at its middle.
        rng: source of randomness.

    Example:
        >>> import numpy as np
        >>> light = np.zeros((16, 16), np.float32)
        >>> add_cloud(light, 3.0, 0.5, np.random.default_rng(1))
        >>> bool(0 < light.max() <= 0.5)
        True
    """
    cloud = np.float32(brightness)
    for axis, n in enumerate(light.shape):
        away = (np.arange(n) - rng.uniform(0, n)) / (sigma * rng.uniform(0.7, 1.4))
        shape = [-1 if axis == other else 1 for other in range(light.ndim)]
        cloud = cloud * np.exp(-0.5 * away**2).astype(np.float32).reshape(shape)
    light += cloud


def draw_sheet(shape: tuple[int, ...], thickness: float, rng: np.random.Generator) -> _Image:
    """Draw a bent disc with soft edges somewhere.

    Args:
        shape: two or three sides in voxels.
        thickness: in voxels.
        rng: source of randomness.

    Returns:
        float32 of that shape, from 0 to 1.

    Example:
        >>> import numpy as np
        >>> draw_sheet((24, 24, 24), 2.0, np.random.default_rng(0)).shape
        (24, 24, 24)
    """
    normal = rng.standard_normal(len(shape))
    normal /= np.linalg.norm(normal)
    axes = [np.arange(n, dtype=np.float32) - rng.uniform(0, n) for n in shape]
    grid = np.meshgrid(*axes, indexing="ij", sparse=True)
    square = sum(axis**2 for axis in grid)
    height = sum(np.float32(n) * axis for n, axis in zip(normal, grid, strict=True))
    size = float(max(shape))
    bent = height + 0.06 * size * smooth_field(shape, scale=0.3 * size, rng=rng)
    across = np.sqrt(np.maximum(square - height**2, 0))
    edge = np.clip(rng.uniform(0.2, 0.5) * size - across, 0, 1)
    sheet: _Image = edge * np.exp(-0.5 * (bent / (0.5 * thickness)) ** 2)
    return sheet.astype(np.float32)
