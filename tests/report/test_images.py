"""Which image is drawn behind a case, and what is refused before anything is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cldice_monai.errors import InputError
from cldice_monai.evaluation.find_pairs import CasePair
from cldice_monai.report.images import images_of_cases
from tests.evaluation.masks import SPACING, save_mask

SHAPE = (4, 5, 6)


@pytest.fixture
def pairs(tmp_path: Path) -> list[CasePair]:
    paths = [save_mask(tmp_path / "labels" / f"scan_000{i}.nii.gz", np.ones(SHAPE)) for i in (1, 2)]
    return [CasePair(f"scan_000{i}", path, path) for i, path in enumerate(paths, start=1)]


def test_first_channel_of_a_numbered_scan_is_found(tmp_path: Path, pairs: list[CasePair]):
    for name in ("scan_0001", "scan_0002_0000", "scan_0002_0001"):
        save_mask(tmp_path / "images" / f"{name}.nii.gz", np.ones(SHAPE))
    found = images_of_cases(tmp_path / "images", pairs)
    assert {case: path.name for case, path in found.items()} == {
        "scan_0001": "scan_0001.nii.gz",
        "scan_0002": "scan_0002_0000.nii.gz",
    }


def test_case_without_an_image_is_noted(tmp_path: Path, pairs: list[CasePair]):
    save_mask(tmp_path / "images" / "scan_0001.nii.gz", np.ones(SHAPE))
    lines: list[str] = []
    assert list(images_of_cases(tmp_path / "images", pairs, show=lines.append)) == ["scan_0001"]
    assert len(lines) == 1
    assert "no image of scan_0002" in lines[0]


def test_image_with_turned_axes_or_elsewhere_is_refused(tmp_path: Path, pairs: list[CasePair]):
    """As many voxels in another shape once passed and were drawn scrambled."""
    path = save_mask(tmp_path / "images" / "scan_0001.nii.gz", np.ones(SHAPE[::-1]))
    with pytest.raises(InputError, match=r"scan_0001.nii.gz: \(6, 5, 4\) voxels, its label"):
        images_of_cases(tmp_path / "images", pairs)
    affine = np.diag([*SPACING, 1.0])
    affine[2, 3] = 3 * SPACING[2]
    save_mask(path, np.ones(SHAPE), affine)
    with pytest.raises(InputError, match=r"up to 3 voxels from its label .* other affine"):
        images_of_cases(tmp_path / "images", pairs)
    path.write_bytes(b"no image")
    with pytest.raises(InputError, match="not a NIfTI file"):
        images_of_cases(tmp_path / "images", pairs)


def test_folder_of_other_images_is_refused(tmp_path: Path, pairs: list[CasePair]):
    save_mask(tmp_path / "images" / "other.nii.gz", np.ones(SHAPE))
    with pytest.raises(InputError, match=r"no image of scan_0001, scan_0002"):
        images_of_cases(tmp_path / "images", pairs)
