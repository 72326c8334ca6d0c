"""What files, folders, patterns and lists stand for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cldice_monai.errors import InputError
from cldice_monai.inference.inputs import find_inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ["b.nii.gz", "a.nrrd", "c.tif", "notes.txt", ".hidden.nii", "b_mask.nii.gz"]
    names += ["b_prob.nii.gz", "b_preview.png", "b_report.json", "a_skeleton.nrrd"]
    for name in names:
        (tmp_path / name).touch()
    return tmp_path


def ids(*inputs: object, channels: list[str] | None = None) -> list[str]:
    return [case.case_id for case in find_inputs(list(map(str, inputs)), channels=channels)]


def test_folder_gives_its_images_and_no_results(folder: Path):
    assert ids(folder) == ["a", "b", "c"]


def test_file_and_pattern(folder: Path):
    assert ids(folder / "b.nii.gz") == ["b"]
    assert ids(folder / "*.n*") == ["a", "b"]
    assert ids(folder / "*.n*", folder / "b.nii.gz") == ["a", "b"]  # one file, named twice


def test_images_ts_of_a_folder_is_taken(tmp_path: Path):
    (tmp_path / "imagesTs").mkdir()
    (tmp_path / "imagesTs" / "x.nii.gz").touch()
    assert ids(tmp_path) == ["x"]


def test_channel_numbers_are_one_case_and_other_digits_stay(tmp_path: Path):
    for name in ("x_0000.mha", "x_0001.mha", "scan_0007.mha"):
        (tmp_path / name).touch()
    cases = find_inputs([tmp_path])
    assert [(case.case_id, len(case.image)) for case in cases] == [("scan_0007", 1), ("x", 2)]


def test_patterns_name_the_channels(tmp_path: Path):
    for name in ("m1_C00.tif", "m1_C01.tif", "m2_C00.tif", "m2_C01.tif", "other.tif"):
        (tmp_path / name).touch()
    cases = find_inputs([tmp_path], channels=["*_C01.tif", "*_C00.tif"])
    assert [case.case_id for case in cases] == ["m1", "m2"]
    assert [path.name for path in cases[0].image] == ["m1_C01.tif", "m1_C00.tif"]
    (tmp_path / "m2_C01.tif").unlink()
    with pytest.raises(InputError, match="case m2 has no file m2_C01"):
        find_inputs([tmp_path], channels=["*_C00.tif", "*_C01.tif"])


@pytest.mark.parametrize("pattern", ["C00.tif", "*_*.tif", "../*_C00.tif"])
def test_pattern_needs_one_star(pattern: str, folder: Path):
    with pytest.raises(InputError, match=r"needs one \* for the name of the case"):
        find_inputs([folder], channels=[pattern])


@pytest.mark.parametrize(
    ("first", "second"),
    [("one/x.nii.gz", "two/x.nii.gz"), ("one/x.nii.gz", "one/x.nrrd"), ("x.nii", "x_mask.nii")],
)
def test_two_inputs_of_one_id_are_refused(first: str, second: str, tmp_path: Path):
    for name in (first, second):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError, match="would be case x"):
        find_inputs([tmp_path / first, tmp_path / second])


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/b", ".hidden", ".."])
def test_list_cannot_lead_out_of_the_output_folder(name: str, tmp_path: Path):
    (tmp_path / "x.nii.gz").touch()
    content = {"test": [{"image": "x.nii.gz", "case_id": name}], "training": []}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(InputError):
        find_inputs([tmp_path / "dataset.json"])


@pytest.mark.parametrize("name", ["nowhere", "nowhere.nii.gz", "*.dcm"])
def test_input_that_is_not_there_is_named(name: str, tmp_path: Path):
    with pytest.raises(InputError, match="there is no such file or folder"):
        find_inputs([tmp_path / name])


def test_folder_without_images_says_where_some_are(tmp_path: Path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "x.nii.gz").touch()
    with pytest.raises(InputError, match="to segment those in deeper pass that folder"):
        find_inputs([tmp_path])
