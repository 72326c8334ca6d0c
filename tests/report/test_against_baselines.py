from __future__ import annotations

import pytest

from cldice_monai.report.against_baselines import best_method, compare


def figures(cldice: float, dice: float, b0_error: float) -> dict[str, float]:
    return {"cldice": cldice, "dice": dice, "b0_error": b0_error}


VOLUMES = [
    {"ours": figures(0.9, 0.8, 0.5), "a": figures(0.8, 0.6, 1.5), "b": figures(0.5, 0.9, 0.0)},
    {"ours": figures(0.6, 0.7, 3.5), "a": figures(0.7, 0.6, 0.5), "b": figures(0.6, 0.8, 0.0)},
]


def test_each_figure_has_its_own_best_baseline():
    assert best_method(VOLUMES, ["a", "b"], "cldice") == "a"
    assert best_method(VOLUMES, ["a", "b"], "dice") == "b"


def test_differences_are_means_over_volumes_in_points():
    found = compare(VOLUMES, "ours", ["a", "b"])
    assert (found.cldice_baseline, found.dice_baseline) == ("a", "b")
    assert found.cldice_gain == pytest.approx(0.0)  # +10 and -10
    assert found.worst_cldice_gain == pytest.approx(-10.0)
    assert found.dice_gain == pytest.approx(-10.0)  # 75 against 85


def test_b0_errors_are_compared_as_ratios_to_the_baseline_of_highest_cldice():
    # (0.5 + 0.5) / (1.5 + 0.5) = 1/2 and (3.5 + 0.5) / (0.5 + 0.5) = 4: their geometric mean
    assert compare(VOLUMES, "ours", ["a", "b"]).b0_ratio == pytest.approx(2**0.5)
