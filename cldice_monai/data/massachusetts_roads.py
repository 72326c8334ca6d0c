"""Massachusetts Roads: aerial images with road labels; white areas hold no data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from cldice_monai.data.layout import LayoutCases, expect_folders, match_files, pair_files
from cldice_monai.data.nifti import Volume
from cldice_monai.data.paper_split import PaperCounts
from cldice_monai.data.pictures import read_grey_picture, read_picture
from cldice_monai.data.readers import CaseReaders
from cldice_monai.data.source import Source
from cldice_monai.data.vessel_dataset import PublishedDataset

__all__ = [
    "MASSACHUSETTS_ROADS",
    "MassachusettsRoadsDataset",
    "find_massachusetts_roads_cases",
    "has_data",
    "read_data_mask",
]

_PARTS = ("train", "valid", "test")
_WHITE = 255
_SMALLEST_GAP = 1000  # pixels; white roofs and cars are smaller


def find_massachusetts_roads_cases(root: Path) -> LayoutCases:
    """Find ``train|valid|test/sat/<id>.tiff`` and ``train|valid|test/map/<id>.tif``.

    Args:
        root: folder with ``train/`` and, if present, ``valid/`` and ``test/``.

    Returns:
        The cases, named after their ids; the mask of a case is read from its image.

    Raises:
        InputError: if a folder is missing, holds no such file, or two parts have the same id.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("sat/10078660_15.tiff", "map/10078660_15.tif"):
        ...         path = Path(folder, "train", name)
        ...         path.parent.mkdir(parents=True)
        ...         path.touch()
        ...     [case.case_id for case in find_massachusetts_roads_cases(Path(folder)).cases]
        ['10078660_15']
    """
    present = [part for part in _PARTS if (root / part).is_dir()] or ["train"]
    expect_folders(
        root,
        [f"{part}/{name}" for part in present for name in ("sat", "map")],
        dataset="Massachusetts Roads",
        expected="train|valid|test/sat/10078660_15.tiff and .../map/10078660_15.tif",
    )
    found = LayoutCases()
    seen: dict[str, Path] = {}
    for part in present:
        more = _find_part(root / part)
        found.notes += more.notes
        found.problems += more.problems
        for case in more.cases:
            if case.case_id in seen:
                found.problems.append(
                    f"{case.image[0]}: the same name as {seen[case.case_id]}; remove one of them"
                )
            else:
                seen[case.case_id] = case.image[0]
                found.cases.append(replace(case, mask=case.image[0]))
    found.notes += [f"{root / part}: is not there" for part in _PARTS if part not in present]
    return found


def has_data(image: np.ndarray) -> np.ndarray:
    """Tell the pixels that show ground from the white areas that hold no data.

    A pixel holds no data if it is white (255 in all channels) and belongs to a white area, joined
    by edges, of 1000 pixels or more; smaller white spots are roofs and cars.

    Args:
        image: (C, H, W), values 0 to 255.

    Returns:
        bool (1, H, W), True where there is data.

    Example:
        >>> picture = np.full((3, 40, 60), 255.0)
        >>> picture[:, :, 30:] = 90.0  # the left half, 1200 pixels, stays white
        >>> picture[:, 5, 50] = 255.0  # a car
        >>> int(has_data(picture).sum())
        1200
    """
    from scipy import ndimage

    white = (np.asarray(image) >= _WHITE).all(axis=0)
    if not white.any():
        return np.ones((1, *white.shape), bool)
    areas, _ = ndimage.label(white)
    is_gap = np.bincount(areas.ravel()) >= _SMALLEST_GAP
    is_gap[0] = False
    return ~is_gap[areas][None]


def read_data_mask(path: Path) -> Volume:
    """Read an image and tell where it holds data.

    Args:
        path: the aerial image.

    Returns:
        float32 (1, H, W, 1), 1 where there is data.

    Raises:
        InputError: as `cldice_monai.data.pictures.read_picture`.
    """
    volume = read_picture(path)
    mask = has_data(volume.array[..., 0]).astype(np.float32)
    return replace(volume, array=mask[..., None])


def _find_part(folder: Path) -> LayoutCases:
    faults: dict[str, str] = {}
    images, notes = match_files(
        folder / "sat", r"(?P<case>.+)\.tiff?", example="10078660_15.tiff", faults=faults
    )
    labels, label_notes = match_files(
        folder / "map", r"(?P<case>.+)\.tiff?", example="10078660_15.tif", faults=faults
    )
    found = pair_files(
        {case: (path,) for case, path in images.items()},
        labels,
        label_name=lambda case: folder / "map" / f"{case}.tif",
        faults=faults,
    )
    found.notes += notes + label_notes
    return found


MASSACHUSETTS_ROADS = Source(
    name="Massachusetts Roads",
    find=find_massachusetts_roads_cases,
    counts=PaperCounts(120, 0, 13, takes_some=True),
    channel_names=("red", "green", "blue"),
    structure="road",
    licence="look at the page you had the data from",
    readers=CaseReaders(image=read_picture, label=read_grey_picture, mask=read_data_mask),
    spatial_dims=2,
)


class MassachusettsRoadsDataset(PublishedDataset):
    """Massachusetts Roads: aerial images of 1500 x 1500 pixels, with ``mask``, where data is.

    White areas hold no data, yet roads are drawn in their labels; ``mask`` is 0 there (see
    `has_data`), and the label stays as it was published. The paper used 133 images, 120 in three
    folds and 13 for the test; as many are drawn from all published parts, or all are taken with
    ``take_all``.

    See `PublishedDataset` for the arguments and `CaseDataset` for the items: ``image`` is
    (3, H, W) with values 0 to 255, ``label`` and ``mask`` are (1, H, W).

    Example:
        >>> MassachusettsRoadsDataset("/nowhere", "training")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: /nowhere: there is no such folder; \
pass the folder of the Massachusetts Roads data

    Reference:
        Mnih, Machine learning for aerial image labeling, PhD thesis, University of Toronto, 2013.
    """

    source = MASSACHUSETTS_ROADS
