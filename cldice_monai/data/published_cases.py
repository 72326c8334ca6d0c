"""The cases of a dataset that is named, in its own folder layout, with the parts of the paper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import raise_if_any
from cldice_monai.data.source import Source
from cldice_monai.data.source_names import SOURCE_NAMES, source_named
from cldice_monai.errors import InputError

__all__ = ["OWN_DATA", "PublishedCases", "find_published_cases", "require_source_name"]

OWN_DATA = ("auto", "folder")
"""Names of sources that are not published: the layout tells what it is."""


@dataclass(frozen=True)
class PublishedCases:
    """The cases of a published dataset.

    Attributes:
        source: the dataset.
        training: cases to train on.
        validation: cases to choose the model by.
        test: cases to report.
        folds: ids of training and validation cases dealt into folds.
        notes: one line for each thing worth knowing.
    """

    source: Source
    training: tuple[VesselCase, ...]
    validation: tuple[VesselCase, ...]
    test: tuple[VesselCase, ...]
    folds: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def find_published_cases(
    root: Path, name: str, *, in_channels: int, seed: int = 0
) -> PublishedCases:
    """Find the cases of a published dataset and draw its parts as ``cldice-monai prepare`` does.

    Args:
        root: the folder with the data.
        name: one of `cldice_monai.data.source_names.SOURCE_NAMES` but "folder".
        in_channels: channels that the network takes; of VesSAP 1 or 2 can be had.
        seed: seed of the draw.

    Returns:
        The cases; no image is opened.

    Raises:
        InputError: if the layout is another one, a file has no partner, or the dataset does not
            have that many channels.

    Example:
        >>> find_published_cases(Path("/nowhere"), "drive", in_channels=1)
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: in_channels 1: DRIVE has 3 (red, green, blue); \
pass --in_channels 3

    Reference:
        Shit et al., clDice, CVPR 2021, section 4 (how many cases each part has).
    """
    source = _source(name, in_channels)
    found = source.find(root)
    raise_if_any(found.problems)
    cases = {case.case_id: case for case in found.cases}
    parts = source.split(list(cases), seed=seed)
    return PublishedCases(
        source,
        training=tuple(cases[case] for case in parts.training),
        validation=tuple(cases[case] for case in parts.validation),
        test=tuple(cases[case] for case in parts.test),
        folds=parts.folds,
        notes=tuple(found.notes),
    )


def require_source_name(source: str) -> None:
    """Check the argument ``source``.

    Args:
        source: "auto", "folder", or the name of a published dataset.

    Raises:
        InputError: if it is neither "auto" nor the name of a dataset.

    Example:
        >>> require_source_name("drive")
        >>> require_source_name("drives")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: source: there is no dataset 'drives'; choose one of ...
    """
    if source not in (*OWN_DATA, *SOURCE_NAMES):
        names = ", ".join(("auto", *SOURCE_NAMES))
        raise InputError(f"source: there is no dataset {source!r}; choose one of {names}")


def _source(name: str, in_channels: int) -> Source:
    if name == "vessap":
        if in_channels > 2:
            raise InputError(
                f"in_channels {in_channels}: VesSAP has 1 (WGA) or 2; pass one of them"
            )
        return source_named(name, in_channels=in_channels)
    source = source_named(name)
    n_channels = len(source.channel_names)
    if in_channels != n_channels:
        raise InputError(
            f"in_channels {in_channels}: {source.name} has {n_channels} "
            f"({', '.join(source.channel_names)}); pass --in_channels {n_channels}"
        )
    return source
