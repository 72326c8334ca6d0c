import numpy as np
import pytest
from skimage import filters

from cldice_monai.report.baselines import filter_ridges, segment_by_threshold


@pytest.mark.parametrize("method", ["otsu", "li", "yen", "mean", "triangle"])
def test_two_clear_classes_are_separated(method):
    image = np.concatenate([np.linspace(0, 1, 900), np.linspace(9, 10, 100)])
    vessel = segment_by_threshold(image, method)
    assert vessel[image > 5].all()
    if method != "yen":  # which cuts a flat histogram anywhere
        assert not vessel[image < 0.9].any()  # a threshold is the centre of one of 256 bins


@pytest.mark.parametrize("method", ["otsu", "yen", "triangle"])
def test_whole_numbers_read_as_floats_give_the_mask_of_the_integers(method):
    rng = np.random.default_rng(0)
    counts = np.concatenate([rng.poisson(10, 9000), rng.poisson(90, 1000)]).astype(np.uint8)
    vessel = segment_by_threshold(counts.astype(np.float32), method)
    oracle = getattr(filters, f"threshold_{method}")
    assert np.array_equal(vessel, counts > oracle(counts))


def test_fractions_are_thresholded_as_they_are():
    image = np.random.default_rng(0).random(1000)
    assert np.array_equal(
        segment_by_threshold(image, "otsu"), image > filters.threshold_otsu(image)
    )


@pytest.mark.parametrize("stray", [5e7, 2.0**31])
def test_stray_huge_value_does_not_ask_for_a_bin_a_number(stray: float):
    image = np.arange(1000, dtype=np.float32)
    image[0] = stray
    assert np.array_equal(segment_by_threshold(image, "otsu"), image == stray)


def tube(spacing, *, side_um=20.0, radius_um=2.0):
    """A bright straight tube along the first axis in a dark cube, of any voxel size."""
    sides = [round(side_um / step) for step in spacing]
    grid = np.meshgrid(
        *[np.arange(n) * s for n, s in zip(sides, spacing, strict=True)], indexing="ij"
    )
    away = np.hypot(grid[1] - side_um / 2, grid[2] - side_um / 2)
    return 100.0 * (away <= radius_um)


@pytest.mark.parametrize("method", ["sato", "frangi"])
def test_ridge_filter_finds_bright_tubes_and_not_dark_ones(method):
    # no eigenvalue is exactly 0, which Frangi's filter takes for a ridge of any sign
    image = tube((1, 1, 1)) + np.random.default_rng(0).random((20, 20, 20))
    answer = filter_ridges(image, method, sigmas=(1, 2))
    assert answer[10, 10, 10] > 10 * np.abs(answer[10, 2, 2])
    dark = filter_ridges(100 - image, method, sigmas=(1, 2))
    assert dark[10, 10, 10] < 0.01 * answer[10, 10, 10]


def test_sigmas_are_lengths_where_the_spacing_is_known():
    even = filter_ridges(tube((1, 1, 1)), "sato", sigmas=(2,))
    stretched = filter_ridges(tube((1, 1, 2)), "sato", sigmas=(2,), spacing=(1, 1, 2))
    assert stretched.shape == (20, 20, 10)
    assert stretched[10, 10, 5] == pytest.approx(even[10, 10, 10], rel=0.25)
    # sigmas of voxels would be 4 um along the last axis
    assert filter_ridges(tube((1, 1, 2)), "sato", sigmas=(2,))[10, 10, 5] < stretched[10, 10, 5]
