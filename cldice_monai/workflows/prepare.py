"""From a dataset folder to checked items to train on, as a MONAI Dataset takes them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import check_training_cases, raise_if_any
from cldice_monai.data.fill_outside_mask import IGNORED
from cldice_monai.data.find_cases import FoundCases, find_training_cases, split_cases
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.errors import InputError
from cldice_monai.files import as_path
from cldice_monai.workflows.default_data import ensure_default_data

__all__ = ["TrainingData", "prepare_training_data"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """Items for training and validation, and how their files are read.

    Attributes:
        training: dictionaries of paths: image, label, case_id, and mask where there is one.
        validation: the same.
        readers: how the files are read.

    Example:
        >>> item = {"image": ["a.png"], "label": "a_vessel.png", "case_id": "a"}
        >>> TrainingData([item], []).ignore_index  # without masks every voxel counts
        >>> TrainingData([item | {"mask": "a_mask.png"}], []).ignore_index
        255
    """

    training: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    readers: CaseReaders = NIFTI

    @property
    def ignore_index(self) -> int | None:
        """Label value of what no loss counts; None where the data have no masks."""
        has_mask = any("mask" in item for item in (*self.training, *self.validation))
        return IGNORED if has_mask else None

    def fingerprint(self) -> str:
        """Return the number of cases of both parts and a hash of their names, to compare runs by.

        Example:
            >>> TrainingData([{"case_id": "a"}], []).fingerprint()[:15]
            '1 + 0 volumes ('
        """
        names = [[item["case_id"] for item in part] for part in (self.training, self.validation)]
        digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()
        return f"{len(names[0])} + {len(names[1])} volumes ({digest[:12]})"


def prepare_training_data(
    dataset_dir: str | os.PathLike[str],
    *,
    source: str = "auto",
    in_channels: int = 1,
    out_channels: int = 1,
    roi: Sequence[int] = (64, 64, 64),
    val_fraction: float = 0.2,
    seed: int = 0,
    fold: int | None = None,
) -> TrainingData:
    """Find, check and split the labelled volumes of a folder.

    Every file is read once before training starts, so that a bad one is named now and not after
    an hour. What was found, skipped or filled is logged, one line each.

    Args:
        dataset_dir: folder or Decathlon JSON list, see `cldice_monai.data.find_training_cases`;
            the default folder is filled with synthetic volumes if it is missing.
        source: "auto", or the name of a published dataset that lies there in its own layout; its
            parts are then those that ``cldice-monai prepare`` draws.
        in_channels: channels that the network takes.
        out_channels: channels that the network gives. From 3 on labels hold the numbers of the
            classes; with fewer vessel is every value > 0.
        roi: voxels of a crop; two numbers for pictures.
        val_fraction: share of the cases for validation where the data name none.
        seed: seed of that split, and of folds.
        fold: number of the fold that is the validation part, the others being trained on, for
            cross-validation. The folds are those that the list names, else three drawn here from
            training and validation cases together. None: no cross-validation.

    Returns:
        The items of both parts.

    Raises:
        InputError: with one line for each fault found.

    Example:
        >>> import nibabel, pathlib, tempfile
        >>> vessel = np.zeros((8, 8, 8), np.uint8)
        >>> vessel[4, 4] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("imagesTr/a", "imagesTr/b", "labelsTr/a", "labelsTr/b"):
        ...         path = pathlib.Path(folder, f"{name}.nii.gz")
        ...         path.parent.mkdir(exist_ok=True)
        ...         nibabel.save(nibabel.Nifti1Image(vessel, np.eye(4)), path)
        ...     data = prepare_training_data(folder, val_fraction=0.5)
        >>> len(data.training), len(data.validation)
        (1, 1)
    """
    dataset_dir = as_path(dataset_dir, argument="dataset_dir")
    ensure_default_data(dataset_dir)
    found = find_training_cases(dataset_dir, in_channels=in_channels, source=source, seed=seed)
    if fold is None:
        named = {case.case_id for case in found.validation}
    else:
        named = _cases_of_fold(found, fold, seed=seed)
    checked = check_training_cases(
        [*found.training, *found.validation],
        in_channels=in_channels,
        spatial_dims=len(roi),
        n_classes=out_channels if out_channels > 2 else None,
        readers=found.readers,
        fixed_channels=found.fixed_channels,
    )
    raise_if_any(checked.problems)
    for note in (*found.notes, *checked.notes):
        _logger.info("note: %s", note)
    training = [case for case in checked.cases if case.case_id not in named]
    validation = [case for case in checked.cases if case.case_id in named]
    if not validation:
        training, validation = _draw_validation(
            training, checked.without_vessel, val_fraction=val_fraction, seed=seed
        )
    _require_vessels(dataset_dir, "training", training, checked.without_vessel)
    _require_vessels(dataset_dir, "validation", validation, checked.without_vessel)
    _logger.info(
        "%s: %s, %d %s for training, %d for validation",
        dataset_dir,
        found.layout,
        len(training),
        "pictures" if len(roi) == 2 else "volumes",
        len(validation),
    )
    items = [[case.as_item() for case in part] for part in (training, validation)]
    return TrainingData(items[0], items[1], found.readers)


_DRAWN_FOLDS = 3


def _cases_of_fold(found: FoundCases, fold: int, *, seed: int) -> set[str]:
    folds = [set(names) for names in found.folds]
    if not folds:
        ids = sorted(case.case_id for case in (*found.training, *found.validation))
        order = np.random.default_rng(seed).permutation(len(ids))
        folds = [{ids[i] for i in order[number::_DRAWN_FOLDS]} for number in range(_DRAWN_FOLDS)]
    if isinstance(fold, bool) or not isinstance(fold, int) or not 0 <= fold < len(folds):
        raise InputError(f"fold must be a whole number from 0 to {len(folds) - 1}, got {fold}")
    if not folds[fold]:
        raise InputError(f"fold {fold} holds no case; three labelled cases are needed at least")
    return folds[fold]


def _draw_validation(
    cases: list[VesselCase], without_vessel: frozenset[str], *, val_fraction: float, seed: int
) -> tuple[list[VesselCase], list[VesselCase]]:
    """Draw the validation from cases with vessels: clDice is not defined for an empty label."""
    with_vessel = [case for case in cases if case.case_id not in without_vessel]
    training, validation = split_cases(with_vessel, val_fraction=val_fraction, seed=seed)
    return [*training, *(c for c in cases if c.case_id in without_vessel)], validation


def _require_vessels(
    dataset_dir: str | os.PathLike[str],
    part: str,
    cases: list[VesselCase],
    without_vessel: frozenset[str],
) -> None:
    if all(case.case_id in without_vessel for case in cases):
        what = "no usable volume" if not cases else "no label with a vessel"
        raise InputError(
            f"{dataset_dir}: {what} is left for {part}; add labelled volumes to that part"
        )
