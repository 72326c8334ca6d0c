"""Arrays as a preview draws them, so that a picture stands as it does in its file."""

from __future__ import annotations

from typing import Any

import numpy as np

from cldice_monai.data.nifti import Volume
from cldice_monai.data.tiff_stack import has_tiff_ending
from cldice_monai.data.zarr_image import is_zarr

__all__ = ["upright"]


def upright(volume: Volume, **masks: np.ndarray | None) -> dict[str, Any]:
    """Return image, masks and spacing as `cldice_monai.report.save_preview` takes them.

    A preview shows the first axis to the right and the second one upwards. The rows of a picture,
    which are its first axis, run down: by its affine its axes are changed and turned. The rows of
    a TIFF stack or an OME-Zarr image, the second axis, run down, too. Other volumes stay as they
    are. Of a volume channel 0 is drawn, of a picture the mean of its channels.

    Args:
        volume: the image.
        masks: (X, Y, Z) arrays on its grid by name, or None.

    Returns:
        ``image``, the masks, and ``spacing_mm``.

    Example:
        >>> from pathlib import Path
        >>> from cldice_monai.data.pictures import picture_volume
        >>> picture = picture_volume(np.array([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), Path("a.png"))
        >>> shown = upright(picture)["image"]  # axis 0 to the right, axis 1 upwards
        >>> shown[:, ::-1, 0].T.tolist()
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    """
    from nibabel.orientations import apply_orientation, io_orientation

    orientation = io_orientation(volume.affine)
    is_picture = volume.array.shape[-1] == 1 and orientation[2, 0] == 2  # its depth is the third
    if not is_picture and (has_tiff_ending(volume.path) or is_zarr(volume.path)):
        # their rows, the second axis, run down
        masks = {name: None if m is None else m[:, ::-1] for name, m in masks.items()}
        return {"image": volume.array[0][:, ::-1], "spacing_mm": volume.spacing_mm, **masks}
    if not is_picture:
        return {"image": volume.array[0], "spacing_mm": volume.spacing_mm, **masks}
    arrays = {"image": volume.array.mean(axis=0), **masks}
    shown: dict[str, Any] = {
        name: None if array is None else apply_orientation(array, orientation)
        for name, array in arrays.items()
    }
    order = np.argsort(orientation[:, 0])
    shown["spacing_mm"] = tuple(float(volume.spacing_mm[axis]) for axis in order)
    return shown
