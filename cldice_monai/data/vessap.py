"""The public VesSAP release: raw/ with one file a channel, gt/ with the labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.pairing import (
    group_channels,
    labels_by_id,
    list_volumes,
    pair_with_labels,
)
from cldice_monai.errors import InputError

__all__ = ["choose_channels", "find_vessap_cases", "first_channels", "is_vessap"]


def is_vessap(folder: Path) -> bool:
    """Return whether the folder has ``raw/`` and ``gt/``.

    Example:
        >>> is_vessap(Path("no_such_folder"))
        False
    """
    return (folder / "raw").is_dir() and (folder / "gt").is_dir()


def find_vessap_cases(folder: Path, *, in_channels: int = 1) -> list[VesselCase]:
    """Find the annotated patches of the VesSAP release as SELMA3D publishes it.

    ``raw/patchvolume_000_0000.nii.gz`` (channel 0, WGA), ``raw/patchvolume_000_0001.nii.gz``
    (channel 1, Evans blue) and ``gt/patchvolume_000.nii.gz``.

    Args:
        folder: folder with ``raw/`` and ``gt/``.
        in_channels: 1 takes channel 0 (WGA) alone, 2 takes both.

    Returns:
        The cases sorted by id; empty if there are no files.

    Raises:
        InputError: if an image or a label is alone, or a case has fewer channels than asked for.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("raw/patchvolume_000_0000.nii.gz", "gt/patchvolume_000.nii.gz"):
        ...         Path(folder, name).parent.mkdir()
        ...         Path(folder, name).touch()
        ...     [case.case_id for case in find_vessap_cases(Path(folder))]
        ['patchvolume_000']
    """
    labels = labels_by_id(folder / "gt")
    images = group_channels(list_volumes(folder / "raw"), known_ids=labels)
    chosen = {case: first_channels(case, files, in_channels) for case, files in images.items()}
    return pair_with_labels(chosen, labels, label_folder=folder / "gt")


def first_channels(case: str, files: tuple[Path, ...], in_channels: int) -> tuple[Path, ...]:
    """Return the files of the first ``in_channels`` channels of a VesSAP case.

    Args:
        case: case id, for the message.
        files: the case's files in the order of the channels.
        in_channels: how many channels are wanted.

    Returns:
        As many files, or the only one, which then must hold all channels.

    Raises:
        InputError: if there are several files but fewer than wanted.

    Example:
        >>> files = (Path("a_0000.nii.gz"), Path("a_0001.nii.gz"))
        >>> [path.name for path in first_channels("a", files, 1)]
        ['a_0000.nii.gz']
    """
    if 1 < len(files) < in_channels:
        raise InputError(
            f"{files[-1]}: case {case} has {len(files)} channels, {in_channels} are expected; "
            f"pass --in_channels {len(files)}"
        )
    return files[:in_channels]


def choose_channels(
    images: Mapping[str, tuple[Path, ...]], in_channels: int, faults: dict[str, str]
) -> dict[str, tuple[Path, ...]]:
    """Return the files of the first ``in_channels`` channels of each VesSAP case.

    Args:
        images: case id to files, in the order of the channels.
        in_channels: how many channels are wanted.
        faults: gets the id of each case with too few channels, and a line that says so.

    Returns:
        The cases that have them.

    Example:
        >>> faults = {}
        >>> files = (Path("a_0000.nii.gz"), Path("a_0001.nii.gz"))
        >>> choose_channels({"a": files}, 3, faults), list(faults)
        ({}, ['a'])
    """
    chosen: dict[str, tuple[Path, ...]] = {}
    for case, files in images.items():
        try:
            chosen[case] = first_channels(case, files, in_channels)
        except InputError as error:
            faults.setdefault(case, str(error))
    return chosen
