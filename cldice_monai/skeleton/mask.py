"""What counts as a binary mask: the one check that skeletons, topology and metrics share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch

__all__ = [
    "Array",
    "Mask",
    "as_items",
    "as_mask",
    "as_mask_on_device",
    "bounding_box",
    "check_same_shape",
    "check_spacing",
    "in_form_of",
    "stays_on_device",
]

Mask = np.ndarray | torch.Tensor
Array = TypeVar("Array", np.ndarray, torch.Tensor)

_LARGEST_SPACING = 1e12  # its square times the voxels of an axis is still a number

HOW_TO_THRESHOLD = (
    "threshold it first, for example probabilities with `x >= 0.5`, logits with `x >= 0`, "
    "a 0/255 label with `x > 0`"
)


def as_mask(mask: Mask, *, name: str = "mask", ranks: tuple[int, ...] = (2, 3)) -> np.ndarray:
    """Return ``mask`` as a boolean numpy array, or say in one line why it is none.

    Args:
        mask: array or tensor of any real dtype that holds only 0 and 1 (or bool); any memory
            layout; a tensor may live on any device.
        name: how the caller's argument is called, for the message.
        ranks: the numbers of axes that are accepted.

    Returns:
        Boolean array of the same shape (a view where no copy is needed).

    Raises:
        TypeError: ``mask`` is not an array or tensor of numbers.
        ValueError: an axis too many or too few, NaN, or a value other than 0 and 1.

    Example:
        >>> as_mask(np.array([[0, 1], [1, 0]], dtype=np.uint8))
        array([[False,  True],
               [ True, False]])
    """
    if not isinstance(mask, np.ndarray | torch.Tensor):
        raise TypeError(
            f"{name} must be a numpy array or a torch tensor, got {type(mask).__name__}; "
            "convert it with np.asarray"
        )
    if isinstance(mask, torch.Tensor):
        array: np.ndarray = as_mask_on_device(mask, name=name, ranks=ranks).cpu().numpy()
        return array
    if mask.ndim not in ranks:
        raise ValueError(_rank_message(name, tuple(mask.shape), ranks))
    if mask.dtype == bool:
        return mask
    if mask.dtype.kind not in "uif":
        raise TypeError(f"{name} must hold numbers or booleans, got dtype {mask.dtype}")
    result: np.ndarray = mask != 0
    if not bool(np.array_equal(result, mask)):
        raise ValueError(_value_message(name, has_nan=bool(np.isnan(mask).any())))
    return result


def stays_on_device(mask: Mask) -> bool:
    """Return whether a mask is a tensor on a GPU, so that it is worked on there.

    Args:
        mask: array or tensor.

    Example:
        >>> stays_on_device(torch.ones(2, 2)), stays_on_device(np.ones((2, 2)))
        (False, False)
    """
    return isinstance(mask, torch.Tensor) and mask.is_cuda


def as_mask_on_device(
    mask: Any, *, name: str = "mask", ranks: tuple[int, ...] = (2, 3)
) -> torch.Tensor:
    """Return a tensor as a boolean mask on its device, by the rules of `as_mask`.

    Args:
        mask: tensor of any real dtype that holds only 0 and 1 (or bool).
        name: how the caller's argument is called, for the message.
        ranks: the numbers of axes that are accepted.

    Returns:
        Plain boolean tensor of the same shape and device.

    Raises:
        TypeError: ``mask`` holds no real numbers.
        ValueError: an axis too many or too few, NaN, or a value other than 0 and 1.

    Example:
        >>> as_mask_on_device(torch.tensor([[0.0, 1.0]]))
        tensor([[False,  True]])
    """
    if mask.ndim not in ranks:
        raise ValueError(_rank_message(name, tuple(mask.shape), ranks))
    # A subclass such as MetaTensor would drag its metadata through every comparison.
    plain = mask.detach().as_subclass(torch.Tensor)
    if plain.is_complex():
        raise TypeError(f"{name} must hold real numbers or booleans, got dtype {plain.dtype}")
    if plain.dtype in (torch.uint16, torch.uint32, torch.uint64):
        plain = plain.to(torch.int64)  # torch compares no other unsigned integers
    if plain.dtype == torch.bool:
        return plain
    result: torch.Tensor = plain != 0
    if not bool((result == plain).all()):
        raise ValueError(_value_message(name, has_nan=bool(torch.isnan(plain).any())))
    return result


def in_form_of(like: Mask, voxels: Mask) -> Any:
    """Return a result as it is, or as a plain tensor on the device of ``like`` if that is one.

    Args:
        like: array or tensor that a caller was given.
        voxels: the result, in numpy or as a tensor.

    Returns:
        Array or tensor.

    Example:
        >>> in_form_of(torch.zeros(1), np.ones(2, bool))
        tensor([True, True])
    """
    return torch.as_tensor(voxels, device=like.device) if isinstance(like, torch.Tensor) else voxels


def as_items(voxels: np.ndarray) -> np.ndarray:
    """Return masks as one batch: spatial axes alone become a batch of one, channels become items.

    Args:
        voxels: (H, W), (H, W, D), (B, C, H, W) or (B, C, H, W, D).

    Returns:
        View or copy of shape (N, H, W) or (N, H, W, D).

    Example:
        >>> as_items(np.zeros((3, 4, 5))).shape, as_items(np.zeros((2, 3, 4, 5))).shape
        ((1, 3, 4, 5), (6, 4, 5))
    """
    axes = voxels.ndim if voxels.ndim < 4 else voxels.ndim - 2
    spatial = voxels.shape[voxels.ndim - axes :]
    count = int(np.prod(voxels.shape[: voxels.ndim - axes], dtype=np.int64))
    return voxels.reshape((count, *spatial))


def bounding_box(items: np.ndarray) -> tuple[slice, ...] | None:
    """Return the box of the spatial axes that holds the foreground of every mask of a batch.

    Args:
        items: boolean (N, H, W) or (N, H, W, D).

    Returns:
        One slice a spatial axis; None where nothing is set.

    Example:
        >>> bounding_box(np.array([[[0, 0, 0], [0, 1, 1]]], bool))
        (slice(1, 2, None), slice(1, 3, None))
    """
    box: list[slice] = []
    part = items
    for axis in range(1, items.ndim):
        others = tuple(a for a in range(part.ndim) if a != axis)
        hit = np.flatnonzero(part.any(axis=others))
        if not hit.size:
            return None
        box.append(slice(int(hit[0]), int(hit[-1]) + 1))
        part = items[(slice(None), *box)]
    return tuple(box)


def check_same_shape(pred: Mask, label: Mask) -> None:
    """Raise ValueError unless prediction and label have one shape.

    Args:
        pred: any array or tensor.
        label: any array or tensor.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> check_same_shape(np.zeros((2, 2)), np.zeros((2, 3)))
        Traceback (most recent call last):
        ...
        ValueError: pred and label must have one shape, got (2, 2) and (2, 3); resample one of them
    """
    shapes = tuple(pred.shape), tuple(label.shape)
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"pred and label must have one shape, got {shapes[0]} and {shapes[1]}; "
            "resample one of them"
        )


def check_spacing(spacing: Sequence[float] | None, axes: int) -> None:
    """Raise unless a spacing is None or one positive number for each spatial axis.

    Args:
        spacing: voxel size along each axis, or None.
        axes: number of spatial axes.

    Raises:
        ValueError: for anything else.

    Example:
        >>> check_spacing((1.0, 0.5), 2)
    """
    if spacing is None:
        return
    try:
        sizes = [float(size) for size in spacing]
    except (TypeError, ValueError):
        sizes = []
    if len(sizes) != axes or not all(0 < size < _LARGEST_SPACING for size in sizes):
        raise ValueError(
            f"spacing must be {axes} positive numbers, one a spatial axis, got {spacing!r}"
        )


def _value_message(name: str, *, has_nan: bool) -> str:
    came = "NaN" if has_nan else "other values"
    advice = "replace NaN, then threshold" if has_nan else HOW_TO_THRESHOLD
    return f"{name} must be binary (only 0 and 1), got {came}; {advice}"


def _rank_message(name: str, shape: tuple[int, ...], ranks: tuple[int, ...]) -> str:
    forms = {
        2: "(H, W)",
        3: "(H, W, D)",
        4: "(B, C, H, W)",
        5: "(B, C, H, W, D)",
    }
    wanted = " or ".join(forms[rank] for rank in ranks)
    if len(shape) < min(ranks):
        advice = "add the missing axes with x[None]"
    elif len(shape) > max(ranks):
        advice = "take one item and channel, for example x[0, 0]"
    else:
        advice = "add batch and channel axes with x[None, None], or drop an axis of length one"
    return f"{name} must be {wanted}, got shape {shape}; {advice}"
