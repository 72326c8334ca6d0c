"""Folders named as in the Medical Segmentation Decathlon and nnU-Net: imagesTr, labelsTr."""

from __future__ import annotations

from pathlib import Path

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.pairing import (
    group_channels,
    labels_by_id,
    list_volumes,
    pair_with_labels,
)
from cldice_monai.errors import InputError

__all__ = ["find_folder_cases", "has_training_folder"]


def has_training_folder(folder: Path) -> bool:
    """Return whether the folder has ``imagesTr/`` or ``labelsTr/``.

    Args:
        folder: one that does not exist has neither.

    Returns:
        True if one of them is there.

    Example:
        >>> has_training_folder(Path("no_such_folder"))
        False
    """
    return (folder / "imagesTr").is_dir() or (folder / "labelsTr").is_dir()


def find_folder_cases(folder: Path) -> list[VesselCase]:
    """Find the training cases of a folder with ``imagesTr/`` and ``labelsTr/``.

    ``imagesTr/x.nii.gz`` (one channel, or several in a fourth axis) or ``imagesTr/x_0000.nii.gz``,
    ``imagesTr/x_0001.nii.gz`` (one file a channel) belongs to ``labelsTr/x.nii.gz``.

    Args:
        folder: the folder that holds both.

    Returns:
        The cases sorted by id; empty if there are no files.

    Raises:
        InputError: if one of the folders is missing, or an image or a label is alone.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz"):
        ...         Path(folder, name).parent.mkdir()
        ...         Path(folder, name).touch()
        ...     [case.case_id for case in find_folder_cases(Path(folder))]
        ['a']
    """
    image_folder, label_folder = folder / "imagesTr", folder / "labelsTr"
    for needed, other in ((image_folder, label_folder), (label_folder, image_folder)):
        if not needed.is_dir():
            raise InputError(
                f"{needed}: this folder is missing beside {other.name}; training needs images in "
                "imagesTr and labels of the same names in labelsTr"
            )
    labels = labels_by_id(label_folder)
    images = group_channels(list_volumes(image_folder), known_ids=labels)
    return pair_with_labels(images, labels, label_folder=label_folder)
