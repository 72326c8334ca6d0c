"""From a dataset folder to checked items that a MONAI Dataset takes."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import check_inference_cases, check_training_cases, raise_if_any
from cldice_monai.data.find_cases import (
    FoundCases,
    find_inference_cases,
    find_training_cases,
    split_cases,
)
from cldice_monai.errors import InputError
from cldice_monai.files import as_path
from cldice_monai.workflows.default_data import ensure_default_data
from cldice_monai.workflows.stale_results import name_stale_results

__all__ = ["InferenceData", "TrainingData", "prepare_inference_data", "prepare_training_data"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingData:
    """Items for training and validation: dictionaries with image, label and case_id."""

    training: list[dict[str, Any]]
    validation: list[dict[str, Any]]


@dataclass(frozen=True)
class InferenceData:
    """Items to segment, with image, image_path, label_path and case_id; and what was left out."""

    items: list[dict[str, Any]]
    problems: list[str]

    def raise_if_incomplete(self) -> None:
        """End a run that had to leave out volumes with an error, after the others are done.

        Raises:
            InputError: if a volume could not be used.
        """
        if self.problems:
            n_cases = len(self.items) + len(self.problems)
            raise InputError(
                f"{len(self.problems)} of {n_cases} volumes were not segmented; "
                "their faults are named above"
            )


def prepare_training_data(
    dataset_dir: str | os.PathLike[str],
    *,
    in_channels: int = 1,
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
        in_channels: channels that the network takes.
        val_fraction: share of the cases for validation where the data name none.
        seed: seed of that split, and of folds.
        fold: number of the fold that is the validation part, the others being trained on, for
            cross-validation. The folds are those that the list names, else three drawn here from
            training and validation cases together. None: no cross-validation.

    Returns:
        The items of both parts.

    Raises:
        InputError: with one line for each fault found.
    """
    dataset_dir = as_path(dataset_dir, argument="dataset_dir")
    ensure_default_data(dataset_dir)
    found = find_training_cases(dataset_dir, in_channels=in_channels)
    if fold is None:
        named = {case.case_id for case in found.validation}
    else:
        named = _cases_of_fold(found, fold, seed=seed)
    checked = check_training_cases([*found.training, *found.validation], in_channels=in_channels)
    raise_if_any(checked.problems)
    for note in checked.notes:
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
        "%s: %s, %d volumes for training, %d for validation",
        dataset_dir,
        found.layout,
        len(training),
        len(validation),
    )
    return TrainingData([c.as_item() for c in training], [c.as_item() for c in validation])


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


def prepare_inference_data(
    dataset_dir: str | os.PathLike[str],
    *,
    in_channels: int = 1,
    output_dir: str | os.PathLike[str] | None = None,
) -> InferenceData:
    """Find and check the volumes to segment.

    A bad volume is named and left out as long as a good one is left.

    Args:
        dataset_dir: folder with volumes, or with imagesTs, or a Decathlon JSON list; see
            `cldice_monai.data.find_inference_cases`.
        in_channels: channels that the network takes.
        output_dir: where the results go; files in it that an earlier run has written of a volume
            which is left out now are named.

    Returns:
        The items, with label_path "" where there is no label.

    Raises:
        InputError: if no volume can be used.
    """
    dataset_dir = as_path(dataset_dir, argument="dataset_dir")
    ensure_default_data(dataset_dir)
    cases: list[VesselCase] = find_inference_cases(dataset_dir, in_channels=in_channels)
    left_out = {case.case_id for case in cases}
    try:
        checked = check_inference_cases(cases, in_channels=in_channels)
        left_out -= {case.case_id for case in checked.cases}
    finally:  # the check raises where no volume is left
        if output_dir is not None:
            name_stale_results(output_dir, sorted(left_out))
    for note in checked.notes:
        _logger.info("note: %s", note)
    for problem in checked.problems:
        print(f"error: {problem}", file=sys.stderr)
    _logger.info("%s: %d volumes to segment", dataset_dir, len(checked.cases))
    return InferenceData([_as_inference_item(case) for case in checked.cases], checked.problems)


def _as_inference_item(case: VesselCase) -> dict[str, Any]:
    # The label is only scored afterwards and may be missing, so it must not pass as "label"
    # through transforms and collation, which take None for nothing.
    return {
        "image": [str(path) for path in case.image],
        "image_path": str(case.image[0]),
        "label_path": str(case.label) if case.label is not None else "",
        "case_id": case.case_id,
    }
