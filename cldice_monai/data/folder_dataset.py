"""A plain folder with imagesTr and labelsTr as a MONAI dataset."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.find_cases import split_cases
from cldice_monai.data.folder import find_folder_cases
from cldice_monai.data.pairing import group_channels, labels_by_id, list_volumes, pair_with_labels
from cldice_monai.data.vessel_dataset import CaseDataset, Section, Transforms, require_section
from cldice_monai.errors import InputError
from cldice_monai.files import as_path

__all__ = ["FolderDataset"]


class FolderDataset(CaseDataset):
    """Volumes in ``imagesTr`` and ``labelsTr`` (training, validation), ``imagesTs``, ``labelsTs``.

    Args:
        root_dir: the folder that holds them.
        section: ``"training"``, ``"validation"`` or ``"test"``.
        transform: further transforms, see `CaseDataset` for the items they get.
        val_fraction: share of the cases in ``imagesTr`` for validation, as in the bundle.
        seed: seed of that draw.
        classes: values of the label that are classes 1, 2, ...; None joins everything above 0.
        caching: ``cache_num``, ``cache_rate``, ``num_workers``, ... of `monai.data.CacheDataset`.

    Raises:
        InputError: if a folder, an image or a label is missing.
        ValueError: if ``section`` or ``classes`` is not one of its values.

    Example:
        >>> FolderDataset("/nowhere", "training")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere: there is no such folder; \
pass the folder that holds imagesTr and labelsTr
    """

    def __init__(
        self,
        root_dir: str | os.PathLike[str],
        section: Section,
        transform: Transforms = (),
        *,
        val_fraction: float = 0.2,
        seed: int = 0,
        classes: Sequence[int] | None = None,
        **caching: Any,
    ) -> None:
        require_section(section)
        root = as_path(root_dir, argument="root_dir").expanduser()
        if not root.is_dir():
            raise InputError(
                f"{root}: there is no such folder; pass the folder that holds imagesTr and labelsTr"
            )
        if section == "test":
            cases = _test_cases(root)
        else:
            parts = split_cases(find_folder_cases(root), val_fraction=val_fraction, seed=seed)
            cases = parts[0] if section == "training" else parts[1]
        self.section = section
        super().__init__(cases, transform, classes=classes, **caching)


def _test_cases(root: Path) -> list[VesselCase]:
    labels = labels_by_id(root / "labelsTs")
    images = group_channels(list_volumes(root / "imagesTs"), known_ids=labels)
    if not images:
        raise InputError(f"{root / 'imagesTs'}: no .nii.gz file in it; put the test volumes there")
    return pair_with_labels(images, labels, label_folder=root / "labelsTs")
