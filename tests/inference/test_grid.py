"""How many voxels the network works on, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data.cases import VesselCase
from cldice_monai.inference.grid import enlargement_note, read_grid, working_voxels
from cldice_monai.inference.large import needs_streaming


def save(path: Path, shape: tuple[int, ...], side: float, unit: str) -> Path:
    image = nib.Nifti1Image(np.zeros(shape, np.uint8), np.diag([side, side, side, 1.0]))
    image.header.set_xyzt_units(unit)
    nib.save(image, path)
    return path


@pytest.mark.parametrize(
    ("side", "unit", "times"),
    [
        (15, "micron", 7.5**3),
        (1, "micron", 0.5**3),
        (0.02, "mm", 1),  # 0.0199999996 in the header
        (20, "micron", 1),
        (1, "mm", 1),
    ],
)
def test_voxels_of_the_working_grid(tmp_path: Path, side: float, unit: str, times: float):
    path = save(tmp_path / "scan.nii", (20, 20, 20), side, unit)
    grid = read_grid([path])
    assert grid is not None
    assert working_voxels(*grid, side_mm=0.002) == pytest.approx(8000 * times, rel=1e-4)
    assert working_voxels(*grid, side_mm=None) == 8000


def test_a_coarse_microscope_needs_the_memory_of_the_grid_that_it_gets(tmp_path: Path):
    coarse, plain = (
        VesselCase("scan", (save(tmp_path / f"{side}.nii", (40, 40, 40), side, "mm"),))
        for side in (0.0199, 0.02)
    )
    assert needs_streaming(coarse, max_bytes=2_000_000_000, side_mm=0.002)
    assert not needs_streaming(plain, max_bytes=2_000_000_000, side_mm=0.002)


def test_what_it_costs_is_said_from_three_times_along_each_axis():
    (line,) = enlargement_note(1000, 421_875)
    assert "422 times as many voxels" in line
    assert enlargement_note(1000, 27_000) == []
    assert enlargement_note(27_000, 1000) == []


def test_pictures_and_other_formats_keep_their_grid(tmp_path: Path):
    assert read_grid([tmp_path / "stack.tif"]) is None
    assert working_voxels((8, 8), (0.001, 0.001), side_mm=0.002) == 64
