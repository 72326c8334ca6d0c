"""Which file of a folder of predictions belongs to which label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.case_id import case_id, strip_ending
from cldice_monai.data.pairing import list_volumes, name_some
from cldice_monai.errors import InputError

__all__ = ["CasePair", "find_pairs", "images_by_case"]

_NOT_MASKS = ("_prob", "_skeleton", "_ghosts_misses")


@dataclass(frozen=True)
class CasePair:
    """A label and what was predicted for it.

    Args:
        case_id: name of the case.
        pred: file of the prediction.
        label: file of the label.
    """

    case_id: str
    pred: Path
    label: Path


def find_pairs(pred_dir: Path, label_dir: Path) -> tuple[list[CasePair], list[str]]:
    """Pair the volumes of two folders by case id.

    ``<case>_mask.nii.gz`` and ``<case>.nii.gz`` are the case ``<case>``; ``_prob``, ``_skeleton``
    and ``_ghosts_misses`` are passed over.

    Args:
        pred_dir: folder with predictions.
        label_dir: folder with labels.

    Returns:
        The pairs, sorted by case id, and a note for predictions without a label.

    Raises:
        InputError: a folder is missing or empty, two files are the same case, or a label has no
            prediction.
    """
    predictions = _masks(pred_dir, argument="pred_dirs")
    labels = _masks(label_dir, argument="label_dir")
    missing = [case for case in labels if case not in predictions]
    if missing:
        near = sorted(set(predictions) - set(labels))
        found = f" (predictions without a label: {name_some(near)})" if near else ""
        raise InputError(
            f"{pred_dir}: no prediction for {name_some(missing)}{found}; add it under the name "
            f"of its label, or take the label out of {label_dir}"
        )
    more = sorted(set(predictions) - set(labels))
    notes = [f"{pred_dir}: not evaluated, because they have no label: {name_some(more)}"]
    pairs = [CasePair(case, predictions[case], labels[case]) for case in sorted(labels)]
    return pairs, notes if more else []


def images_by_case(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by case id, of several channels the first.

    Args:
        folder: folder with .nii.gz images.

    Returns:
        Case id to file.

    Raises:
        InputError: the folder is missing or holds no volume.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give image_dir a folder of .nii.gz images")
    images: dict[str, Path] = {}
    for path in list_volumes(folder):
        images.setdefault(case_id(path), path)
    if not images:
        raise InputError(f"{folder}: no .nii.gz image in it; give image_dir a folder of images")
    return images


def _masks(folder: Path, *, argument: str) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give {argument} a folder of .nii.gz masks")
    masks: dict[str, Path] = {}
    for path in list_volumes(folder):
        if strip_ending(path).endswith(_NOT_MASKS):
            continue
        name = case_id(path)
        if name in masks:
            raise InputError(
                f"{path}: both it and {masks[name].name} are case {name}; remove one of them"
            )
        masks[name] = path
    if not masks:
        raise InputError(f"{folder}: no .nii.gz mask in it; give {argument} a folder of masks")
    return masks
