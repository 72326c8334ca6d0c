"""Transforms for vessel images and labels, on one channel-first array."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from monai.config import NdarrayOrTensor
from monai.transforms import Transform
from monai.utils import TransformBackends, convert_data_type, convert_to_dst_type

from cldice_monai.transforms.intensity import cut_off_and_scale, fill_non_finite

__all__ = ["BinarizeLabel", "FillNonFinite", "ScaleIntensityCutoff", "Skeletonize"]


class ScaleIntensityCutoff(Transform):
    """Preprocessing of VesSAP: cut bright outliers off and scale each channel to [0, 1].

    In each channel the intensities above the ``cutoff`` quantile are set to it, then the channel
    is shifted and scaled linearly so that its smallest value is 0 and the cut-off is 1. A
    constant channel becomes zeros; a channel that the cut would make constant (fewer bright voxels
    than are to be cut off, all others equal) is scaled without it.

    The quantile is exact and costs O(n) in the number of voxels. The script that was published
    with VesSAP looks for the cut-off in histogram bins ten intensities wide and then returns the
    data uncut, so its output is plain scaling to [0, 1]; this transform does what the article
    says. ``cutoff=1.0`` gives the script's behaviour.

    Args:
        cutoff: quantile from 0 (exclusive) to 1, one for all channels or one a channel.

    Raises:
        ValueError: if a cut-off is out of range; when called: if the image is not finite, has no
            channel axis, or has another number of channels than there are cut-offs.

    Example:
        >>> image = torch.tensor([[0.0, 1.0, 2.0, 3.0, 50.0]])
        >>> ScaleIntensityCutoff(cutoff=0.75)(image)
        tensor([[0.0000, 0.3333, 0.6667, 1.0000, 1.0000]])

    Reference:
        Todorov et al., Machine learning analysis of whole mouse brain vasculature, Nature
        Methods 17, 2020 (VesSAP).
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __init__(self, cutoff: float | Sequence[float] = 0.99) -> None:
        values = (cutoff,) if isinstance(cutoff, int | float) else tuple(cutoff)
        if not values or not all(0 < value <= 1 for value in values):
            raise ValueError(
                f"cutoff must be above 0 and at most 1 for every channel, got {cutoff}; "
                "0.99 cuts off the brightest hundredth"
            )
        self.cutoff = values

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Scale an image.

        Args:
            img: finite intensities (C, spatial...), any number type.

        Returns:
            float32 from 0 to 1, the container (numpy, tensor, MetaTensor) of ``img``.
        """
        image = _as_channel_first_numpy(img)
        cutoffs = self.cutoff if len(self.cutoff) > 1 else self.cutoff * len(image)
        if len(cutoffs) != len(image):
            raise ValueError(
                f"cutoff must be one number or one a channel, got {len(cutoffs)} for "
                f"{len(image)} channels; give {len(image)}"
            )
        scaled = np.stack([cut_off_and_scale(c, q) for c, q in zip(image, cutoffs, strict=True)])
        return convert_to_dst_type(scaled, dst=img, dtype=scaled.dtype)[0]


class FillNonFinite(Transform):
    """Replace NaN and infinity by the smallest finite value of the channel.

    Example:
        >>> FillNonFinite()(torch.tensor([[float("nan"), 3.0, 5.0]]))
        tensor([[3., 3., 5.]])
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Fill an image.

        Args:
            img: intensities (C, spatial...), any number type.

        Returns:
            The image with its dtype and container; the same object where nothing was to do.

        Raises:
            ValueError: if a channel has no finite value, or there is no channel axis.
        """
        image = _as_channel_first_numpy(img)
        filled = fill_non_finite(image)
        return img if filled is image else convert_to_dst_type(filled, dst=img)[0]


class BinarizeLabel(Transform):
    """Make a vessel label of whatever the file holds: vessel is > 0.

    Label files hold {0, 1}, {0, 255} or {0, 95, 255}, sometimes in one data set.

    Example:
        >>> BinarizeLabel()(torch.tensor([[0, 95, 255]]))
        tensor([[0, 1, 1]], dtype=torch.uint8)
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Binarize a label.

        Args:
            img: label of any shape and number type; NaN and negative numbers are background.

        Returns:
            uint8 of {0, 1}, same shape and container.
        """
        label = convert_data_type(img, np.ndarray)[0]
        mask = (label > 0).astype(np.uint8)
        return convert_to_dst_type(mask, dst=img, dtype=mask.dtype)[0]


class Skeletonize(Transform):
    """The skeleton of a label, one channel at a time, by `cldice_monai.skeleton.skeletonize`.

    Example:
        >>> label = np.zeros((1, 5, 9), dtype=np.uint8)
        >>> label[:, 1:4, 1:8] = 1
        >>> skeleton = Skeletonize()(label)
        >>> skeleton.dtype, int(skeleton.sum()) < int(label.sum())
        (dtype('uint8'), True)
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Skeletonize a label.

        Args:
            img: label (C, X, Y) or (C, X, Y, Z), vessel is > 0; an empty one has an empty skeleton.

        Returns:
            uint8 of {0, 1}, same shape and container.

        Raises:
            ValueError: if the label is neither (C, X, Y) nor (C, X, Y, Z).
        """
        label = _as_channel_first_numpy(img)
        if label.ndim not in (3, 4):
            raise ValueError(
                f"label must be (C, X, Y) or (C, X, Y, Z), got {label.shape}; "
                "add a channel axis with x[None] or drop the batch axis with x[0]"
            )
        skeletonize = _skeletonize()
        skeleton = np.stack([skeletonize(channel > 0) for channel in label]).astype(np.uint8)
        return convert_to_dst_type(skeleton, dst=img, dtype=skeleton.dtype)[0]


def _skeletonize() -> Callable[[np.ndarray], np.ndarray]:
    from cldice_monai.skeleton.binary import (
        skeletonize,  # it loads its algorithm only when one is asked for
    )

    return skeletonize


def _as_channel_first_numpy(img: NdarrayOrTensor) -> np.ndarray:
    if not isinstance(img, np.ndarray | torch.Tensor):
        raise TypeError(
            f"img must be a numpy array or a tensor, got {type(img).__name__}; load the image first"
        )
    if img.ndim < 2:
        raise ValueError(
            f"img must have a channel axis before the spatial ones, got shape {tuple(img.shape)}; "
            "add one with x[None]"
        )
    array: np.ndarray = convert_data_type(img, np.ndarray)[0]
    return array
