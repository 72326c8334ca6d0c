"""The tissue between the vessels: its texture and its surface."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cldice_monai.data.synthetic.fields import smooth_field
from cldice_monai.data.synthetic.presets import ImagingSettings

__all__ = ["draw_tissue"]

_Image = npt.NDArray[np.float32]
_BEND = 0.15  # of the surface, as a share of the longest side


def draw_tissue(
    shape: tuple[int, ...], settings: ImagingSettings, rng: np.random.Generator
) -> _Image:
    """Draw how bright the tissue is at each voxel.

    Args:
        shape: the volume's sides in voxels.
        settings: ``texture``, ``texture_scale`` and ``tissue_share``.
        rng: source of randomness.

    Returns:
        float32 around 1 in the tissue, never negative, 0 beyond its surface.

    Example:
        >>> import numpy as np
        >>> settings = ImagingSettings(tissue_share=0.5)
        >>> tissue = draw_tissue((24, 24, 24), settings, np.random.default_rng(0))
        >>> round(float((tissue > 0).mean()), 2)
        0.5
    """
    tissue = np.ones(shape, dtype=np.float32)
    part = settings.texture / np.sqrt(max(1, len(settings.texture_scale)))
    for scale in settings.texture_scale:
        tissue += np.float32(part) * smooth_field(shape, scale=scale, rng=rng)
    tissue = np.maximum(tissue, 0.0)
    if settings.tissue_share < 1.0:
        height = _height(shape, rng)
        tissue[height > np.quantile(height, settings.tissue_share)] = 0.0
    return tissue


def _height(shape: tuple[int, ...], rng: np.random.Generator) -> _Image:
    """Return the height of each voxel over a bent plane that lies at random."""
    normal = rng.standard_normal(len(shape))
    normal /= np.linalg.norm(normal)
    axes = np.meshgrid(*[np.arange(n, dtype=np.float32) for n in shape], indexing="ij", sparse=True)
    height = sum(np.float32(n) * axis for n, axis in zip(normal, axes, strict=True))
    size = float(max(shape))
    bent = height + np.float32(_BEND * size) * smooth_field(shape, scale=0.3 * size, rng=rng)
    return np.asarray(bent, dtype=np.float32)
