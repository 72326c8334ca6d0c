import numpy as np
import pytest
from skimage import filters

from cldice_monai.report.baselines import segment_by_threshold


@pytest.mark.parametrize("method", ["otsu", "triangle"])
def test_two_clear_classes_are_separated(method):
    image = np.concatenate([np.linspace(0, 1, 900), np.linspace(9, 10, 100)])
    vessel = segment_by_threshold(image, method)
    assert vessel[image > 5].all()
    assert not vessel[image < 0.9].any()  # a threshold is the centre of one of 256 bins


@pytest.mark.parametrize("method", ["otsu", "triangle"])
def test_whole_numbers_read_as_floats_give_the_mask_of_the_integers(method):
    rng = np.random.default_rng(0)
    counts = np.concatenate([rng.poisson(10, 9000), rng.poisson(90, 1000)]).astype(np.uint8)
    vessel = segment_by_threshold(counts.astype(np.float32), method)
    oracle = {"otsu": filters.threshold_otsu, "triangle": filters.threshold_triangle}[method]
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
