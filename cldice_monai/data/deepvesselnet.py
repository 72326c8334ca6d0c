"""The synthetic vessel trees of DeepVesselNet: raw/ and seg/."""

from __future__ import annotations

from pathlib import Path

from cldice_monai.data.layout import LayoutCases, expect_folders, match_files, pair_files
from cldice_monai.data.paper_split import PaperCounts
from cldice_monai.data.source import Source
from cldice_monai.data.vessel_dataset import PublishedDataset

__all__ = ["DEEPVESSELNET", "DeepVesselNetDataset", "find_deepvesselnet_cases"]

_NAME = r"(?P<case>.+?)\.nii(\.gz)?"


def find_deepvesselnet_cases(root: Path) -> LayoutCases:
    """Find ``raw/<id>.nii.gz`` and ``seg/<id>.nii.gz``.

    The archives with centrelines, bifurcations and radii may lie beside them; they are not read.

    Args:
        root: folder with ``raw/`` and ``seg/``.

    Returns:
        The cases, named after their ids.

    Raises:
        InputError: if a folder is missing or holds no such file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for path in (Path(folder, "raw", "1.nii.gz"), Path(folder, "seg", "1.nii.gz")):
        ...         path.parent.mkdir()
        ...         path.touch()
        ...     [case.case_id for case in find_deepvesselnet_cases(Path(folder)).cases]
        ['1']
    """
    expect_folders(
        root,
        ("raw", "seg"),
        dataset="DeepVesselNet",
        expected="raw/<id>.nii.gz and seg/<id>.nii.gz",
    )
    faults: dict[str, str] = {}
    images, notes = match_files(root / "raw", _NAME, example="1.nii.gz", faults=faults)
    labels, more_notes = match_files(root / "seg", _NAME, example="1.nii.gz", faults=faults)
    found = pair_files(
        {case: (path,) for case, path in images.items()},
        labels,
        label_name=lambda case: root / "seg" / images[case].name,
        faults=faults,
    )
    found.notes += notes + more_notes
    return found


DEEPVESSELNET = Source(
    name="DeepVesselNet synthetic",
    find=find_deepvesselnet_cases,
    counts=PaperCounts(15, 2, 5, takes_some=True),
    channel_names=("intensity",),
    structure="vessel",
    licence="look at the page you had the data from",
)


class DeepVesselNetDataset(PublishedDataset):
    """The DeepVesselNet synthetic volumes: 136 of 325 x 304 x 600 voxels, one channel.

    The paper used 22 of them, 15/2/5; as many are drawn, or all with ``take_all``. A volume takes
    240 MB as float32: choose ``cache_rate`` by the memory that you have.

    See `PublishedDataset` for the arguments and `CaseDataset` for the items.

    Example:
        >>> DeepVesselNetDataset("/nowhere", "training")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere: there is no such folder; \
pass the folder of the DeepVesselNet data

    Reference:
        Tetteh et al., DeepVesselNet, Frontiers in Neuroscience 14, 2020; volumes made by the
        generator of Schneider et al., Medical Image Analysis 16, 2012.
    """

    source = DEEPVESSELNET
