"""What the dataset classes share: they load the cases of one part, and cache them as MONAI does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

from monai.data import CacheDataset
from monai.transforms import Compose

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import raise_if_any
from cldice_monai.data.load_case import LoadCase
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.data.source import Source
from cldice_monai.errors import find_input_error
from cldice_monai.files import as_path

__all__ = ["CaseDataset", "PublishedDataset", "Section", "require_section"]

Section = Literal["training", "validation", "test"]
_SECTIONS = ("training", "validation", "test")
Transforms = Sequence[Callable[..., Any]] | Callable[..., Any]


class CaseDataset(CacheDataset):
    """A `monai.data.CacheDataset` of vessel cases that loads their files by itself.

    Loading comes first, ``transform`` after it; both are cached up to the first random transform.
    An item is a dictionary with

    - ``image``: MetaTensor float32, (C, X, Y, Z), of pictures (C, H, W) with rows first; NaN and
      infinity are filled with the smallest finite value of the channel;
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
        InputError: if a file cannot be used: while the cache is filled, or when an item is asked
            for. `cldice_monai.data.check_case` tells what is wrong with a file; constant images
            and empty labels are let through, as in the bundle.

    Example:
        >>> import nibabel, numpy, pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "a.nii.gz")
        ...     nibabel.save(nibabel.Nifti1Image(numpy.eye(8)[None], numpy.eye(4)), path)
        ...     data = CaseDataset([VesselCase("a", (path,), path)], progress=False)
        ...     item = data[0]
        >>> item["case_id"], tuple(item["image"].shape), int(item["label"].sum())
        ('a', (1, 1, 8, 8), 8)
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
        load = LoadCase(readers, spatial_dims, in_channels, classes)
        # flattened, because CacheDataset would take an inner Compose as one random transform
        chain = Compose([load, *_as_list(transform)]).flatten()
        super().__init__([case.as_item() for case in cases], chain, **caching)

    def _load_cache_item(self, idx: int) -> Any:
        with _input_errors_as_they_are():
            return super()._load_cache_item(idx)

    def _transform(self, index: int) -> Any:
        with _input_errors_as_they_are():
            return super()._transform(index)


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


@contextmanager
def _input_errors_as_they_are() -> Iterator[None]:
    """Raise the InputError that MONAI has wrapped in a RuntimeError of the transform."""
    reason = None
    try:
        yield
    except Exception as error:
        reason = find_input_error(error)
        if reason is None:
            raise
    if reason is not None:
        raise reason


def require_section(section: str) -> None:
    """Check the argument ``section``.

    Args:
        section: "training", "validation" or "test".

    Raises:
        ValueError: if it is none of the three parts.

    Example:
        >>> require_section("test")
        >>> require_section("train")
        Traceback (most recent call last):
        ...
        ValueError: section must be one of training, validation, test, got 'train'
    """
    if section not in _SECTIONS:
        raise ValueError(f"section must be one of {', '.join(_SECTIONS)}, got {section!r}")


def _as_list(transform: Transforms | None) -> list[Callable[..., Any]]:
    if transform is None:
        return []
    return [transform] if callable(transform) else list(transform)
