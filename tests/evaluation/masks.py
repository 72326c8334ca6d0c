"""Small masks and their files."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

SPACING = (2.0, 1.0, 0.5)


def vessels(seed: int, shape: tuple[int, ...] = (24, 24, 20)) -> np.ndarray:
    """Smooth random tubes."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 1.6)
    return field > 0.9 * field.std()


def save_mask(path: Path, mask: np.ndarray, affine: np.ndarray | None = None) -> Path:
    """Write a mask in mm, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([*SPACING, 1.0]) if affine is None else affine
    image = nib.Nifti1Image(np.asarray(mask).astype(np.uint8), affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path
