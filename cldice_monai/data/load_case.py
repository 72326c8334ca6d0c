"""The first transform of a dataset of cases: reading the files, and refusing what is unusable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Transform

from cldice_monai.data.check_case import grid_problem
from cldice_monai.data.label_values import odd_label_value, odd_value_problem
from cldice_monai.data.nifti import Volume
from cldice_monai.data.readers import CaseReaders
from cldice_monai.errors import InputError
from cldice_monai.transforms.intensity import fill_non_finite, non_finite_fill_value

__all__ = ["LoadCase"]


class LoadCase(Transform):
    """Read the files that an item names (see `cldice_monai.data.VesselCase.as_item`).

    Args:
        readers: how the files are read.
        spatial_dims: 2 drops the third axis, which then has length 1.
        in_channels: channels that each image must have; None takes any number.
        classes: values of the label file that are classes 1, 2, ...; None joins all above 0.

    Raises:
        ValueError: if ``classes`` are not values above 0 without repetition.
        TypeError: if they are no whole numbers.

    Example:
        >>> import nibabel, tempfile
        >>> from cldice_monai.data.readers import NIFTI
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.nii.gz")
        ...     nibabel.save(nibabel.Nifti1Image(np.arange(64.0).reshape(4, 4, 4), np.eye(4)), path)
        ...     load = LoadCase(NIFTI, spatial_dims=3, in_channels=1, classes=None)
        ...     item = load({"image": [path], "label": path, "case_id": "a"})
        >>> tuple(item["image"].shape), int(item["label"].sum())  # vessel is every value > 0
        ((1, 4, 4, 4), 63)
    """

    def __init__(
        self,
        readers: CaseReaders,
        spatial_dims: int,
        in_channels: int | None,
        classes: Sequence[int] | None,
    ) -> None:
        self.readers = readers
        self.spatial_dims = spatial_dims
        self.in_channels = in_channels
        self.classes = _checked_classes(classes)

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the item with tensors in place of the paths.

        Args:
            data: ``image`` (paths, or a `Volume` that was read already), ``label`` and ``mask``
                (paths; either may be missing) and ``case_id``.

        Returns:
            As `cldice_monai.data.CaseDataset` describes it.

        Raises:
            InputError: if a file cannot be used.
        """
        item = dict(data)
        image = data["image"]
        if not isinstance(image, Volume):
            image = self.readers.image([Path(path) for path in image])
        if self.in_channels not in (None, len(image.array)):
            raise InputError(
                f"{image.path}: case {data['case_id']} has {len(image.array)} channels, "
                f"{self.in_channels} are expected; add the missing file or leave the case out"
            )
        _require_finite(image)
        item["image"] = self._tensor(image, fill_non_finite(image.array))
        if "label" in data:
            label = self.readers.label(Path(data["label"]))
            _require_grid(label, image, "label")
            _require_whole_numbers(label)
            item["label"] = self._tensor(label, self._as_classes(label))
        if "mask" in data:
            mask = self.readers.mask(Path(data["mask"]))
            _require_grid(mask, image, "mask")
            item["mask"] = self._tensor(mask, (mask.array > 0).astype(np.uint8))
        return item

    def _tensor(self, volume: Volume, array: np.ndarray) -> MetaTensor:
        if self.spatial_dims == 2:
            array = array[..., 0]
        meta = {
            "filename_or_obj": str(volume.path),
            "original_affine": torch.from_numpy(volume.affine.copy()),
            "original_channel_dim": 0,
            "spatial_shape": np.asarray(array.shape[1:]),
            "space": "RAS",
            "mm_per_unit": volume.mm_per_unit,
        }
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        return MetaTensor(tensor, affine=torch.from_numpy(volume.affine.copy()), meta=meta)

    def _as_classes(self, label: Volume) -> np.ndarray:
        if self.classes is None:
            return (label.array > 0).astype(np.uint8)
        numbers = np.zeros(label.array.shape, np.uint8)
        known = label.array == 0
        for number, value in enumerate(self.classes, start=1):
            here = label.array == value
            numbers[here] = number
            known |= here
        if not known.all():
            other = np.unique(label.array[~known])[:4]
            raise InputError(
                f"{label.path}: holds the values {', '.join(f'{v:g}' for v in other)}, which are "
                f"none of the classes {list(self.classes)}; name all values but 0 in classes"
            )
        return numbers


def _checked_classes(classes: Sequence[int] | None) -> tuple[int, ...] | None:
    if classes is None:
        return None
    values = tuple(classes)
    if isinstance(classes, str) or not all(isinstance(value, int | np.integer) for value in values):
        raise TypeError(f"classes must be a list of whole numbers, got {classes!r}; pass [1, 2]")
    if not values or len(set(values)) < len(values) or any(value <= 0 for value in values):
        raise ValueError(
            f"classes must be values above 0 without repetition, got {list(values)}; "
            "0 is the background and is not named"
        )
    return values


def _require_finite(image: Volume) -> None:
    for number, channel in enumerate(image.array):
        if non_finite_fill_value(channel) is None:
            raise InputError(
                f"{image.path}: channel {number}: every voxel is NaN or infinite; export the "
                "volume again or leave it out"
            )


def _require_whole_numbers(label: Volume) -> None:
    odd = odd_label_value(label.array)
    if odd is not None:
        raise InputError(odd_value_problem(label.path, odd))


def _require_grid(volume: Volume, image: Volume, what: str) -> None:
    if volume.array.shape != (1, *image.array.shape[1:]):
        raise InputError(
            f"{volume.path}: shape {volume.array.shape} does not fit {image.array.shape} of the "
            f"image {image.path}; one channel on the same grid is needed"
        )
    line = grid_problem(image, volume, what)
    if line is not None:
        raise InputError(line)
