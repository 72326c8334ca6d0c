import numpy as np
import pytest

from cldice_monai.report.scores import score_segmentation


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
