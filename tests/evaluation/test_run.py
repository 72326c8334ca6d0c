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
from cldice_monai.report.evaluation_report import EvaluationRequest
from cldice_monai.skeleton.graph import skeleton_graph
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


def test_class_that_no_voxel_has_is_noted(make_masks: Callable):
    folder = make_masks(1)
    lines: list[str] = []
    settings = EvaluationSettings(FEW.sampler, classes=(1, 7))
    evaluate([folder / "good"], folder / "labels", settings, show=lines.append)
    assert any("no voxel of class 7" in line for line in lines)


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


def test_label_without_a_unit_of_length_is_noted(tmp_path: Path):
    import nibabel as nib

    path = save_mask(tmp_path / "a" / "case.nii.gz", vessels(0))
    lines: list[str] = []
    evaluate([path.parent], path.parent, FEW, show=lines.append)
    assert not any("unit of length" in line for line in lines)
    nib.save(nib.Nifti1Image(vessels(0).astype(np.uint8), np.eye(4)), path)
    evaluate([path.parent], path.parent, FEW, show=lines.append)
    assert any("no unit of length; its voxel size is taken as mm" in line for line in lines)


def test_cavities_whose_walls_enter_the_lengths_are_noted(tmp_path: Path):
    bar = np.zeros((20, 20, 20), bool)
    bar[5:15, 5:15, 2:18] = True
    holed = bar.copy()
    holed[10, 10, 10] = False
    save_mask(tmp_path / "label" / "a.nii.gz", bar)
    save_mask(tmp_path / "pred" / "a_mask.nii.gz", holed)
    (case,) = evaluate([tmp_path / "pred"], tmp_path / "label", FEW).methods[0].cases
    assert case.volume["length_mm_pred"] > 10 * case.volume["length_mm_label"]
    (note,) = [str(note) for note in case.notes if "encloses cavities" in str(note)]
    assert note.startswith(str(tmp_path / "pred" / "a_mask.nii.gz"))
    assert note.endswith("binary_fill_holes (cavities: 1)")


def test_network_that_lost_loops_is_noted(tmp_path: Path):
    """Here the voxels around the holes all touch, so that they make a single junction."""
    rows = ["11111", "10111", "11011", "10101", "11011"]
    mask = np.array([[c == "1" for c in row] for row in rows])[..., None]
    save_mask(tmp_path / "a" / "case.nii.gz", mask)
    lines: list[str] = []
    (method,) = evaluate([tmp_path / "a"], tmp_path / "a", FEW, show=lines.append).methods
    (case,) = method.cases
    assert case.patches["lost_loops_label"].tolist() == [1.0] * 4
    assert case.patches["lost_loops_pred"].tolist() == [1.0] * 4
    assert "4 of 4 patches; loops of mask - loops of network: 1" in str(case.notes)
    with pytest.warns(UserWarning, match="the graph has 1 loop"):
        skeleton_graph(mask[..., 0])


def test_flat_volumes_are_measured_in_two_dimensions(tmp_path: Path):
    mask = vessels(0, (40, 40))[..., None]
    save_mask(tmp_path / "flat" / "a.nii.gz", mask)
    (method,) = evaluate([tmp_path / "flat"], tmp_path / "flat", FEW).methods
    assert "b2_error" not in method.summary
    assert method.cases[0].starts.shape == (4, 2)
    assert method.cases[0].spacing_mm == pytest.approx(SPACING[:2])


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


def _spoil(kind: str, folder: Path) -> None:
    path = folder / "good" / "case_1_mask.nii.gz"
    if kind == "missing":
        path.unlink()
    elif kind == "other name":
        path.rename(path.with_name("volume_1_mask.nii.gz"))
    elif kind == "other shape":
        save_mask(path, vessels(1)[:-1])
    elif kind == "other affine":
        affine = np.diag([*SPACING, 1.0])
        affine[0, 3] = 5
        save_mask(path, vessels(1), affine)
    elif kind == "twice":
        save_mask(folder / "good" / "case_1.nii.gz", vessels(1))
    elif kind == "damaged":
        path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", ("good", "no prediction for case_1")),
        ("other name", ("no prediction for case_1", "volume_1")),
        ("other shape", ("case_1_mask.nii.gz", "(23, 24, 20)", "(24, 24, 20)")),
        ("other affine", ("case_1_mask.nii.gz", "2.5 voxels", "other affine")),
        ("twice", ("both it and", "case_1")),
        ("damaged", ("case_1_mask.nii.gz",)),
    ],
)
def test_masks_that_do_not_fit_are_named(kind: str, words: tuple[str, ...], make_masks: Callable):
    folder = make_masks(2)
    _spoil(kind, folder)
    with pytest.raises(InputError) as caught:
        evaluate([folder / "good"], folder / "labels", FEW)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("odd", "shown"), [(0.7, "0.7"), (np.nan, "nan"), (-1, "-1")])
def test_values_that_name_no_class_are_refused(odd: float, shown: str, make_masks: Callable):
    import nibabel as nib

    folder = make_masks(1)
    path = folder / "labels" / "case_0.nii.gz"
    values = vessels(0).astype(np.float32)
    values[3, 4, 5] = odd
    image = nib.Nifti1Image(values, nib.load(path).affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    with pytest.raises(InputError, match="threshold it first") as caught:
        evaluate([folder / "good"], folder / "labels", FEW)
    assert f"other values than whole numbers from 0 on, {shown} for one" in str(caught.value)


def test_probabilities_are_refused(make_masks: Callable):
    import nibabel as nib

    folder = make_masks(1)
    path = folder / "good" / "case_0_mask.nii.gz"
    image = nib.Nifti1Image(vessels(0) * np.float32(0.7), nib.load(path).affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    with pytest.raises(InputError, match="threshold it first"):
        evaluate([folder / "good"], folder / "labels", FEW)
