"""Small masks and their files, in every format."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cldice_monai.data.itk_module import load_itk

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


def save_in_format(path: Path, mask: np.ndarray) -> Path:
    """Write a mask (X, Y, Z) or (X, Y) as other programs do; rows and pages first, 255 for 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".nrrd", ".mha"):
        _save_itk(path, mask)
    elif path.suffix == ".zarr":
        _save_zarr(path, mask)
    elif path.suffix == ".tif":
        pytest.importorskip("tifffile").imwrite(path, 255 * mask.T.astype(np.uint8))
    elif path.suffix in (".png", ".bmp"):
        Image.fromarray(255 * mask.T.astype(np.uint8)).save(path)
    else:
        save_mask(path, mask)
    return path


def _save_itk(path: Path, mask: np.ndarray) -> None:
    pytest.importorskip("itk")
    itk = load_itk()
    image = itk.image_from_array(np.ascontiguousarray(mask.T.astype(np.uint8)))
    image.SetSpacing([float(side) for side in SPACING])
    image.SetDirection(itk.matrix_from_array(np.diag([-1.0, -1.0, 1.0])))
    itk.imwrite(image, str(path))


def _save_zarr(path: Path, mask: np.ndarray) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(path, mode="w", zarr_format=2)
    group.create_array("s0", shape=mask.T.shape, dtype="uint8")[:] = mask.T
    scale = [1000 * side for side in SPACING[::-1]]
    level = {"path": "s0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [level]}]
