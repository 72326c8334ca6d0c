"""The datasets that ``cldice-monai prepare`` knows, by name."""

from __future__ import annotations

from pathlib import Path

from cldice_monai.data.cremi import CREMI
from cldice_monai.data.deepvesselnet import DEEPVESSELNET
from cldice_monai.data.drive import DRIVE
from cldice_monai.data.layout import LayoutCases, expect_folders, pair_files
from cldice_monai.data.massachusetts_roads import MASSACHUSETTS_ROADS
from cldice_monai.data.pairing import group_channels, labels_by_id, list_volumes
from cldice_monai.data.paper_split import PaperCounts
from cldice_monai.data.source import Source
from cldice_monai.data.vessap_dataset import VESSAP, vessap_source
from cldice_monai.errors import InputError

__all__ = ["SOURCE_NAMES", "find_pairs_in_folder", "source_named"]

_FIXED = {
    "deepvesselnet": DEEPVESSELNET,
    "drive": DRIVE,
    "roads": MASSACHUSETTS_ROADS,
    "cremi": CREMI,
}
SOURCE_NAMES = ("vessap", *_FIXED, "folder")
"""Names of the datasets, in the order of the documentation."""


def source_named(name: str, *, in_channels: int | None = None) -> Source:
    """Return a dataset by its name.

    Args:
        name: one of `SOURCE_NAMES`; ``"folder"`` is any folder with imagesTr and labelsTr.
        in_channels: channels of an image, where that can be chosen (VesSAP, 1 or 2; a folder);
            None takes 1 there.

    Returns:
        The dataset.

    Raises:
        InputError: if there is no such dataset or it does not have that many channels.

    Example:
        >>> source_named("drive").channel_names
        ('red', 'green', 'blue')
    """
    if in_channels is not None and in_channels < 1:
        raise InputError(f"--channels {in_channels}: must be 1 or more")
    if name in _FIXED:
        source = _FIXED[name]
        if in_channels not in (None, len(source.channel_names)):
            raise InputError(
                f"--channels {in_channels}: {source.name} has {len(source.channel_names)}; "
                "leave the option out"
            )
        return source
    if name == "vessap":
        if in_channels is not None and in_channels > 2:
            raise InputError(f"--channels {in_channels}: {VESSAP.name} has 1 (WGA) or 2 channels")
        return vessap_source(in_channels or 1)
    if name == "folder":
        return _folder_source(in_channels or 1)
    raise InputError(f"there is no dataset {name!r}; choose one of {', '.join(SOURCE_NAMES)}")


def find_pairs_in_folder(root: Path) -> LayoutCases:
    """Find the cases of ``imagesTr`` and ``labelsTr``, with a problem for each lone file.

    Args:
        root: folder that holds both.

    Returns:
        The cases.

    Raises:
        InputError: if a folder is missing or has no volume.
    """
    expected = "imagesTr/<name>.nii.gz and labelsTr/<name>.nii.gz"
    expect_folders(root, ("imagesTr", "labelsTr"), dataset="imagesTr/labelsTr", expected=expected)
    faults: dict[str, str] = {}
    labels = labels_by_id(root / "labelsTr", faults=faults)
    images = group_channels(list_volumes(root / "imagesTr"), known_ids=labels, faults=faults)
    if not images and not faults:
        raise InputError(f"{root / 'imagesTr'}: no .nii.gz file in it; expected {expected}")
    found = pair_files(
        images,
        labels,
        label_name=lambda case: root / "labelsTr" / f"{case}.nii.gz",
        faults=faults,
    )
    if list_volumes(root / "imagesTs"):
        found.notes.append(f"{root / 'imagesTs'}: left alone; the test part is drawn from imagesTr")
    return found


def _folder_source(in_channels: int) -> Source:
    return Source(
        name="imagesTr/labelsTr folder",
        find=find_pairs_in_folder,
        counts=PaperCounts(15, 2, 5),
        channel_names=tuple(f"channel_{number}" for number in range(in_channels)),
        structure="vessel",
        licence="look at where the data come from",
        fixed_channels=False,
    )
