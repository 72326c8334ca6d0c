"""VesSAP, whichever of its three layouts the user has."""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from cldice_monai.data.layout import LayoutCases, expect_folders, nearest, pair_files
from cldice_monai.data.pairing import group_channels, labels_by_id, list_volumes
from cldice_monai.data.paper_split import PaperCounts
from cldice_monai.data.places import require_channel_count
from cldice_monai.data.source import Source
from cldice_monai.data.vessap import choose_channels, is_vessap
from cldice_monai.data.vessap_lists import VESSAP_LISTS, find_listed_vessap_cases
from cldice_monai.data.vessap_older import OLDER_VESSAP_FOLDERS, find_older_vessap_cases
from cldice_monai.data.vessel_dataset import PublishedDataset, Section, Transforms
from cldice_monai.errors import InputError

__all__ = ["VESSAP", "VesSAPDataset", "find_any_vessap_cases", "vessap_source"]

_EXPECTED = (
    "raw/patchvolume_000_0000.nii.gz and gt/patchvolume_000.nii.gz (public release), prep/ and "
    "gt_all/ (older release), or inputs.txt and labels.txt"
)
_CHANNELS = ("WGA", "Evans blue")


def find_any_vessap_cases(root: Path, *, in_channels: int = 1) -> LayoutCases:
    """Find VesSAP cases in the public release, the older release or the authors' text lists.

    Args:
        root: the folder with the data.
        in_channels: 1 takes channel 0 (WGA) alone, 2 takes both.

    Returns:
        The cases.

    Raises:
        InputError: if the folder has none of the three layouts, or one text list without the other.
    """
    require_channel_count(in_channels)
    if all((root / name).is_file() for name in VESSAP_LISTS):
        return find_listed_vessap_cases(root, in_channels=in_channels)
    if any((root / name).is_dir() for name in OLDER_VESSAP_FOLDERS) and not is_vessap(root):
        return find_older_vessap_cases(root, in_channels=in_channels)
    if any((root / name).is_file() for name in VESSAP_LISTS) and not is_vessap(root):
        raise InputError(_one_list_alone(root))
    return _find_public(root, in_channels)


def _one_list_alone(root: Path) -> str:
    here, wanted = sorted(VESSAP_LISTS, key=lambda name: not (root / name).is_file())
    names = [path.name for path in root.iterdir() if path.name != here]
    near = nearest(wanted, sorted(names))
    shown = f" (nearest found: {near})" if near else ""
    return f"{root}: has {here} but no {wanted}{shown}; rename or add it, the two belong together"


def _find_public(root: Path, in_channels: int) -> LayoutCases:
    expect_folders(
        root,
        ("raw", "gt"),
        dataset="VesSAP",
        expected=_EXPECTED,
        others=(OLDER_VESSAP_FOLDERS, VESSAP_LISTS),
    )
    faults: dict[str, str] = {}
    labels = labels_by_id(root / "gt", faults=faults)
    images = group_channels(list_volumes(root / "raw"), known_ids=labels, faults=faults)
    if not images and not faults:
        raise InputError(f"{root / 'raw'}: no .nii.gz file in it; expected {_EXPECTED}")
    return pair_files(
        choose_channels(images, in_channels, faults),
        labels,
        label_name=lambda case: root / "gt" / f"{case}.nii.gz",
        faults=faults,
    )


VESSAP = Source(
    name="VesSAP",
    find=find_any_vessap_cases,
    counts=PaperCounts(11, 2, 4, known=((16, 3, 5),)),
    channel_names=_CHANNELS[:1],
    structure="vessel",
    licence="CC BY 4.0 (BioImage Archive S-BIAD1196), CC BY-NC (SELMA3D challenge page)",
    fixed_channels=False,
)
"""VesSAP with channel 0 alone."""


def vessap_source(in_channels: int) -> Source:
    """Return VesSAP with as many channels.

    Args:
        in_channels: 1 or 2.

    Returns:
        The source.

    Raises:
        ValueError: for another number.
    """
    if in_channels not in (1, 2):
        raise ValueError(f"in_channels must be 1 (WGA) or 2 (and Evans blue), got {in_channels!r}")
    find = functools.partial(find_any_vessap_cases, in_channels=in_channels)
    return replace(VESSAP, find=find, channel_names=_CHANNELS[:in_channels])


class VesSAPDataset(PublishedDataset):
    """VesSAP: 24 patches of cleared mouse brain of 500 x 500 x 50 voxels, in one or two channels.

    Three layouts are understood: the public release (SELMA3D), the older release, and the authors'
    ``inputs.txt`` and ``labels.txt``. Parts: 16/3/5 of 24 patches, 11/2/4 of 17 as in the paper.
    `cldice_monai.transforms.ScaleIntensityCutoffd` scales the intensities as VesSAP does.

    Args:
        root_dir: the folder with the data.
        section: ``"training"``, ``"validation"`` or ``"test"``.
        transform: further transforms, see `CaseDataset` for the items they get.
        in_channels: 1 takes channel 0 (WGA) alone, 2 takes both.
        options: see `PublishedDataset`.

    Example:
        >>> VesSAPDataset("/nowhere", "training", in_channels=2)
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere: there is no such folder; \
pass the folder of the VesSAP data

    Reference:
        Todorov et al., Machine learning analysis of whole mouse brain vasculature, Nature Methods
        17, 2020.
    """

    def __init__(
        self,
        root_dir: str | os.PathLike[str],
        section: Section,
        transform: Transforms = (),
        *,
        in_channels: int = 1,
        **options: Any,
    ) -> None:
        self._in_channels = in_channels
        super().__init__(root_dir, section, transform, **options)

    def _source(self) -> Source:
        return vessap_source(self._in_channels)
