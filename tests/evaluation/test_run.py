"""Folders of masks in, figures out: what is paired, what is refused, what is compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.jobs import several_processes
from cldice_monai.evaluation.run import evaluate
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.report.evaluation_report import EvaluationRequest
from cldice_monai.topology import PatchSampler, betti_numbers
from tests.evaluation.masks import SPACING, save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))


def test_figures_are_those_of_the_masks(make_masks: Callable):
    folder = make_masks(2)
    result = evaluate([folder / "bad"], folder / "labels", FEW)
    (method,) = result.methods
    assert [case.case_id for case in method.cases] == ["case_0", "case_1"]
    case = method.cases[0]
    assert case.spacing_mm == pytest.approx(SPACING)
    assert case.starts.shape == (4, 3)
    import nibabel as nib

    pred = np.asarray(nib.load(folder / "bad" / "case_0_mask.nii.gz").dataobj) > 0
    for number, start in enumerate(case.starts):
        box = tuple(slice(s, s + 12) for s in start)
        errors = np.subtract(betti_numbers(pred[box]), betti_numbers(vessels(0)[box]))
        found = [case.values[f"b{k}_error"][number] for k in range(3)]
        assert found == np.abs(errors).tolist()
    means = [float(np.mean(c.values["b0_error"])) for c in method.cases]
    assert method.summary["b0_error"].mean == pytest.approx(np.mean(means))


def test_perfect_prediction_has_perfect_figures(make_masks: Callable):
    folder = make_masks(2)
    (method,) = evaluate([folder / "labels"], folder / "labels", FEW).methods
    means = {name: found.mean for name, found in method.summary.items()}
    for name in ("dice", "accuracy", "cldice", "opt_junction_f1", "euler_ratio", "surface_dice"):
        assert means[name] == 1.0, name
    for name in ("b0_error", "b1_error", "streetmover", "euler_error", "hd95_mm", "ghost_pieces"):
        assert means[name] == 0.0, name


def test_number_of_processes_and_order_of_methods_change_nothing(make_masks: Callable):
    folder = make_masks(2)
    one = evaluate([folder / "good", folder / "bad"], folder / "labels", FEW)
    two = evaluate(
        [folder / "bad", folder / "good"], folder / "labels", FEW, measure=several_processes(2)
    )
    assert one.methods[0].summary == two.methods[1].summary
    assert one.methods[1].summary == two.methods[0].summary


def test_methods_are_compared_with_the_first_over_cases(make_masks: Callable):
    folder = make_masks(6)
    result = evaluate([folder / "good", folder / "bad"], folder / "labels", FEW)
    found = result.comparisons["bad"]["dice"]
    assert found.difference < 0
    assert found.n_cases == 6
    assert found.p_value == 2 / 2**6, "worse in every case"
    few = evaluate([folder / "good", folder / "bad"], folder / "labels", FEW)
    assert few.comparisons["bad"]["dice"] == found


def test_classes_are_measured_each_for_itself(make_masks: Callable, tmp_path: Path):
    first, second = vessels(1), vessels(2)
    label = np.where(first, 1, np.where(second, 2, 0))
    save_mask(tmp_path / "two" / "case_0.nii.gz", label)
    save_mask(tmp_path / "two_pred" / "case_0.nii.gz", np.where(first, 1, 0))
    settings = EvaluationSettings(FEW.sampler, classes=(1, 2))
    lines: list[str] = []
    result = evaluate([tmp_path / "two_pred"], tmp_path / "two", settings)
    dice = {method.class_number: method.summary["dice"].mean for method in result.methods}
    assert dice == {1: 1.0, 2: 0.0}
    assert [method.title for method in result.methods] == ["two_pred, class 1", "two_pred, class 2"]
    evaluate([tmp_path / "two_pred"], tmp_path / "two", FEW, show=lines.append)
    assert any("holds the values 1, 2" in line and "vessel" in line for line in lines)


def test_classes_of_a_case_are_no_further_cases(tmp_path: Path):
    for i in range(3):
        label = np.where(vessels(i), 1, np.where(vessels(i + 9), 2, 0))
        save_mask(tmp_path / "label" / f"case_{i}.nii.gz", label)
        save_mask(tmp_path / "worse" / f"case_{i}.nii.gz", label * (vessels(i + 5) == 0))
    settings = EvaluationSettings(FEW.sampler, classes=(1, 2))
    result = evaluate([tmp_path / "label", tmp_path / "worse"], tmp_path / "label", settings)
    assert sorted(result.comparisons) == ["worse, class 1", "worse, class 2"]
    for comparison in result.comparisons.values():
        assert comparison["dice"].difference < 0
        assert (comparison["dice"].n_cases, comparison["dice"].p_value) == (3, None)
    assert [len(methods) for methods in result.by_class()] == [2, 2]


def test_class_that_is_named_twice_is_refused(tmp_path: Path):
    request = EvaluationRequest(tmp_path, tmp_path, tmp_path, classes=(1, 2, 1))
    with pytest.raises(InputError, match=r"classes \[1, 2, 1\]: name each class once"):
        request.settings()


def test_one_class_may_be_a_number(tmp_path: Path):
    assert EvaluationRequest(tmp_path, tmp_path, tmp_path, classes=2).settings().classes == (2,)


def test_volumes_and_flat_images_are_summarised_together(tmp_path: Path):
    """Whichever comes first: only the volume has a b2."""
    for name, flat in (("a", True), ("b", False), ("c", True)):
        mask = vessels(0, (40, 40))[..., None] if flat else vessels(0)
        save_mask(tmp_path / "both" / f"{name}.nii.gz", mask)
    other = tmp_path / "other"
    for name in "abc":
        save_mask(other / f"{name}.nii.gz", _read(tmp_path / "both" / f"{name}.nii.gz"))
    result = evaluate([tmp_path / "both", other], tmp_path / "both", FEW)
    assert result.methods[0].summary["b2_error"].n_cases == 1
    assert result.methods[0].summary["b1_error"].n_cases == 3
    assert result.comparisons["other"]["b2_error"].n_cases == 1


@pytest.mark.parametrize("thin", [0, 1, 2])
def test_flat_volumes_are_measured_in_two_dimensions(thin: int, tmp_path: Path):
    mask = np.expand_dims(vessels(0, (40, 30)), thin)
    save_mask(tmp_path / "flat" / "a.nii.gz", mask)
    evaluation = evaluate([tmp_path / "flat"], tmp_path / "flat", FEW)
    (method,) = evaluation.methods
    assert "b2_error" not in method.summary
    (case,) = method.cases
    assert case.starts.shape == (4, 2)
    assert case.spacing_mm == pytest.approx([s for axis, s in enumerate(SPACING) if axis != thin])
    assert case.frame.names == tuple(name for name in "xyz" if name != "xyz"[thin])
    (path,) = write_error_maps(evaluation, tmp_path / "maps")
    assert _read(path).shape == mask.shape


def test_probabilities_and_skeletons_beside_the_masks_are_passed_over(make_masks: Callable):
    folder = make_masks(1)
    for ending in ("prob", "skeleton", "ghosts_misses"):
        save_mask(folder / "good" / f"case_0_{ending}.nii.gz", vessels(5))
    assert len(evaluate([folder / "good"], folder / "labels", FEW).methods[0].cases) == 1


def test_empty_masks_and_a_label_of_one_voxel_are_measured(tmp_path: Path):
    empty = np.zeros((12, 12, 12), bool)
    one = empty.copy()
    one[6, 6, 6] = True
    save_mask(tmp_path / "label" / "empty.nii.gz", empty)
    save_mask(tmp_path / "label" / "one.nii.gz", one)
    save_mask(tmp_path / "pred" / "empty.nii.gz", one)
    save_mask(tmp_path / "pred" / "one.nii.gz", empty)
    lines: list[str] = []
    (method,) = evaluate([tmp_path / "pred"], tmp_path / "label", FEW, show=lines.append).methods
    assert sum("empty, no voxel" in line for line in lines) == 2
    by_case = {case.case_id: case.values for case in method.cases}
    assert np.isnan(by_case["empty"]["dice"]).all()
    assert by_case["one"]["dice"].tolist() == [0.0]
    assert method.summary["dice"].n_cases == 1
    assert method.summary["b0_error"].mean == 1.0


def _read(path: Path) -> np.ndarray:
    import nibabel as nib

    return np.asarray(nib.load(path).dataobj)
