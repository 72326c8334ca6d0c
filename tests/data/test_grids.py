import numpy as np
import pytest

from cldice_monai.data.grids import grid_shift_voxels


def test_shift_is_counted_in_voxels_of_an_anisotropic_grid():
    affine = np.diag([0.5, 0.5, 5.0, 1.0])
    moved = affine.copy()
    moved[2, 3] = 2.5  # half a slice of 5 mm
    assert grid_shift_voxels(affine, moved, (4, 4, 4)) == pytest.approx(0.5)


def test_wrong_spacing_shows_at_the_far_corner():
    # 1.1 instead of 1 along x only: voxel 10 lies 10 * 0.1 = 1 voxel off
    other = np.diag([1.1, 1.0, 1.0, 1.0])
    assert grid_shift_voxels(np.eye(4), other, (11, 3, 3)) == pytest.approx(1.0)


def test_flipped_axis_is_not_the_same_grid():
    flipped = np.diag([-1.0, 1.0, 1.0, 1.0])
    flipped[0, 3] = 9
    assert grid_shift_voxels(np.eye(4), flipped, (10, 3, 3)) == pytest.approx(9.0)


def test_equal_oblique_grids_do_not_differ():
    affine = np.array([[-0.5, 0.1, 0, 3], [0.1, 0.6, 0.05, -7], [0, -0.1, 2, 9], [0, 0, 0, 1]])
    assert grid_shift_voxels(affine, affine.copy(), (512, 512, 50)) == 0


def test_worst_of_all_voxels_is_at_a_corner():
    rng = np.random.default_rng(0)
    affine = np.eye(4) + 0.1 * np.vstack([rng.normal(size=(3, 4)), np.zeros(4)])
    other = affine + 0.01 * np.vstack([rng.normal(size=(3, 4)), np.zeros(4)])
    shape = (3, 4, 5)
    voxels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, 3)
    homogeneous = np.c_[voxels, np.ones(len(voxels))]
    landed = homogeneous @ other.T @ np.linalg.inv(affine).T
    brute_force = np.linalg.norm(landed[:, :3] - voxels, axis=1).max()
    assert grid_shift_voxels(affine, other, shape) == pytest.approx(brute_force)
