"""A Decathlon list of vessel volumes as a MONAI dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.decathlon import DecathlonList, read_decathlon_list
from cldice_monai.data.find_cases import split_cases
from cldice_monai.data.places import list_name
from cldice_monai.data.vessel_dataset import CaseDataset, Section, Transforms, require_section
from cldice_monai.errors import InputError
from cldice_monai.files import as_path

__all__ = ["DecathlonListDataset"]


class DecathlonListDataset(CaseDataset):
    """The cases of a ``dataset.json``, such as ``cldice-monai prepare`` writes.

    Args:
        root_dir: the .json file, or the folder with a ``dataset.json``.
        section: ``"training"``, ``"validation"`` or ``"test"``.
        transform: further transforms, see `CaseDataset` for the items they get.
        fold: number of the list's fold to validate on, training on the others; None takes the
            list's ``validation``.
        val_fraction: share of the cases for validation where the list names none, as in the bundle.
        seed: seed of that draw.
        classes: values of the label that are classes 1, 2, ...; None joins everything above 0.
        caching: ``cache_num``, ``cache_rate``, ``num_workers``, ... of `monai.data.CacheDataset`.

    Raises:
        InputError: if the list is not valid, a file is missing, or the part has no case.
        ValueError: if ``section``, ``fold`` or ``classes`` is not one of its values.

    Example:
        >>> DecathlonListDataset("/nowhere.json", "training")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere.json: the list cannot be read \
(No such file or directory); check the path
    """

    def __init__(
        self,
        root_dir: str | os.PathLike[str],
        section: Section,
        transform: Transforms = (),
        *,
        fold: int | None = None,
        val_fraction: float = 0.2,
        seed: int = 0,
        classes: Sequence[int] | None = None,
        **caching: Any,
    ) -> None:
        require_section(section)
        path = list_name(as_path(root_dir, argument="root_dir").expanduser())
        parts = read_decathlon_list(path)
        if section == "test":
            cases = [case for case in parts.test if case.label is not None]
        elif fold is not None:
            cases = _fold(parts, fold, section)
        elif parts.validation:
            cases = list(getattr(parts, section))
        else:
            drawn = split_cases(parts.training, val_fraction=val_fraction, seed=seed)
            cases = drawn[0] if section == "training" else drawn[1]
        if not cases:
            raise InputError(f"{path}: no labelled case in the part {section!r}; add one to it")
        self.section = section
        super().__init__(cases, transform, classes=classes, **caching)


def _fold(parts: DecathlonList, fold: int, section: str) -> list[VesselCase]:
    if isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < len(parts.folds):
        raise ValueError(
            f"fold must be the number of one of the list's {len(parts.folds)} folds, from 0 on, "
            f"got {fold!r}; choose another or leave it out"
        )
    chosen = set(parts.folds[fold])
    cases = sorted([*parts.training, *parts.validation], key=lambda case: case.case_id)
    return [case for case in cases if (case.case_id in chosen) == (section == "validation")]
