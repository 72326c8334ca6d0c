import numpy as np
import pytest

from cldice_monai.report.scores import (
    patch_betti_errors,
    score_segmentation,
    without_small_objects,
)


def _rod(stop: int = 12) -> np.ndarray:
    mask = np.zeros((16, 7, 7), bool)
    mask[2:stop, 3, 3] = True
    return mask


def test_perfect_prediction():
    scores = score_segmentation(_rod(), _rod())
    assert [scores[k] for k in ("dice", "cldice", "tprec", "tsens")] == [1, 1, 1, 1]
    assert scores["betti_errors"] == [0, 0, 0]


def test_half_of_a_rod_has_full_tprec_and_half_tsens():
    scores = score_segmentation(_rod(stop=7), _rod(stop=12))  # 5 of 10 voxels
    assert scores["tprec"] == 1.0
    assert scores["tsens"] == 0.5
    assert scores["cldice"] == pytest.approx(2 / 3)
    assert scores["dice"] == pytest.approx(10 / 15)


def test_a_gap_is_one_component_too_many():
    broken = _rod()
    broken[6, 3, 3] = False
    assert score_segmentation(broken, _rod())["betti_errors"] == [1, 0, 0]


def test_empty_prediction_of_a_vessel_scores_zero():
    scores = score_segmentation(np.zeros((16, 7, 7), bool), _rod())
    assert [scores[k] for k in ("dice", "cldice", "tprec", "tsens")] == [0, 0, 0, 0]
    assert scores["betti_errors"] == [1, 0, 0]


def test_empty_label_is_not_measured_rather_than_zero():
    scores = score_segmentation(_rod(), np.zeros((16, 7, 7), bool))
    assert [scores[k] for k in ("dice", "cldice", "tprec", "tsens")] == [None] * 4
    assert scores["betti_errors"] == [1, 0, 0]


def test_disjoint_prediction_scores_zero():
    other = np.zeros((16, 7, 7), bool)
    other[2:12, 0, 0] = True
    assert score_segmentation(other, _rod())["cldice"] == 0.0


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        score_segmentation(np.zeros((2, 2, 2)), np.zeros((2, 2, 3)))


def test_patch_errors_are_the_mean_over_the_papers_patches():
    label = np.zeros((48, 48, 48), bool)
    label[4:40, 10, 10] = True  # every one of the 24 patches is this whole volume
    prediction = label.copy()
    prediction[20, 10, 10] = False
    prediction[30, 30, 30] = True
    assert patch_betti_errors(prediction, label, case_id="a") == [2.0, 0.0, 0.0]


def test_patches_are_those_of_the_case_and_not_of_the_prediction():
    rng = np.random.default_rng(0)
    label, prediction = rng.random((2, 70, 70, 60)) < 0.001
    errors = [patch_betti_errors(prediction, label, case_id=name) for name in "aab"]
    assert errors[0] == errors[1] != errors[2]


def test_small_objects_go_and_those_that_touch_by_a_corner_stay():
    mask = np.zeros((6, 6, 6), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = mask[5, 5, 5] = True
    kept = without_small_objects(mask, smallest=2)
    assert np.argwhere(kept).tolist() == [[0, 0, 0], [1, 1, 1]]
    assert not without_small_objects(np.zeros_like(mask), smallest=2).any()
