"""The files of an evaluation: what was not measured never looks like a number."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS
from cldice_monai.evaluation.markdown import as_markdown
from cldice_monai.evaluation.run import evaluate
from cldice_monai.evaluation.tables import write_tables
from cldice_monai.evaluation.terminal import as_terminal_table
from cldice_monai.report.page import write_report
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import save_mask

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=3))
PAPERS_ORDER = [
    "Dice",
    "Accuracy",
    "clDice",
    "b0_error",
    "b1_error",
    "SMD",
    "Euler_error",
    "Opt-J_F1",
]


@pytest.fixture
def evaluation(make_masks: Callable):
    folder = make_masks(2)
    empty = np.zeros((24, 24, 20), bool)
    for name in ("labels", "good", "bad"):
        save_mask(folder / name / "nothing.nii.gz", empty)
    return evaluate([folder / "good", folder / "bad"], folder / "labels", FEW)


def test_first_table_has_the_papers_columns_in_its_order(evaluation):
    text = as_markdown(evaluation)
    header = next(line for line in text.splitlines() if line.startswith("| |"))
    assert [cell.strip().replace(" ", "_") for cell in header.split("|")[2:-1]] == PAPERS_ORDER
    assert [column.title.replace(" ", "_") for column in PAPER_COLUMNS] == PAPERS_ORDER
    assert "3 patches a case of 12 voxels a side, seed 0" in text
    assert "95 % interval of a percentile bootstrap" in text
    assert "(2000 draws, seed 0)" in text
    assert "changes of sign up to 14 cases, 10000 draws with seed 0" in text
    assert "| nothing | 24 x 24 x 20 | 2 x 1 x 0.5 mm | 3 |" in text
    assert "no p-value below 6 cases" in text
    for column in COLUMNS:
        assert column.definition in text


def test_of_one_case_no_interval_is_promised(make_masks: Callable):
    folder = make_masks(1)
    text = as_markdown(evaluate([folder / "good"], folder / "labels", FEW))
    introduction = text.split("\n\n")[1]
    assert "Mean over cases (of one, so without an interval)" in introduction
    assert "95 %" not in introduction


def test_each_case_has_a_row_a_method(evaluation):
    text = as_markdown(evaluation).partition("## Cases")[2].partition("##")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert [cell.replace(" ", "_") for cell in rows[0]] == ["case", "method", *PAPERS_ORDER]
    names = [tuple(row[:2]) for row in rows[2:]]
    cases = ("case_0", "case_1", "nothing")
    assert names == [(case, method) for case in cases for method in ("good", "bad")]
    assert rows[-1][2] == "n/a", "the empty label has no Dice"


def test_json_gives_every_figure_with_what_it_depends_on(evaluation, tmp_path: Path):
    write_tables(evaluation, tmp_path / "out")
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert content["settings"]["connectivity"] == "foreground-full"
    assert content["settings"]["sampler"]["n_patches"] == 3
    good = content["methods"]["good"]
    assert good["summary"]["dice"]["n_cases"] == 2, "the empty label has no Dice"
    nothing = next(case for case in good["cases"] if case["case_id"] == "nothing")
    assert nothing["figures"]["dice"] is None
    assert nothing["not_measured_because"]["dice"] == "the label is empty"
    assert nothing["not_measured_because"]["surface_dice"] == "both masks are empty"
    assert good["summary"]["hd95_mm"]["cases_with_both_masks_empty"] == 1
    assert nothing["figures"]["b0_error"] == 0
    assert nothing["spacing_mm"] == pytest.approx([2.0, 1.0, 0.5])
    assert content["comparisons_with_the_first"]["bad"]["dice"]["p_value"] is None
    defined = {column.name for column in COLUMNS} | {"length_mm", "junctions", "ends"}
    assert set(content["definitions"]) == defined
    assert nothing["patch_size_voxels"] == [12, 12, 12]


def test_csv_has_a_row_a_case_and_a_row_a_patch_and_leaves_cells_empty(evaluation, tmp_path: Path):
    write_tables(evaluation, tmp_path)
    with (tmp_path / "cases.csv").open() as file:
        cases = list(csv.DictReader(file))
    with (tmp_path / "patches.csv").open() as file:
        patches = list(csv.DictReader(file))
    assert len(cases) == 2 * 3
    assert len(patches) == 2 * 3 * 3
    by_name = {(row["method"], row["case_id"]): row for row in cases}
    assert by_name["good", "nothing"]["dice"] == ""
    assert float(by_name["good", "case_0"]["dice"]) > float(by_name["bad", "case_0"]["dice"])
    b0 = [
        abs(float(row["b0_pred"]) - float(row["b0_label"]))
        for row in patches
        if (row["method"], row["case_id"]) == ("bad", "case_0")
    ]
    assert np.mean(b0) == pytest.approx(float(by_name["bad", "case_0"]["b0_error"]))


def test_ratio_is_compared_by_its_distance_from_one():
    ratio = next(column for column in COLUMNS if column.name == "euler_ratio")
    assert ratio.compared([2.0]) == ratio.compared([0.0]) == 1.0
    assert ratio.compared([1.1]) < ratio.compared([0.5]) < ratio.compared([-1.0])


def test_comparison_says_what_of_the_ratio_is_compared(evaluation):
    compared = evaluation.comparisons["bad"]["euler_ratio"].difference
    good, bad = (
        [abs(case.means()["euler_ratio"] - 1) for case in method.cases]
        for method in evaluation.methods
    )
    assert compared == pytest.approx(np.mean(np.subtract(bad, good)))
    text = as_markdown(evaluation).partition("## Differences")[2].partition("##")[0]
    assert f"| bad | Euler ratio, distance from 1 | {compared:+.4f} |" in text


def test_terminal_table_fits_into_eighty_columns(evaluation):
    text = as_terminal_table(evaluation)
    assert max(map(len, text.splitlines())) <= 80
    assert "good" in text.splitlines()[0]
    assert "Opt-J F1" in text


def test_terminal_table_names_class_and_method_of_each_column(tmp_path: Path):
    values = (np.arange(24 * 24 * 20) % 3).reshape(24, 24, 20)
    for name in ("a_method_with_a_long_name", "other"):
        save_mask(tmp_path / name / "a.nii.gz", values)
    settings = EvaluationSettings(FEW.sampler, classes=(1, 2))
    folders = [tmp_path / "a_method_with_a_long_name", tmp_path / "other"]
    lines = as_terminal_table(evaluate(folders, tmp_path / "other", settings)).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split()[1::2] == ["other", "other"]
    assert lines[1].split() == ["class", "1", "class", "1", "class", "2", "class", "2"]


def test_every_file_says_how_often_one_side_alone_was_empty(tmp_path: Path):
    mask = np.zeros((12, 12, 12), bool)
    save_mask(tmp_path / "pred" / "a.nii.gz", mask)
    mask[2:10, 5, 5] = True
    save_mask(tmp_path / "label" / "a.nii.gz", mask)
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    text = as_markdown(evaluation)
    assert "| 1.000 (3 patches with one empty network) |" in text
    assert "| n/a (1 case with one empty mask) |" in text
    assert "within 5 voxels; SMD of 100 points a network; surface Dice within 2 mm" in text
    write_tables(evaluation, tmp_path)
    with (tmp_path / "cases.csv").open() as file:
        (row,) = csv.DictReader(file)
    empty = ("pred_is_empty", "label_is_empty", "patches_with_one_empty_network")
    assert [row[name] for name in empty] == ["1", "0", "3"]
    content = json.loads((tmp_path / "evaluation.json").read_text())
    summary = content["methods"]["pred"]["summary"]
    assert summary["streetmover"]["patches_with_one_empty_network"] == 3
    assert summary["hd95_mm"]["cases_with_one_empty_mask"] == 1
    page = write_report(evaluation, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<small>(3 patches with one empty network)</small>" in page
    assert "<small>(1 case with one empty mask)</small>" in page
    assert [float(row[f"voxel_{axis}_mm"]) for axis in "xyz"] == [2.0, 1.0, 0.5]
    assert float(row["surface_tolerance_mm"]) == 2.0
    with (tmp_path / "patches.csv").open() as file:
        assert [row["one_empty"] for row in csv.DictReader(file)] == ["1.0"] * 3


def test_names_stay_in_their_cell_and_are_no_html(tmp_path: Path):
    for folder in ("labels", "a|<b>"):
        save_mask(tmp_path / folder / "x|<i>y.nii.gz", np.zeros((12, 12, 1), bool))
    settings = EvaluationSettings(PatchSampler(patch_size=12, n_patches=1))
    lines = as_markdown(evaluate([tmp_path / "a|<b>"], tmp_path / "labels", settings)).splitlines()
    rows = [line for line in lines if line.startswith("| x")]
    assert rows[0].startswith(r"| x\|&lt;i>y | a\|&lt;b> | n/a | 1.000 |")
    assert r"- a\|&lt;b>/x\|&lt;i>y.nii.gz: empty, no voxel is above 0" in lines


def test_size_of_patches_that_2d_and_3d_cases_share_is_said_once(tmp_path: Path):
    for name, depth in (("flat", 1), ("deep", 12)):
        for folder in ("labels", "pred"):
            save_mask(tmp_path / folder / f"{name}.nii.gz", np.zeros((12, 12, depth), bool))
    settings = EvaluationSettings(PatchSampler(patch_size=12, n_patches=1))
    text = as_markdown(evaluate([tmp_path / "pred"], tmp_path / "labels", settings))
    assert "1 patch a case of 12 voxels a side, seed 0" in text


def test_no_file_tells_where_the_folders_lie(evaluation, tmp_path: Path):
    """A report is passed on; the folders above those of the masks name their owner."""
    paths = [*write_tables(evaluation, tmp_path / "out")]
    paths.append(write_report(evaluation, tmp_path / "out" / "report.html"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert "good/nothing.nii.gz: empty" in texts[0]
    assert not [path.name for path, text in zip(paths, texts, strict=True) if tmp_path.name in text]


def test_column_that_no_case_gives_is_not_a_number(tmp_path: Path):
    save_mask(tmp_path / "empty" / "a.nii.gz", np.zeros((24, 24, 20), bool))
    text = as_markdown(evaluate([tmp_path / "empty"], tmp_path / "empty", FEW))
    row = next(line for line in text.splitlines() if line.startswith("| empty"))
    assert row.split("|")[2].strip() == "n/a"
