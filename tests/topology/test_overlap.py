import math

import numpy as np
import pytest

from cldice_monai.topology import (
    cldice,
    ghosts_and_misses,
    overlap_scores,
    topology_precision,
    topology_sensitivity,
)

SCORES = (cldice, topology_precision, topology_sensitivity)


def line(ndim, start, stop, length=12):
    """A one-voxel line along the last axis: it is its own skeleton."""
    mask = np.zeros((3,) * (ndim - 1) + (length,), bool)
    mask[(1,) * (ndim - 1) + (slice(start, stop),)] = True
    return mask


@pytest.mark.parametrize("ndim", [2, 3])
def test_scores_of_two_lines_are_the_shares_worked_out_by_hand(ndim):
    # Prediction 2..10 (8 voxels), label 0..6 (6 voxels), 4 in common.
    pred, label = line(ndim, 2, 10), line(ndim, 0, 6)
    assert topology_precision(pred, label) == 4 / 8
    assert topology_sensitivity(pred, label) == 4 / 6
    assert cldice(pred, label) == pytest.approx(2 * 4 / (8 + 6))


@pytest.mark.parametrize("ndim", [2, 3])
def test_perfect_is_one_and_disjoint_is_zero_not_nan(ndim):
    label = line(ndim, 0, 6)
    assert overlap_scores(label, label) == (1.0, 1.0, 1.0)
    assert overlap_scores(line(ndim, 6, 12), label) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("score", SCORES)
def test_empty_masks_follow_the_dice_metric(score):
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert math.isnan(score(empty, empty))
    assert math.isnan(score(full, empty))
    assert score(empty, empty, ignore_empty=False) == 1.0
    assert score(full, empty, ignore_empty=False) == 0.0
    assert score(empty, full) == 0.0
    assert score(empty, full, ignore_empty=False) == 0.0


def test_precision_uses_the_predicted_skeleton_and_sensitivity_the_labels():
    thin, thick = line(2, 0, 12), np.ones((3, 12), bool)
    # A thin prediction inside a thick label: its whole skeleton is inside, so tprec is 1.
    assert topology_precision(thin, thick) == 1.0
    assert topology_sensitivity(thick, thin) == 1.0


def test_a_single_voxel_is_its_own_skeleton():
    voxel = np.zeros((5, 5, 5), bool)
    voxel[2, 2, 2] = True
    assert cldice(voxel, np.ones((5, 5, 5), bool)) > 0
    assert cldice(voxel, voxel) == 1.0


@pytest.mark.parametrize("ndim", [2, 3])
def test_ghosts_and_misses_have_masks_counts_pieces_and_lengths(ndim):
    label = line(ndim, 0, 8)
    pred = line(ndim, 4, 12)
    pred[..., 6] = False
    spacing = (7.0,) * (ndim - 1) + (0.5,)
    found = ghosts_and_misses(pred, label, spacing_mm=spacing)
    # Predicted pieces 4-5 and 7-11; the label is 0-7. Ghosts 8-11; misses 0-3 and 6.
    assert np.flatnonzero(found.ghosts.any(tuple(range(ndim - 1)))).tolist() == [8, 9, 10, 11]
    assert np.flatnonzero(found.misses.any(tuple(range(ndim - 1)))).tolist() == [0, 1, 2, 3, 6]
    assert (found.n_ghost_voxels, found.n_ghost_pieces) == (4, 1)
    assert (found.n_miss_voxels, found.n_miss_pieces) == (5, 2)
    # Half edges: ghosts 3 whole edges and one half; misses 3 and a half, and two halves.
    assert found.ghost_length_mm == 3.5 * 0.5
    assert found.miss_length_mm == 4.5 * 0.5
    assert found.spacing_mm == spacing


def test_without_spacing_no_length_is_made_up():
    found = ghosts_and_misses(np.ones((3, 3), bool), np.zeros((3, 3), bool))
    assert found.n_ghost_voxels > 0
    assert found.n_miss_voxels == 0
    assert found.ghost_length_mm is None
    assert found.miss_length_mm is None
    assert found.spacing_mm is None


def test_two_empty_masks_have_neither_ghosts_nor_misses():
    found = ghosts_and_misses(np.zeros((3, 3)), np.zeros((3, 3)), spacing_mm=(1, 1))
    assert (found.n_ghost_voxels, found.n_miss_voxels) == (0, 0)
    assert (found.ghost_length_mm, found.miss_length_mm) == (0.0, 0.0)


def test_errors_name_the_argument_at_fault():
    good = np.zeros((3, 3), bool)
    with pytest.raises(ValueError, match="pred must be binary"):
        cldice(np.full((3, 3), 7), good)
    with pytest.raises(ValueError, match="label must be binary"):
        cldice(good, np.full((3, 3), 255, np.uint8))
    with pytest.raises(ValueError, match=r"one shape, got \(3, 3\) and \(3, 4\)"):
        cldice(good, np.zeros((3, 4), bool))
    with pytest.raises(ValueError, match="must have 2 values"):
        ghosts_and_misses(good, good, spacing_mm=(1.0,))
