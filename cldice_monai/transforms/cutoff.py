"""Preprocessing of VesSAP: cut bright outliers off and scale to [0, 1]."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type

from cldice_monai.transforms._containers import as_channel_first_numpy
from cldice_monai.transforms._items import apply_to_keys
from cldice_monai.transforms.intensity import cut_off_and_scale, lift_dim

__all__ = [
    "ScaleIntensityCutoff",
    "ScaleIntensityCutoffD",
    "ScaleIntensityCutoffDict",
    "ScaleIntensityCutoffd",
]


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
        lift: how much dim vessels are lifted after that, by log(1 + lift x) / log(1 + lift); 0 for
            VesSAP's linear scale.
        floor: quantile from 0 to 1 (exclusive) that becomes 0 in place of the smallest value, with
            all below it: where most of a volume is background, 0.3 makes it dark.

    Raises:
        ValueError: if a cut-off is out of range or lift below 0; when called: if the image is not
            finite, has no channel axis, or has another number of channels than there are cut-offs.

    Example:
        >>> import torch
        >>> image = torch.tensor([[0.0, 1.0, 2.0, 3.0, 50.0]])
        >>> ScaleIntensityCutoff(cutoff=0.75)(image)
        tensor([[0.0000, 0.3333, 0.6667, 1.0000, 1.0000]])

    Reference:
        Todorov et al., Machine learning analysis of whole mouse brain vasculature, Nature
        Methods 17, 2020 (VesSAP).
    """

    backend = (TransformBackends.TORCH, TransformBackends.NUMPY)

    def __init__(
        self, cutoff: float | Sequence[float] = 0.99, lift: float = 0.0, floor: float = 0.0
    ) -> None:
        values = (cutoff,) if isinstance(cutoff, int | float | np.number) else tuple(cutoff)
        if not values or not all(0 < value <= 1 for value in values):
            raise ValueError(
                f"cutoff must be above 0 and at most 1 for every channel, got {cutoff}; "
                "0.99 cuts off the brightest hundredth"
            )
        if not 0 <= lift < float("inf"):
            raise ValueError(f"lift must be 0 or more, got {lift!r}; 0 keeps the scale linear")
        if not 0 <= floor < min(values):
            raise ValueError(
                f"floor must be at least 0 and below the cutoff, got {floor!r}; 0 cuts nothing off"
            )
        self.cutoff = values
        self.lift = lift
        self.floor = floor

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Scale an image.

        Args:
            img: finite intensities (C, spatial...), any number type.

        Returns:
            float32 from 0 to 1, the container (numpy, tensor, MetaTensor) of ``img``.
        """
        image = as_channel_first_numpy(img)
        cutoffs = self.cutoff if len(self.cutoff) > 1 else self.cutoff * len(image)
        if len(cutoffs) != len(image):
            raise ValueError(
                f"cutoff must be one number or one a channel, got {len(cutoffs)} for "
                f"{len(image)} channels; give {len(image)}"
            )
        pairs = zip(image, cutoffs, strict=True)
        scaled = np.stack([cut_off_and_scale(c, q, self.floor) for c, q in pairs])
        scaled = lift_dim(scaled, self.lift)
        return convert_to_dst_type(scaled, dst=img, dtype=scaled.dtype)[0]


class ScaleIntensityCutoffd(MapTransform):
    """Dictionary form of `ScaleIntensityCutoff`.

    Args:
        keys: keys of the images.
        cutoff: quantile, one for all channels or one a channel.
        lift: how much dim vessels are lifted; 0 for a linear scale.
        floor: quantile that becomes 0; 0 for the smallest value.
        allow_missing_keys: leave out keys that an item does not have.

    Example:
        >>> import numpy as np
        >>> item = {"image": np.array([[0.0, 1.0, 2.0, 90.0]])}
        >>> ScaleIntensityCutoffd(keys="image", cutoff=2 / 3)(item)["image"].tolist()
        [[0.0, 0.5, 1.0, 1.0]]
    """

    backend = ScaleIntensityCutoff.backend

    def __init__(
        self,
        keys: KeysCollection,
        cutoff: float | Sequence[float] = 0.99,
        lift: float = 0.0,
        floor: float = 0.0,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.converter = ScaleIntensityCutoff(cutoff, lift, floor)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the images scaled."""
        return apply_to_keys(self, data, self.converter)


ScaleIntensityCutoffD = ScaleIntensityCutoffDict = ScaleIntensityCutoffd
