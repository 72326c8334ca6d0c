"""Figures of a whole volume, worked out by hand on small ones."""

from __future__ import annotations

import numpy as np
import pytest

from cldice_monai.evaluation.volume import volume_figures


def _fork():
    """A vessel of 17 voxels along the last axis with a branch of 8 in its middle."""
    mask = np.zeros((3, 21, 21), bool)
    mask[1, 10, 2:19] = mask[1, 11:19, 10] = True
    return mask


def test_centreline_is_measured_in_mm_and_its_nodes_are_counted():
    found = volume_figures(_fork(), _fork(), spacing_mm=(2.0, 0.5, 0.5)).figures
    assert found["ends_label"] == 3
    assert found["junctions_label"] == 1
    # 16 steps along, 8 down; the junction's corners may be cut by diagonals
    assert found["length_mm_label"] == pytest.approx(24 * 0.5, abs=0.5)
    assert found["length_mm_pred"] == found["length_mm_label"]
    assert found["hd95_mm"] == 0.0
    assert found["surface_dice"] == found["dice"] == found["cldice"] == 1.0


def test_missed_branch_is_a_miss_of_its_length_in_one_piece():
    pred = _fork()
    pred[:, 12:] = False
    found = volume_figures(pred, _fork(), spacing_mm=(1.0, 0.5, 0.5)).figures
    assert found["miss_pieces"] == 1
    assert found["miss_voxels"] == 7
    # 6 steps between 7 voxels, and half of the one that leads to them
    assert found["miss_length_mm"] == pytest.approx(6.5 * 0.5)
    assert found["ghost_voxels"] == found["ghost_length_mm"] == 0


def test_surfaces_follow_the_spacing():
    label = np.zeros((12, 12, 12), bool)
    label[3:9, 3:9, 3:9] = True
    moved = np.roll(label, 1, axis=0)
    near = volume_figures(moved, label, spacing_mm=(3.0, 1.0, 1.0)).figures
    assert near["hd95_mm"] == pytest.approx(3.0)
    assert near["surface_dice"] == 1.0, "within the largest side of a voxel"
    strict = volume_figures(
        moved, label, spacing_mm=(3.0, 1.0, 1.0), surface_tolerance_mm=0.5
    ).figures
    assert strict["surface_dice"] < 1.0


def test_hd95_leaves_out_the_farthest_twentieth_of_the_surface():
    label = np.zeros((40, 60), bool)
    label[5:15, 5:55] = True
    pred = label.copy()
    pred[15:25, 30] = True  # a spike of 10 voxels on a surface of more than 100
    found = volume_figures(pred, label, spacing_mm=(1.0, 1.0)).figures
    assert 0 < found["hd95_mm"] < 10


def test_surfaces_agree_within_the_tolerance_and_not_beyond():
    label = np.zeros((20, 20), bool)
    label[:, 5:8] = True
    moved = np.roll(label, 3, axis=1)
    shares = [
        volume_figures(moved, label, spacing_mm=(1.0, 1.0), surface_tolerance_mm=tolerance).figures[
            "surface_dice"
        ]
        for tolerance in (2.0, 3.0)
    ]
    assert shares[0] < shares[1] == 1.0


def test_empty_masks_have_no_surface_distance():
    empty = np.zeros_like(_fork())
    found = volume_figures(empty, _fork(), spacing_mm=(1, 1, 1)).figures
    assert np.isnan(found["hd95_mm"])
    assert found["surface_dice"] == 0.0, "nothing of the label's surface was found"
    assert volume_figures(_fork(), empty, spacing_mm=(1, 1, 1)).figures["surface_dice"] == 0.0
    assert found["cldice"] == 0.0
    assert found["length_mm_pred"] == 0.0
    nothing = volume_figures(empty, empty, spacing_mm=(1, 1, 1)).figures
    assert np.isnan([nothing[name] for name in ("dice", "hd95_mm", "surface_dice")]).all()
    assert nothing["accuracy"] == 1.0


def test_misses_are_binned_by_the_radius_of_the_label():
    label = np.zeros((15, 15, 30), bool)
    label[4:9, 4:9] = True  # a bar of radius 3
    label[12, 12, :] = True  # a vessel of radius 1
    pred = label.copy()
    pred[12, 12, 10:] = False
    bins = volume_figures(pred, label, spacing_mm=(0.5, 0.5, 0.5)).misses_by_radius
    assert [(b.from_radius, b.to_radius) for b in bins[:3]] == [(0, 0.75), (0.75, 1.5), (1.5, 3)]
    assert (bins[0].n_voxels, bins[0].n_missed) == (30, 20)
    assert bins[0].share_missed == pytest.approx(2 / 3)
    assert bins[2].n_missed == 0
    assert bins[2].n_voxels > 20
    assert np.isnan(bins[3].share_missed)


def test_masks_of_whole_numbers_count_as_boolean_ones():
    of_numbers = volume_figures(_fork().astype(np.uint8), _fork() * 1.0, spacing_mm=(1, 1, 1))
    assert of_numbers.figures == volume_figures(_fork(), _fork(), spacing_mm=(1, 1, 1)).figures


@pytest.mark.parametrize(
    ("pred", "spacing_mm", "reason"),
    [
        (_fork()[:, 1:], (1, 1, 1), r"^pred and label must have one shape, got .*; resample one"),
        (_fork() * 2, (1, 1, 1), r"^pred must"),
        (_fork(), (1, 1), r"spacing"),
    ],
    ids=["shapes", "values", "spacing"],
)
def test_what_cannot_be_measured_is_said_in_one_line(pred, spacing_mm, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        volume_figures(pred, _fork(), spacing_mm=spacing_mm)
    assert "\n" not in str(caught.value)
