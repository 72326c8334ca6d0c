"""A published dataset: where its files are, how they are read, and what the paper used of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.layout import LayoutCases
from cldice_monai.data.paper_split import PaperCounts, SplitIds, split_as_paper
from cldice_monai.data.readers import NIFTI, CaseReaders

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """What the dataset classes and ``cldice-monai prepare`` need to know of a dataset.

    Attributes:
        name: name of the dataset, for people.
        find: takes the folder that the user has the data in, and tells the cases from the names
            of the files.
        counts: how many cases the paper used.
        channel_names: what the channels of an image are, in their order.
        structure: what the label marks.
        licence: the licence as published, for ``dataset.json``.
        readers: how files are read.
        spatial_dims: 2 for pictures and sections, 3 for volumes.
        fixed_channels: whether all images have the channels named, so that no user chooses them.
        stacked: case ids are ``<stack>_<section>``, and neighbours look alike.
    """

    name: str
    find: Callable[[Path], LayoutCases]
    counts: PaperCounts
    channel_names: tuple[str, ...]
    structure: str
    licence: str
    readers: CaseReaders = NIFTI
    spatial_dims: int = 3
    fixed_channels: bool = True
    stacked: bool = False

    @property
    def is_nifti(self) -> bool:
        """Whether all files are NIfTI files, so that a list can refer to them."""
        return self.readers is NIFTI

    def split(
        self, case_ids: list[str], *, seed: int = 0, n_folds: int = 3, take_all: bool = False
    ) -> SplitIds:
        """Draw the parts as `cldice_monai.data.paper_split.split_as_paper` does.

        Args:
            case_ids: the usable cases.
            seed: seed of the draw.
            n_folds: number of folds.
            take_all: leave no case unused.

        Returns:
            The parts.
        """
        return split_as_paper(
            case_ids,
            self.counts,
            seed=seed,
            n_folds=n_folds,
            take_all=take_all,
            stacked=self.stacked,
        )
