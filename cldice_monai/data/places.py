"""The argument dataset_dir: a folder, a JSON list or one volume that is really there."""

from __future__ import annotations

import os
from pathlib import Path

from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.data.pictures import is_picture
from cldice_monai.errors import InputError

__all__ = ["as_place", "list_name", "require_channel_count"]


def as_place(
    dataset_dir: str | os.PathLike[str], *, volume: bool = False, picture: bool = False
) -> Path:
    """Return ``dataset_dir`` as a path that exists.

    Args:
        dataset_dir: what the user gave.
        volume: whether a single .nii or .nii.gz file is welcome too.
        picture: whether a single picture is.

    Returns:
        A folder that can be listed, a .json file or (with ``volume``) a volume.

    Raises:
        InputError: if nothing was given, it does not exist, cannot be read, or is another file.

    Example:
        >>> as_place("no_such_folder")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: no_such_folder: dataset_dir does not exist; pass ...
    """
    if not isinstance(dataset_dir, str | os.PathLike) or not str(dataset_dir).strip():
        raise InputError(
            f"dataset_dir must be a folder with your volumes, got {dataset_dir!r}; "
            "pass --dataset_dir PATH"
        )
    place = Path(dataset_dir).expanduser()
    if not place.exists():
        raise InputError(
            f"{place}: dataset_dir does not exist; pass the folder of your volumes "
            "with --dataset_dir PATH"
        )
    if place.is_file():
        is_image = (volume and has_nifti_ending(place)) or (picture and is_picture(place))
        if place.suffix.lower() != ".json" and not is_image:
            kinds = "a folder, a .json list or a .nii.gz file" if volume else "a folder or .json"
            raise InputError(f"{place}: dataset_dir must be {kinds}; pass --dataset_dir PATH")
    elif not os.access(place, os.R_OK | os.X_OK):
        raise InputError(f"{place}: the folder cannot be read; check its permissions")
    return place


def list_name(place: Path) -> Path:
    """Return the JSON list of a data set: ``place`` itself, or its ``dataset.json``.

    Args:
        place: a folder or a file.

    Returns:
        The path, whether it exists or not.

    Example:
        >>> list_name(Path("folds.json")).name
        'folds.json'
    """
    return place / "dataset.json" if place.is_dir() else place


def require_channel_count(in_channels: int) -> None:
    """Check ``in_channels``.

    Args:
        in_channels: channels that the network takes.

    Raises:
        InputError: if it is not a whole number from 1 on.

    Example:
        >>> require_channel_count(2)
        >>> require_channel_count(0)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: in_channels must be a whole number from 1 on, got 0; ...
    """
    if isinstance(in_channels, bool) or not isinstance(in_channels, int) or in_channels < 1:
        raise InputError(
            f"in_channels must be a whole number from 1 on, got {in_channels!r}; "
            "pass --in_channels 1 for grey volumes"
        )
