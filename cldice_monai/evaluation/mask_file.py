"""Masks in every format that segmentations are written in."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from cldice_monai.data.formats import read_image
from cldice_monai.data.nifti import Volume
from cldice_monai.data.nifti_grid import NiftiGrid
from cldice_monai.data.pictures import is_picture, read_grey_picture
from cldice_monai.data.spacing import Spacing
from cldice_monai.data.tiff_stack import has_tiff_ending, read_tiff_stack
from cldice_monai.data.tiff_tags import read_tiff_tags
from cldice_monai.evaluation.mask_folder import has_voxel_size
from cldice_monai.evaluation.mask_grid import turned

__all__ = ["read_mask"]


def read_mask(path: Path, label: NiftiGrid) -> Volume:
    """Read a mask or an image with the axes of its label.

    Args:
        path: NIfTI, NRRD, MetaImage, TIFF, OME-Zarr or a picture. Colours are joined into one
            channel, their largest value.
        label: grid of the label, from `cldice_monai.evaluation.mask_grid.mask_grid`; that of the
            file itself where it is the label.

    Returns:
        float32 (C, X, Y, Z). The first axis is that of the columns, in pictures too, unless the
        label has rows first.

    Raises:
        InputError: the file cannot be used.
    """
    volume = _read(path)
    if turned(path, volume.affine, label):
        array = np.ascontiguousarray(volume.array.swapaxes(1, 2))
        return dataclasses.replace(volume, array=array)
    return volume


def _read(path: Path) -> Volume:
    if has_voxel_size(path):
        return read_image(path)
    if is_picture(path) and not has_tiff_ending(path):
        return _columns_first(read_grey_picture(path))
    tags = read_tiff_tags(path)
    volume = read_tiff_stack(path, Spacing((1.0,) * tags.n_axes, "mm"))
    if tags.is_colour:
        colours = volume.array[:-1] if tags.n_channels in (2, 4) else volume.array  # without alpha
        volume = dataclasses.replace(volume, array=colours.max(axis=0, keepdims=True))
    return _columns_first(volume) if tags.n_axes == 2 else _without_size(volume)


def _columns_first(volume: Volume) -> Volume:
    array = np.ascontiguousarray(volume.array.transpose(0, 2, 1, 3))
    return _without_size(dataclasses.replace(volume, array=array))


def _without_size(volume: Volume) -> Volume:
    return dataclasses.replace(volume, affine=np.diag([1.0, -1.0, 1.0, 1.0]), unit="unknown")
