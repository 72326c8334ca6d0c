"""Finding the cases of a data set, whichever of the known layouts it has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.decathlon import has_training_list, read_decathlon_list
from cldice_monai.data.folder import find_folder_cases, has_training_folder
from cldice_monai.data.inference_cases import find_inference_cases
from cldice_monai.data.pairing import name_some
from cldice_monai.data.places import as_place, list_name, require_channel_count
from cldice_monai.data.published_cases import (
    OWN_DATA,
    find_published_cases,
    require_source_name,
)
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.data.vessap import find_vessap_cases, is_vessap
from cldice_monai.errors import InputError

__all__ = ["FoundCases", "find_inference_cases", "find_training_cases", "split_cases"]

_LAYOUTS = (
    "imagesTr/ and labelsTr/ with files of the same names, raw/ and gt/ as in the VesSAP release, "
    "or a dataset.json with a list 'training'"
)


@dataclass(frozen=True)
class FoundCases:
    """The labelled cases of a data set.

    Attributes:
        training: cases to train on.
        validation: cases that the data set itself names for validation, often none.
        layout: which layout was recognised, for people to read.
        folds: ids of training and validation cases dealt into folds, if the data set names them.
        readers: how the files are read.
        fixed_channels: all images have the same channels, so that no user chooses their number.
        notes: one line for each thing worth knowing.

    Example:
        >>> cases = tuple(VesselCase(name, (Path(f"{name}.nii.gz"),)) for name in "abcde")
        >>> found = FoundCases(cases, (), "imagesTr/labelsTr folders")
        >>> training, validation = split_cases(found.training, val_fraction=0.2)
        >>> len(training), len(validation)
        (4, 1)
    """

    training: tuple[VesselCase, ...]
    validation: tuple[VesselCase, ...]
    layout: str
    folds: tuple[tuple[str, ...], ...] = ()
    readers: CaseReaders = NIFTI
    fixed_channels: bool = False
    notes: tuple[str, ...] = ()


def find_training_cases(
    dataset_dir: str | os.PathLike[str],
    *,
    in_channels: int = 1,
    source: str = "auto",
    seed: int = 0,
) -> FoundCases:
    """Find the labelled cases of a data set; no volume is opened.

    Three layouts are known, tried in this order: a Decathlon JSON list (``dataset_dir`` itself
    or its ``dataset.json``), ``imagesTr``/``labelsTr``, and the VesSAP release. A published dataset
    that is named by ``source`` has its own layout, or a list that ``cldice-monai prepare`` wrote.

    Args:
        dataset_dir: a folder, or the path of a .json list.
        in_channels: channels the network takes. Of the VesSAP release as many are taken; the
            other layouts say themselves which channels a case has.
        source: "auto", or the name of a published dataset: "vessap", "deepvesselnet", "drive",
            "roads", "cremi" ("folder" is any folder of your own, as "auto").
        seed: seed of the draw of a published dataset's parts.

    Returns:
        The cases; split `FoundCases.training` with `split_cases` if there is no validation part.

    Raises:
        InputError: if the data set is missing, empty or of no known layout, or if it is not
            complete (an image without a label, a file in the list that is not there).

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz"):
        ...         Path(folder, name).parent.mkdir()
        ...         Path(folder, name).touch()
        ...     found = find_training_cases(folder)
        >>> [case.case_id for case in found.training], found.layout
        (['a'], 'imagesTr/labelsTr folders')
    """
    place = as_place(dataset_dir)
    require_channel_count(in_channels)
    require_source_name(source)
    is_listed = place.is_file() or has_training_list(list_name(place))
    if source in OWN_DATA or is_listed:
        found = _find(place, in_channels)
    else:
        found = _published(place, source, in_channels=in_channels, seed=seed)
    if not found.training:
        raise InputError(
            f"{place}: no case for training in it ({found.layout}); "
            "put .nii.gz files (or entries in 'training') there"
        )
    return found


def split_cases(
    cases: Sequence[VesselCase], *, val_fraction: float = 0.2, seed: int = 0
) -> tuple[list[VesselCase], list[VesselCase]]:
    """Split cases into training and validation, the same way for the same ids and seed.

    Args:
        cases: at least two, in any order.
        val_fraction: share of the cases for validation, between 0 and 1; rounded, at least one
            case goes to each part.
        seed: seed of the draw.

    Returns:
        Training and validation cases, each sorted by id.

    Raises:
        InputError: if there are fewer than two cases.
        InputError: also if ``val_fraction`` is not between 0 and 1.

    Example:
        >>> cases = [VesselCase(name, (Path(name),)) for name in "abcde"]
        >>> train, val = split_cases(cases)
        >>> len(train), len(val)
        (4, 1)
    """
    if not 0 < val_fraction < 1:
        raise InputError(
            f"val_fraction must be between 0 and 1, got {val_fraction}; 0.2 keeps every fifth case"
        )
    if len(cases) < 2:
        names = ", ".join(str(case.image[0]) for case in cases) or "none"
        raise InputError(
            f"training needs at least two cases, one of them for validation, found {names}; add "
            "another labelled volume, or cut this one in two"
        )
    ordered = sorted(cases, key=lambda case: case.case_id)
    n_val = min(max(round(val_fraction * len(ordered)), 1), len(ordered) - 1)
    chosen = set(np.random.default_rng(seed).permutation(len(ordered))[:n_val].tolist())
    training = [case for number, case in enumerate(ordered) if number not in chosen]
    return training, [ordered[number] for number in sorted(chosen)]


def _published(place: Path, name: str, *, in_channels: int, seed: int) -> FoundCases:
    cases = find_published_cases(place, name, in_channels=in_channels, seed=seed)
    return FoundCases(
        cases.training,
        cases.validation,
        cases.source.name,
        cases.folds,
        readers=cases.source.readers,
        fixed_channels=cases.source.fixed_channels,
        notes=cases.notes,
    )


def _find(place: Path, in_channels: int) -> FoundCases:
    list_path = list_name(place)
    if place.is_file() or has_training_list(list_path):
        parts = read_decathlon_list(list_path)
        layout = f"Decathlon list {list_path.name}"
        return FoundCases(parts.training, parts.validation, layout, parts.folds)
    if has_training_folder(place):
        return FoundCases(tuple(find_folder_cases(place)), (), "imagesTr/labelsTr folders")
    if is_vessap(place):
        cases = find_vessap_cases(place, in_channels=in_channels)
        return FoundCases(tuple(cases), (), "VesSAP release (raw, gt)")
    entries = sorted(path.name for path in place.iterdir() if not path.name.startswith("."))
    if not entries:
        raise InputError(f"{place}: the folder is empty; expected {_LAYOUTS}")
    raise InputError(
        f"{place}: no training data recognised; expected {_LAYOUTS}; found {name_some(entries)}"
    )
