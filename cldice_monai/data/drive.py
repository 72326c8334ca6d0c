"""DRIVE: photographs of the retina with vessel labels and the field of view."""

from __future__ import annotations

from pathlib import Path

from cldice_monai.data.layout import LayoutCases, expect_folders, match_files, pair_files
from cldice_monai.data.paper_split import PaperCounts
from cldice_monai.data.pictures import PICTURES
from cldice_monai.data.source import Source
from cldice_monai.data.vessel_dataset import PublishedDataset

__all__ = ["DRIVE", "DRIVEDataset", "find_drive_cases"]

_EXPECTED = (
    "training/ and test/ with images/21_training.tif, 1st_manual/21_manual1.gif, "
    "mask/21_training_mask.gif"
)


def find_drive_cases(root: Path) -> LayoutCases:
    """Find photographs, labels of the first observer and field-of-view masks.

    Cases are named as their images: ``21_training``, ``01_test``. The test part counts only if its
    labels are there; newer releases publish it without.

    Args:
        root: folder with ``training/`` and, if present, ``test/``.

    Returns:
        The cases.

    Raises:
        InputError: if a folder is missing or holds no such file.

    Example:
        >>> import tempfile
        >>> names = ["images/21_training.tif", "1st_manual/21_manual1.gif"]
        >>> names.append("mask/21_training_mask.gif")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for path in (Path(folder, "training", name) for name in names):
        ...         path.parent.mkdir(parents=True)
        ...         path.touch()
        ...     [case.case_id for case in find_drive_cases(Path(folder)).cases]
        ['21_training']
    """
    folders = [f"training/{name}" for name in ("images", "1st_manual", "mask")]
    expect_folders(root, folders, dataset="DRIVE", expected=_EXPECTED)
    found = _find_part(root / "training", "training")
    test = root / "test"
    if not test.is_dir():
        found.notes.append(f"{test}: is not there; only the training part is used")
    elif not (test / "1st_manual").is_dir():
        found.notes.append(f"{test}: has no 1st_manual, so its images have no labels; left alone")
    else:
        folders = [f"test/{name}" for name in ("images", "mask")]
        expect_folders(root, folders, dataset="DRIVE", expected=_EXPECTED)
        more = _find_part(test, "test")
        found.cases += more.cases
        found.problems += more.problems
        found.notes += more.notes
    return found


def _find_part(folder: Path, part: str) -> LayoutCases:
    number = "21" if part == "training" else "01"
    faults: dict[str, str] = {}
    images, notes = match_files(
        folder / "images",
        rf"(?P<case>\d+)_{part}\.tiff?",
        example=f"{number}_{part}.tif",
        faults=faults,
    )
    labels, label_notes = match_files(
        folder / "1st_manual",
        r"(?P<case>\d+)_manual1\.(gif|png)",
        example=f"{number}_manual1.gif",
        faults=faults,
    )
    masks, mask_notes = match_files(
        folder / "mask",
        rf"(?P<case>\d+)_{part}_mask\.(gif|png)",
        example=f"{number}_{part}_mask.gif",
        faults=faults,
    )
    found = pair_files(
        {f"{case}_{part}": (path,) for case, path in images.items()},
        {f"{case}_{part}": path for case, path in labels.items()},
        label_name=lambda case: folder / "1st_manual" / f"{case.split('_')[0]}_manual1.gif",
        masks={f"{case}_{part}": path for case, path in masks.items()},
        mask_name=lambda case: folder / "mask" / f"{case}_mask.gif",
        faults={f"{case}_{part}": line for case, line in faults.items()},
    )
    found.notes += notes + label_notes + mask_notes
    return found


DRIVE = Source(
    name="DRIVE",
    find=find_drive_cases,
    counts=PaperCounts(30, 0, 10),
    channel_names=("red", "green", "blue"),
    structure="vessel",
    licence="research and education only; copying and redistribution are prohibited",
    readers=PICTURES,
    spatial_dims=2,
)


class DRIVEDataset(PublishedDataset):
    """DRIVE: 40 colour photographs of 584 x 565 pixels, with ``mask``, the field of view.

    Labels are those of the first observer. The paper: 30 in three folds, 10 for the test; drawn
    from both published parts together. Outside the mask there is no retina: pass it to losses and
    metrics that take one.

    See `PublishedDataset` for the arguments and `CaseDataset` for the items: ``image`` is
    (3, H, W) with values 0 to 255, ``label`` and ``mask`` are (1, H, W).

    Example:
        >>> DRIVEDataset("/nowhere", "training")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere: there is no such folder; \
pass the folder of the DRIVE data

    Reference:
        Staal et al., Ridge-based vessel segmentation in color images of the retina, IEEE
        Transactions on Medical Imaging 23, 2004.
    """

    source = DRIVE
