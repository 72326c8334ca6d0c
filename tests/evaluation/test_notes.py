"""What is said of masks whose figures need a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import evaluate
from cldice_monai.evaluation.tables import write_tables
from cldice_monai.report.page import write_report
from cldice_monai.topology import PatchSampler, skeleton_graph
from tests.evaluation.masks import save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))


def test_class_that_no_voxel_has_is_noted(make_masks: Callable):
    folder = make_masks(1)
    lines: list[str] = []
    settings = EvaluationSettings(FEW.sampler, classes=(1, 7))
    evaluate([folder / "good"], folder / "labels", settings, show=lines.append)
    assert any("no voxel of class 7" in line for line in lines)


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
    assert note.startswith("pred/a_mask.nii.gz: ")
    assert note.endswith("binary_fill_holes (cavities: 1)")


def test_cavities_of_several_classes_are_noted_with_their_class(tmp_path: Path):
    """A lumen inside a wall is no hole to fill, and notes of later classes are told too."""
    label = np.zeros((20, 20, 20), np.uint8)
    label[2:6, 2:6, 2:6] = 1
    label[8:16, 8:16, 8:16] = 2
    label[11:13, 11:13, 11:13] = 1
    save_mask(tmp_path / "a" / "case.nii.gz", label)
    lines: list[str] = []
    settings = EvaluationSettings(FEW.sampler, classes=(1, 2))
    evaluate([tmp_path / "a"], tmp_path / "a", settings, show=lines.append)
    (line,) = [line for line in lines if "encloses cavities" in line and "more" not in line]
    assert line.endswith("(class 2; cavities: 1)")
    assert "another class may lie in them" in line
    assert "binary_fill_holes" not in line


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


def test_labels_that_are_compared_with_themselves_are_noted(make_masks: Callable):
    folder = make_masks(2)
    lines: list[str] = []
    evaluation = evaluate([folder / "labels"], folder / "labels", FEW, show=lines.append)
    words = "labels: all predictions are the label files themselves, so that their scores are perf"
    assert [line for line in lines if "themselves" in line] == [f"note: {evaluation.notes[0]}"]
    assert evaluation.notes[0].startswith(words)
    write_tables(evaluation, folder / "out")
    content = json.loads((folder / "out" / "evaluation.json").read_text())
    assert content["notes"] == evaluation.notes
    assert words in (folder / "out" / "summary.md").read_text()
    page = write_report(evaluation, folder / "report.html")
    assert f"<p class='note'>{words}" in page.read_text(encoding="utf-8")


def test_prediction_that_is_a_link_to_its_label_is_noted(make_masks: Callable):
    folder = make_masks(2)
    (folder / "good" / "case_1_mask.nii.gz").unlink()
    (folder / "good" / "case_1.nii.gz").symlink_to(folder / "labels" / "case_1.nii.gz")
    (note,) = evaluate([folder / "good", folder / "bad"], folder / "labels", FEW).notes
    assert note.startswith("good: predictions of case_1 are the label files themselves")
