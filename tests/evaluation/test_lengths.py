"""Lengths are in mm where a voxel size is known, in voxels where it is not, and never mixed."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.frame import frame_of
from cldice_monai.evaluation.markdown import as_markdown
from cldice_monai.evaluation.run import evaluate
from cldice_monai.evaluation.tables import write_tables
from cldice_monai.evaluation.terminal import as_terminal_table
from cldice_monai.report.evaluation_report import EvaluationRequest
from cldice_monai.report.page import write_report
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import SPACING, save_in_format, save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))
SIDES_OF_TIFF = "0.5,1,2mm"  # SPACING, pages first


def _settings(spacing: object) -> EvaluationSettings:
    request = EvaluationRequest("a", "b", "c", patch_size=12, n_patches=4, spacing=spacing)
    return request.settings()


@pytest.fixture
def tiffs(tmp_path: Path) -> Path:
    save_in_format(tmp_path / "pred" / "a_mask.tif", vessels(0))
    save_in_format(tmp_path / "label" / "a.tif", vessels(1))
    return tmp_path


def test_without_a_voxel_size_every_caption_says_voxels(tiffs: Path):
    evaluation = evaluate([tiffs / "pred"], tiffs / "label", FEW)
    texts = [as_markdown(evaluation), as_terminal_table(evaluation)]
    texts.append(write_report(evaluation, tiffs / "report.html").read_text(encoding="utf-8"))
    for text in texts:
        shown = re.sub(r"<style>.*?</style>|data:image/png;base64,[^']*", "", text)
        shown = shown.replace("--spacing gives them in mm", "")
        assert not re.search(r"\bmm\b", shown)
        assert "HD95 (voxels)" in shown
    write_tables(evaluation, tiffs / "out")
    with (tiffs / "out" / "cases.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["hd95_voxels"]) > 0
    assert not [name for name in row if "mm" in name]
    content = json.loads((tiffs / "out" / "evaluation.json").read_text())
    assert content["length_unit"] == "voxels"
    assert content["methods"]["pred"]["cases"][0]["spacing_mm"] is None
    assert "hd95_voxels" in content["methods"]["pred"]["summary"]


def test_spacing_gives_the_lengths_of_the_same_masks_in_nifti(tiffs: Path):
    for name, seed in (("pred", 0), ("label", 1)):
        save_mask(tiffs / f"nifti_{name}" / "a.nii.gz", vessels(seed))
    expected = evaluate([tiffs / "nifti_pred"], tiffs / "nifti_label", FEW).methods[0].cases[0]
    settings = _settings(SIDES_OF_TIFF)
    evaluation = evaluate([tiffs / "pred"], tiffs / "label", settings)
    (case,) = evaluation.methods[0].cases
    assert case.spacing_mm == pytest.approx(SPACING)
    assert case.volume == pytest.approx(expected.volume, nan_ok=True)
    assert "HD95 (mm)" in as_markdown(evaluation)
    assert not case.notes


def test_spacing_of_pictures_has_rows_before_columns(tmp_path: Path):
    save_in_format(tmp_path / "a" / "case.png", vessels(0, (40, 30)))
    (method,) = evaluate([tmp_path / "a"], tmp_path / "a", _settings("3,2um")).methods
    assert method.cases[0].spacing_mm == pytest.approx((0.002, 0.003))


@pytest.mark.parametrize(
    ("spacing", "says"),
    [
        ("5,1,1", "spacing 5,1,1: the unit is missing"),
        ((5, 1, 1), "spacing 5,1,1: the unit is missing"),
        ("2,2um", "a stack (z, y, x) needs 3 numbers in spacing, got 2"),
    ],
)
def test_spacing_that_cannot_be_used_is_named(spacing: object, says: str, tiffs: Path):
    with pytest.raises(InputError, match=re.escape(says)):
        evaluate([tiffs / "pred"], tiffs / "label", _settings(spacing))


def test_spacing_that_no_label_needs_is_refused(tmp_path: Path):
    save_mask(tmp_path / "a" / "case.nii.gz", vessels(0))
    with pytest.raises(InputError, match="every label says its own voxel size"):
        evaluate([tmp_path / "a"], tmp_path / "a", _settings(SIDES_OF_TIFF))


def test_lengths_in_mm_and_in_voxels_have_no_mean(tiffs: Path):
    """Formats may be mixed in one folder: every case is measured."""
    for name, seed in (("pred", 2), ("label", 3)):
        save_mask(tiffs / name / "b.nii.gz", vessels(seed))
    evaluation = evaluate([tiffs / "pred", tiffs / "label"], tiffs / "label", FEW)
    method = evaluation.methods[0]
    assert [case.case_id for case in method.cases] == ["a", "b"]
    assert method.summary["dice"].n_cases == 2
    assert np.isnan(method.summary["hd95_mm"].mean)
    assert "hd95_mm" not in evaluation.comparisons["label"]
    assert "no mean of them is given" in as_markdown(evaluation)
    write_tables(evaluation, tiffs / "out")
    with (tiffs / "out" / "cases.csv").open() as file:
        in_voxels, in_mm = list(csv.DictReader(file))[:2]
    assert in_voxels["hd95_mm"] == in_mm["hd95_voxels"] == ""
    assert float(in_voxels["hd95_voxels"]) > 0
    assert float(in_mm["hd95_mm"]) > 0
    together = evaluate([tiffs / "pred"], tiffs / "label", _settings(SIDES_OF_TIFF))
    assert together.methods[0].summary["hd95_mm"].n_cases == 2


def test_voxel_sizes_follow_the_axes_of_the_array_and_not_those_of_the_world(tmp_path: Path):
    affine = np.array([[0, 0, 0.5, 0], [2, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1.0]])
    path = save_mask(tmp_path / "a.nii.gz", vessels(0), affine)
    assert frame_of(path).spacing_mm == pytest.approx((2, 1, 0.5))


@pytest.mark.parametrize("spacing", [SIDES_OF_TIFF, "2,2um"])
def test_one_spacing_for_stacks_and_pictures_is_refused(spacing: str, tiffs: Path):
    """Whichever it is meant for."""
    for folder in ("pred", "label"):
        save_in_format(tiffs / folder / "b.png", vessels(0, (30, 20)))
    with pytest.raises(InputError) as caught:
        evaluate([tiffs / "pred"], tiffs / "label", _settings(spacing))
    words = str(caught.value)
    assert "a.tif is a stack (z, y, x) and b.png a single picture (y, x)" in words
    assert "two folders and evaluate each with its spacing" in words
    assert "\n" not in words
