"""Figures of small masks, worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.data.nifti import Volume
from cldice_monai.inference.geometry import Grid, grid_of
from cldice_monai.inference.measure import measure
from cldice_monai.skeleton import skeletonize

MM = Grid((0.5, 0.5, 2.0), 0.5, at_right_angles=True, is_flat=False)


def measured(mask: np.ndarray, grid: Grid = MM) -> dict:
    skeleton = skeletonize(mask[..., 0])[..., None] if grid.is_flat else skeletonize(mask)
    found = measure(mask, np.asarray(skeleton), grid)
    json.dumps(found, allow_nan=False)  # nothing that JSON does not know
    return found


def volume(affine: np.ndarray, unit: str = "mm") -> Volume:
    return Volume(np.zeros((1, 4, 4, 4)), affine, unit, 0, 1, (4, 4, 4), Path("a.nii"))


def test_cross_of_two_lines():
    mask = np.zeros((11, 11, 11), bool)
    mask[1:10, 5, 5] = mask[5, 1:10, 5] = True
    found = measured(mask)
    assert found["n_vessel_voxels"] == 17
    assert found["vessel_volume_mm3"] == 17 * 0.5
    assert found["centreline_length_mm"] == pytest.approx(16 * 0.5)  # 16 steps of half a mm
    assert found["length_density_mm_per_mm3"] == pytest.approx(8.0 / (11**3 * 0.5))
    assert (found["n_branch_points"], found["n_end_points"], found["n_segments"]) == (1, 4, 4)
    assert found["radius_mm"]["p50"] == 0.5  # the next background voxel is one step away
    assert found["betti_numbers"] == {"b0": 1, "b1": 0, "b2": 0}
    assert found["components"]["n_touching_border"] == 0
    assert found["not_measured"] == {}


def test_ring_and_a_piece_at_the_border():
    mask = np.zeros((12, 12, 5), bool)
    mask[2:9, 2:9, 2] = True
    mask[4:7, 4:7, 2] = False
    mask[11, 2:4, 2] = True
    found = measured(mask)
    assert found["betti_numbers"] == {"b0": 2, "b1": 1, "b2": 0}
    components = found["components"]
    assert (components["n"], components["n_touching_border"]) == (2, 1)
    assert components["largest"] == [
        {"voxels": 40, "touches_border": False},
        {"voxels": 2, "touches_border": True},
    ]


def test_empty_mask_has_zeros_and_says_why_there_is_no_radius():
    found = measured(np.zeros((5, 5, 5), bool))
    assert (found["vessel_volume_mm3"], found["centreline_length_mm"]) == (0.0, 0.0)
    assert found["radius_mm"] is None
    assert found["not_measured"] == {"radius_mm": "the mask is empty"}


def test_sheared_grid_has_a_volume_and_no_lengths():
    sheared = np.diag([1.0, 1.0, 1.0, 1.0])
    sheared[0, 1] = 0.5
    grid = grid_of(volume(sheared), is_picture=False)
    assert not grid.at_right_angles
    mask = np.zeros((9, 9, 9), bool)
    mask[2:7, 4, 4] = True
    found = measured(mask, grid)
    assert found["vessel_volume_mm3"] == pytest.approx(5.0)  # shear keeps the volume
    assert found["centreline_length_mm"] is None
    assert found["radius_mm"] is None
    assert "right angles" in found["not_measured"]["centreline_length_mm"]


def test_turned_and_flipped_grid_in_micrometres_is_measured_in_mm():
    turned = np.array([[0, -2.0, 0, 9], [3.0, 0, 0, 9], [0, 0, -5.0, 9], [0, 0, 0, 1]])
    grid = grid_of(volume(turned, "micron"), is_picture=False)
    assert grid.at_right_angles
    assert grid.spacing_mm == pytest.approx((0.003, 0.002, 0.005))
    assert grid.voxel_mm == pytest.approx(3e-8)


def test_picture_without_a_pixel_size_has_counts_alone():
    picture = Volume(
        np.zeros((1, 7, 7, 1)), np.diag([1.0, 1, 1, 1]), "unknown", 0, 0, (7, 7), Path("a.png")
    )
    grid = grid_of(picture, is_picture=True)
    mask = np.zeros((7, 7, 1), bool)
    mask[1:6, 3] = True
    found = measured(mask, grid)
    assert (found["n_end_points"], found["betti_numbers"]) == (2, {"b0": 1, "b1": 0})
    lengths = {"vessel_area_mm2", "centreline_length_mm", "length_density_mm_per_mm2"}
    assert all(found[name] is None for name in (*lengths, "radius_mm", "spacing_mm"))
    assert set(found["not_measured"]) == {*lengths, "radius_mm", "spacing_mm"}


def test_picture_with_a_pixel_size_has_an_area():
    grid = Grid((0.1, 0.2), 0.02, at_right_angles=True, is_flat=True)
    mask = np.zeros((7, 7, 1), bool)
    mask[1:6, 3] = True
    found = measured(mask, grid)
    assert found["vessel_area_mm2"] == pytest.approx(0.1)
    assert found["centreline_length_mm"] == pytest.approx(0.4)
