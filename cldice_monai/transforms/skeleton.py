"""The skeleton of a label as a transform."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type, ensure_tuple

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.connectivity import Connectivity, check_connectivity
from cldice_monai.transforms._containers import (
    SpacingArgument,
    as_whole_numbers,
    check_spacing_argument,
    voxel_sizes,
)

__all__ = ["Skeletonize", "SkeletonizeD", "SkeletonizeDict", "Skeletonized"]


class Skeletonize(Transform):
    """The skeleton of a label, one channel at a time, by `cldice_monai.skeleton.skeletonize`.

    Args:
        connectivity: ``"foreground-full"`` (foreground 8 or 26) or ``"foreground-face"`` (4 or 6).
        spacing: voxel size along each spatial axis, so that the skeleton is centred in physical
            distance; ``"image"`` takes it from the affine of a MetaTensor; None centres in voxels.

    Raises:
        ValueError: for an unknown connectivity, or a spacing that is not positive; when called: if
            the spacing has not one number an axis, or is ``"image"`` and the label has no affine.

    Example:
        >>> label = np.zeros((1, 5, 9), dtype=np.uint8)
        >>> label[:, 1:4, 1:8] = 1
        >>> skeleton = Skeletonize()(label)
        >>> skeleton.dtype, int(skeleton.sum()) < int(label.sum())
        (dtype('uint8'), True)
    """

    backend = (TransformBackends.NUMPY,)

    def __init__(
        self, connectivity: Connectivity = "foreground-full", spacing: SpacingArgument = None
    ) -> None:
        check_connectivity(connectivity)
        check_spacing_argument(spacing)
        self.connectivity = connectivity
        self.spacing = spacing

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """Skeletonize a label.

        Args:
            img: label (C, X, Y) or (C, X, Y, Z), vessel is > 0; an empty one has an empty skeleton.

        Returns:
            uint8 of {0, 1}, same shape and container.

        Raises:
            ValueError: if the label is neither (C, X, Y) nor (C, X, Y, Z), or holds NaN or
                fractions.
        """
        label = as_whole_numbers(img, name="label")
        if label.ndim not in (3, 4):
            raise ValueError(
                f"label must be (C, X, Y) or (C, X, Y, Z), got {label.shape}; "
                "add a channel axis with x[None] or drop the batch axis with x[0]"
            )
        spacing = voxel_sizes(self.spacing, img, ndim=label.ndim - 1)
        skeleton = [
            skeletonize(channel > 0, connectivity=self.connectivity, spacing=spacing)
            for channel in label
        ]
        return convert_to_dst_type(np.stack(skeleton), dst=img, dtype=np.uint8)[0]


class Skeletonized(MapTransform):
    """Dictionary form of `Skeletonize`; the skeleton goes to a key of its own.

    Args:
        keys: keys of the labels.
        output_keys: keys for the skeletons, one for each of ``keys``; None makes them of the key
            and ``output_postfix``. A label's own key puts the skeleton in its place.
        output_postfix: joined to the key by an underscore where ``output_keys`` is None.
        connectivity: see `Skeletonize`.
        spacing: see `Skeletonize`.
        allow_missing_keys: leave out keys that an item does not have.

    Raises:
        ValueError: if there is not one output key for each key.

    Example:
        >>> import numpy as np
        >>> sorted(Skeletonized("label")({"label": np.ones((1, 3, 3), np.uint8)}))
        ['label', 'label_skeleton']
    """

    backend = Skeletonize.backend

    def __init__(
        self,
        keys: KeysCollection,
        output_keys: KeysCollection | None = None,
        output_postfix: str = "skeleton",
        connectivity: Connectivity = "foreground-full",
        spacing: SpacingArgument = None,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if output_keys is None:
            output_keys = [f"{key}_{output_postfix}" for key in self.keys]
        self.output_keys = ensure_tuple(output_keys)
        if len(self.output_keys) != len(self.keys):
            raise ValueError(
                f"output_keys must name one key for each of keys {self.keys}, got "
                f"{self.output_keys}; give {len(self.keys)}"
            )
        self.converter = Skeletonize(connectivity, spacing)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of the item with the skeletons added."""
        item = dict(data)
        for key, output_key in self.key_iterator(item, self.output_keys):
            item[output_key] = self.converter(data[key])
        return item


SkeletonizeD = SkeletonizeDict = Skeletonized
