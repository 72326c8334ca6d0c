"""Which file of a folder of predictions belongs to which label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.case_id import case_id, strip_ending
from cldice_monai.data.pairing import name_some
from cldice_monai.errors import InputError
from cldice_monai.evaluation.mask_folder import list_masks, without_doubles

__all__ = ["CasePair", "find_pairs"]


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
    """Pair the volumes of two folders by the names of their cases.

    A case is called like its label, without ending and ``_mask``. Four digits at the end may be a
    channel's number or belong to the name: files of the same name belong together first, the
    others without the digits. ``_prob``, ``_skeleton``, ``_ghosts_misses`` and ``_preview`` are
    passed over. Of a case that a volume is there for, TIFF files and pictures are left out.

    Args:
        pred_dir: folder with predictions.
        label_dir: folder with labels.

    Returns:
        The pairs, sorted by case id, and notes on the files that are not evaluated and on
        labels that are compared with themselves.

    Raises:
        InputError: a folder is missing or empty, two files are the same case, or a label has no
            prediction.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("label/a.nii.gz", "unet/a_mask.nii.gz"):
        ...         Path(folder, name).parent.mkdir()
        ...         Path(folder, name).touch()
        ...     pairs, notes = find_pairs(Path(folder, "unet"), Path(folder, "label"))
        >>> [(pair.case_id, pair.pred.name) for pair in pairs]
        [('a', 'a_mask.nii.gz')]
    """
    predictions, notes = _masks(pred_dir, content="predictions")
    labels, of_labels = _masks(label_dir, content="labels")
    found = {name: predictions[name] for name in labels if name in predictions}
    other_labels = _without_channel(path for name, path in labels.items() if name not in found)
    others = [path for name, path in predictions.items() if name not in found]
    others = [path for path in others if case_id(path) in other_labels]
    for case, path in _without_channel(others).items():
        found[_name(other_labels[case])] = path
    more = sorted(name for name, path in predictions.items() if path not in found.values())
    missing = [name for name in labels if name not in found]
    if missing:
        near = f" (predictions without a label: {name_some(more)})" if more else ""
        raise InputError(
            f"{pred_dir}: no prediction for {name_some(missing)}{near}; add it under the name "
            f"of its label, or take the label out of {label_dir}"
        )
    notes = [*of_labels, *notes]
    if more:
        name = pred_dir.absolute().name
        notes.append(f"{name}: not evaluated, because they have no label: {', '.join(more)}")
    pairs = [CasePair(case, found[case], labels[case]) for case in sorted(labels)]
    return pairs, notes + _of_labels_themselves(pred_dir, pairs)


def _of_labels_themselves(pred_dir: Path, pairs: Sequence[CasePair]) -> list[str]:
    """Say that files are compared with themselves, also where links lead to them."""
    same = [pair.case_id for pair in pairs if pair.pred.samefile(pair.label)]
    if not same:
        return []
    which = "all predictions" if len(same) == len(pairs) else f"predictions of {name_some(same)}"
    return [
        f"{pred_dir.absolute().name}: {which} are the label files themselves, so that their "
        "scores are perfect and say nothing of a method"
    ]


def _masks(folder: Path, *, content: str) -> tuple[dict[str, Path], list[str]]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of the {content}")
    paths, notes = without_doubles(list_masks(folder), _name)
    if not paths:
        raise InputError(
            f"{folder}: no mask in it; name the folder of the {content}: .nii.gz, .nrrd, .mha, "
            ".tif, .zarr or .png masks"
        )
    return _by_name(paths, _name), notes


def _without_channel(paths: Iterable[Path]) -> dict[str, Path]:
    return _by_name(paths, case_id)


def _name(path: Path) -> str:
    name = strip_ending(path)
    return name.removesuffix("_mask") or name


def _by_name(paths: Iterable[Path], name_of: Callable[[Path], str]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        other = named.setdefault(name_of(path), path)
        if other is not path:
            raise InputError(
                f"{path}: both it and {other.name} are case {name_of(path)}; remove one of them"
            )
    return named
