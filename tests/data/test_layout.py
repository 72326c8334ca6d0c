import time
from pathlib import Path

import pytest

from cldice_monai.data.layout import expect_folders, match_files, pair_files
from cldice_monai.errors import InputError


def test_missing_folder_shows_the_nearest_one_and_what_is_expected(touch):
    root = touch("DRIVE/training/images/21_training.tif", "DRIVE/training/1st_manuel/x.gif")
    with pytest.raises(InputError) as raised:
        expect_folders(root / "DRIVE", ["training/images", "training/1st_manual"], **_words())
    assert str(raised.value) == (
        f"{root / 'DRIVE'}: not the layout of DRIVE: there is no training/1st_manual "
        "(nearest found: training/1st_manuel); expected the folders of DRIVE"
    )


def test_folder_one_level_too_high_shows_the_way_down(touch):
    root = touch("DRIVE/training/images/21_training.tif")
    with pytest.raises(InputError, match=r"nearest found: DRIVE/training/images\)"):
        expect_folders(root, ["training/images"], **_words())


def test_folder_one_level_too_low_shows_what_is_there(touch):
    root = touch("training/images/21_training.tif", "training/mask/a.gif")
    with pytest.raises(InputError, match=r"found: images, mask\)"):
        expect_folders(root / "training", ["a/b/c"], **_words())


def test_name_that_lies_deeper_is_compared_without_the_folders_above(touch):
    root = touch("release/volumes/raws/1.nii.gz")
    with pytest.raises(InputError, match=r"nearest found: release/volumes/raws\)") as raised:
        expect_folders(root, ["raw", "seg"], **_words())
    assert "did you mean" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "meant"), [(".", "SELMA/VessAP"), ("SELMA", "SELMA/VessAP"), ("SELMA/VessAP/raw", "")]
)
def test_folder_that_has_the_layout_is_suggested(touch, given, meant):
    root = touch("SELMA/VessAP/raw/a.nii", "SELMA/VessAP/gt/a.nii", "SELMA/other/raw/a.nii")
    with pytest.raises(InputError) as raised:
        expect_folders(root / given, ["raw", "gt"], **_words())
    expected = root / (meant or "SELMA/VessAP")
    assert str(raised.value).endswith(f"; did you mean {expected}?")


def test_folder_with_another_layout_of_the_dataset_is_suggested(touch):
    root = touch("older/prep/a.nii", "older/gt_all/a.nii")
    with pytest.raises(InputError, match=r"; did you mean .*older\?$"):
        expect_folders(root, ["raw", "gt"], others=(("a", "b"), ("prep", "gt_all")), **_words())


def test_empty_folder_and_file_are_told_apart(touch):
    root = touch("a.txt")
    (root / "empty").mkdir()
    with pytest.raises(InputError, match="found: an empty folder"):
        expect_folders(root / "empty", ["raw"], **_words())
    with pytest.raises(InputError, match=r"a\.txt: is a file, not a folder"):
        expect_folders(root / "a.txt", ["raw"], **_words())


def test_no_file_of_the_name_shows_the_nearest_name(touch):
    root = touch("images/21_training.png", "images/readme.txt")
    with pytest.raises(InputError, match=r"like 21_training.tif \(nearest found: 21_training.png"):
        match_files(root / "images", r"(?P<case>\d+)\.tif", example="21_training.tif")


def test_files_of_other_names_are_noted_and_hidden_ones_are_not(touch):
    root = touch("1.tif", "2.tif", "2 (copy).tif", ".DS_Store", "2_Result.tif")
    files, notes = match_files(root, r"(?P<case>\d+)\.tif", example="1.tif", ignore="Result")
    assert list(files) == ["1", "2"]
    assert notes == [f"{root}: left alone, names not like 1.tif: 2 (copy).tif"]


def test_two_files_of_one_case_are_refused(touch):
    root = touch("1.tif", "1.tiff")
    with pytest.raises(InputError, match=r"1\.tiff: both it and 1\.tif would be case 1"):
        match_files(root, r"(?P<case>\d+)\.tiff?", example="1.tif")


def test_each_lone_file_is_a_problem_and_shows_its_likely_partner():
    found = pair_files(
        {name: (Path(f"raw/{name}.nii"),) for name in ("mouse_a", "mouse_b", "mouse_c")},
        {name: Path(f"gt/{name}.nii") for name in ("mouse_a", "mouse_bb")},
        label_name=lambda case: Path(f"gt/{case}.nii"),
    )
    assert [case.case_id for case in found.cases] == ["mouse_a"]
    first, second, third = found.problems
    assert first.startswith("raw/mouse_b.nii: there is no label gt/mouse_b.nii (nearest found: mo")
    assert "mouse_bb.nii)" in first
    assert second.startswith("raw/mouse_c.nii: there is no label gt/mouse_c.nii")
    assert third == "gt/mouse_bb.nii: there is no image for this label; add it or remove the label"


def test_thousands_of_lone_files_are_each_named_without_delay():
    n_files = 3000
    start = time.perf_counter()
    found = pair_files(
        {f"mouse_{n:04d}": (Path(f"raw/mouse_{n:04d}.nii"),) for n in range(n_files)},
        {f"mouse-{n:04d}": Path(f"gt/mouse-{n:04d}.nii") for n in range(n_files)},
        label_name=lambda case: Path(f"gt/{case}.nii"),
    )
    assert time.perf_counter() - start < 20  # comparing all names would take minutes
    assert len(found.problems) == 2 * n_files
    assert sum("nearest found" in line for line in found.problems) == 20


def test_lone_mask_is_a_problem():
    found = pair_files(
        {"1": (Path("1.tif"),)},
        {"1": Path("1.gif")},
        label_name=lambda case: Path(f"{case}.gif"),
        masks={},
        mask_name=lambda case: Path(f"{case}_mask.gif"),
    )
    assert found.problems == ["1.tif: there is no mask 1_mask.gif; add it or remove the image"]


def _words():
    return {"dataset": "DRIVE", "expected": "the folders of DRIVE"}
