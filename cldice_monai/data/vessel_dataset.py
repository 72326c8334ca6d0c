"""What the dataset classes share: they load the cases of one part, and cache them as MONAI does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from monai.data import CacheDataset, MetaTensor
from monai.transforms import Compose, Transform

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import raise_if_any
from cldice_monai.data.nifti import Volume
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.data.source import Source
from cldice_monai.errors import InputError
from cldice_monai.files import as_path

__all__ = ["CaseDataset", "PublishedDataset", "Section", "require_section"]

Section = Literal["training", "validation", "test"]
_SECTIONS = ("training", "validation", "test")
Transforms = Sequence[Callable[..., Any]] | Callable[..., Any]


class CaseDataset(CacheDataset):
    """A `monai.data.CacheDataset` of vessel cases that loads their files by itself.

    Loading comes first, ``transform`` after it; both are cached up to the first random transform.
    An item is a dictionary with

    - ``image``: MetaTensor float32, (C, X, Y, Z), of pictures (C, H, W) with rows first;
    - ``label``: MetaTensor uint8, one channel on the same grid, 1 where the file is > 0 (with
      ``classes`` the number of the class);
    - ``mask``: MetaTensor uint8, 1 where the image holds data; only if the dataset has one;
    - ``case_id``: name of the case.

    Args:
        cases: the cases, all with a label.
        transform: further transforms of the dictionary.
        readers: how the files are read.
        spatial_dims: 2 drops the third axis, which then has length 1.
        in_channels: channels that each image must have; None takes any number.
        classes: values of the label file that are classes 1, 2, ... in this order; a voxel with
            another value than these and 0 is an error. None joins everything above 0.
        caching: ``cache_num``, ``cache_rate``, ``num_workers``, ``progress``, ``copy_cache``,
            ``as_contiguous`` and ``runtime_cache`` of `monai.data.CacheDataset`.

    Raises:
        InputError: if a file cannot be used.
    """

    def __init__(
        self,
        cases: Sequence[VesselCase],
        transform: Transforms = (),
        *,
        readers: CaseReaders = NIFTI,
        spatial_dims: int = 3,
        in_channels: int | None = None,
        classes: Sequence[int] | None = None,
        **caching: Any,
    ) -> None:
        load = _LoadCase(readers, spatial_dims, in_channels, classes)
        # flattened, because CacheDataset would take an inner Compose as one random transform
        chain = Compose([load, *_as_list(transform)]).flatten()
        super().__init__([case.as_item() for case in cases], chain, **caching)


class PublishedDataset(CaseDataset):
    """One part of a published dataset, read from the folder where the user has put it.

    Nothing is downloaded. The parts have the paper's counts and are drawn as ``cldice-monai
    prepare`` draws them: with the same seed both give the same cases. Only the files of this part
    are opened, and only when they are needed.

    Args:
        root_dir: the folder with the data.
        section: ``"training"``, ``"validation"`` or ``"test"``.
        transform: further transforms of the dictionary, as MONAI's ``DecathlonDataset`` takes
            them; files are loaded before the first one (see `CaseDataset` for what it gets).
        seed: seed of the draw.
        fold: number of the fold to validate on, training on the others; None takes the paper's
            validation part (fold 0 where the paper has folds).
        n_folds: number of folds.
        take_all: where the paper took some cases of a larger release, take all.
        cache_num: most items to keep in memory.
        cache_rate: share of the items to keep in memory; 0 reads each item when it is asked for.
        num_workers: threads that fill the cache.
        caching: further arguments of `monai.data.CacheDataset`, such as ``progress``.

    Raises:
        InputError: if the folder does not have the layout, a file has no partner or cannot be
            used.
        ValueError: if ``section``, ``fold`` or ``seed`` is not one of its values.
    """

    source: ClassVar[Source]

    def __init__(
        self,
        root_dir: str | os.PathLike[str],
        section: Section,
        transform: Transforms = (),
        *,
        seed: int = 0,
        fold: int | None = None,
        n_folds: int = 3,
        take_all: bool = False,
        cache_num: int = sys.maxsize,
        cache_rate: float = 1.0,
        num_workers: int = 1,
        **caching: Any,
    ) -> None:
        require_section(section)
        root = as_path(root_dir, argument="root_dir").expanduser()
        source = self._source()
        found = source.find(root)
        raise_if_any(found.problems)
        cases = {case.case_id: case for case in found.cases}
        parts = source.split(list(cases), seed=seed, n_folds=n_folds, take_all=take_all)
        self.section = section
        self.split = parts.with_fold(fold)
        super().__init__(
            [cases[name] for name in getattr(self.split, section)],
            transform,
            readers=source.readers,
            spatial_dims=source.spatial_dims,
            in_channels=len(source.channel_names),
            cache_num=cache_num,
            cache_rate=cache_rate,
            num_workers=num_workers,
            **caching,
        )

    def _source(self) -> Source:
        return self.source


def require_section(section: str) -> None:
    """Check the argument ``section``.

    Raises:
        ValueError: if it is none of the three parts.
    """
    if section not in _SECTIONS:
        raise ValueError(f"section must be one of {', '.join(_SECTIONS)}, got {section!r}")


class _LoadCase(Transform):
    """Read the files that an item names."""

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
        item = dict(data)
        image = self.readers.image([Path(path) for path in data["image"]])
        if self.in_channels not in (None, len(image.array)):
            raise InputError(
                f"{image.path}: case {data['case_id']} has {len(image.array)} channels, "
                f"{self.in_channels} are expected; add the missing file or leave the case out"
            )
        item["image"] = self._tensor(image, image.array)
        if "label" in data:
            label = self.readers.label(Path(data["label"]))
            _require_shape(label, image)
            item["label"] = self._tensor(label, self._as_classes(label))
        if "mask" in data:
            mask = self.readers.mask(Path(data["mask"]))
            _require_shape(mask, image)
            item["mask"] = self._tensor(mask, (mask.array > 0).astype(np.uint8))
        return item

    def _tensor(self, volume: Volume, array: np.ndarray) -> MetaTensor:
        if self.spatial_dims == 2:
            array = array[..., 0]
        meta = {
            "filename_or_obj": str(volume.path),
            "original_affine": torch.from_numpy(volume.affine_mm),
            "original_channel_dim": 0,
            "spatial_shape": np.asarray(array.shape[1:]),
            "space": "RAS",
        }
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        return MetaTensor(tensor, affine=torch.from_numpy(volume.affine_mm), meta=meta)

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
    if not values or len(set(values)) < len(values) or any(value <= 0 for value in values):
        raise ValueError(
            f"classes must be values above 0 without repetition, got {list(values)}; "
            "0 is the background and is not named"
        )
    return values


def _require_shape(volume: Volume, image: Volume) -> None:
    if volume.array.shape != (1, *image.array.shape[1:]):
        raise InputError(
            f"{volume.path}: shape {volume.array.shape} does not fit {image.array.shape} of the "
            f"image {image.path}; one channel on the same grid is needed"
        )


def _as_list(transform: Transforms | None) -> list[Callable[..., Any]]:
    if transform is None:
        return []
    return [transform] if callable(transform) else list(transform)
