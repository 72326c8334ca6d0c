"""What a transform takes in: numpy arrays, tensors and MetaTensors, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from monai.config import NdarrayOrTensor
from monai.data import MetaTensor
from monai.data.utils import affine_to_spacing
from monai.utils import convert_data_type

from cldice_monai.skeleton.binary import skeletonize

__all__ = [
    "SpacingArgument",
    "as_channel_first_numpy",
    "as_finite_float32",
    "as_numpy",
    "as_vessel_mask",
    "as_whole_numbers",
    "check_spacing_argument",
    "skeleton_in_vessel",
    "voxel_sizes",
]

SpacingArgument = Sequence[float] | Literal["image"] | None


def as_channel_first_numpy(img: NdarrayOrTensor, *, name: str = "img") -> np.ndarray:
    """Return the array behind a numpy array, tensor or MetaTensor; refuse everything else."""
    if not isinstance(img, np.ndarray | torch.Tensor):
        raise TypeError(
            f"{name} must be a numpy array or a tensor, got {type(img).__name__}; "
            "load the image first"
        )
    if img.ndim < 2:
        raise ValueError(
            f"{name} must have a channel axis before the spatial ones, got shape "
            f"{tuple(img.shape)}; add one with x[None]"
        )
    return as_numpy(img)


def as_numpy(img: NdarrayOrTensor) -> np.ndarray:
    """Return the array behind a numpy array, tensor or MetaTensor; bfloat16 as float32."""
    if isinstance(img, torch.Tensor) and img.dtype == torch.bfloat16:
        img = img.float()  # numpy has no bfloat16
    array: np.ndarray = convert_data_type(img, np.ndarray)[0]
    return array


def as_finite_float32(img: NdarrayOrTensor) -> np.ndarray:
    """Return a copy of the array as float32; refuse NaN and infinity, which a blur would spread."""
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinity and is refused
        image = as_channel_first_numpy(img).astype(np.float32)
    n_bad = image.size - int(np.isfinite(image).sum())
    if n_bad:
        raise ValueError(
            f"img must be finite, got NaN or infinity in {n_bad} of {image.size} voxels; "
            "use FillNonFinite before"
        )
    return image


def as_whole_numbers(mask: NdarrayOrTensor, *, name: str) -> np.ndarray:
    """Return the array of a label or a mask; refuse NaN and fractions, which are probabilities."""
    array = as_channel_first_numpy(mask, name=name)
    if array.dtype.kind == "f" and not bool(np.all(array == np.rint(array))):
        raise ValueError(
            f"{name} must hold whole numbers, got NaN or fractions; threshold it first, "
            "for example with AsDiscrete(threshold=0.5)"
        )
    return array


def as_vessel_mask(
    label: NdarrayOrTensor, *, name: str = "label", shape: Sequence[int] | None = None
) -> np.ndarray:
    """Return one boolean mask without a channel axis: vessel is > 0 in any channel.

    Of several channels the first is the background of a one-hot label, as in MONAI's crops.
    """
    array = as_channel_first_numpy(label, name=name)
    if array.ndim not in (3, 4) or (shape is not None and array.shape[1:] != tuple(shape)):
        wanted = "(C, X, Y) or (C, X, Y, Z)" if shape is None else f"(C, {str(tuple(shape))[1:]}"
        raise ValueError(
            f"{name} must be {wanted}, got {array.shape}; add a channel axis with x[None], "
            "drop a batch axis with x[0]"
        )
    mask: np.ndarray = (array[1:] if len(array) > 1 else array).max(axis=0) > 0
    return mask


def skeleton_in_vessel(skeleton: NdarrayOrTensor | None, vessel: np.ndarray) -> np.ndarray:
    """Return what of a skeleton lies in the vessels; made anew if that is nothing.

    A crop can hold the rim of a thick vessel whose skeleton lies outside the crop.
    """
    if skeleton is not None:
        line = as_vessel_mask(skeleton, name="skeleton", shape=vessel.shape) & vessel
        if line.any():
            return line
    return skeletonize(vessel)


def check_spacing_argument(spacing: SpacingArgument) -> None:
    """Refuse a spacing that could not fit any image, when a transform is made."""
    good = spacing is None or spacing == "image"
    if not good and not isinstance(spacing, str):
        good = all(0 < size < float("inf") for size in spacing or (0,))
    if not good:
        raise ValueError(
            f'spacing must be positive numbers, one an axis, "image" or None, got {spacing!r}'
        )


def voxel_sizes(
    spacing: SpacingArgument, img: NdarrayOrTensor, *, ndim: int
) -> tuple[float, ...] | None:
    """Return the voxel sizes that ``spacing`` asks for; None stays None: count in voxels."""
    if spacing is None:
        return None
    if isinstance(spacing, str):
        return _sizes_of_image(img, ndim)
    if len(spacing) != ndim:
        raise ValueError(f"spacing must be {ndim} numbers, one an axis, got {spacing!r}")
    return tuple(float(size) for size in spacing)


def _sizes_of_image(img: NdarrayOrTensor, ndim: int) -> tuple[float, ...]:
    if not isinstance(img, MetaTensor):
        raise ValueError(
            f'spacing="image" needs a MetaTensor with an affine, got {type(img).__name__}; '
            "load it with LoadImaged or give the voxel sizes as numbers"
        )
    return tuple(float(size) for size in affine_to_spacing(img.affine, r=ndim))
