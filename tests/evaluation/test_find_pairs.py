"""Which prediction belongs to which label."""

from __future__ import annotations

from pathlib import Path

import pytest

from cldice_monai.errors import InputError
from cldice_monai.evaluation.find_pairs import find_pairs


@pytest.fixture
def folders(tmp_path: Path):
    """Make empty files, since names alone are looked at."""

    def make(predictions: str, labels: str) -> tuple[Path, Path]:
        for folder, names in (("pred", predictions), ("label", labels)):
            (tmp_path / folder).mkdir()
            for name in names.split():
                (tmp_path / folder / name).touch()
        return tmp_path / "pred", tmp_path / "label"

    return make


def _pairs(folders: tuple[Path, Path]) -> dict[str, tuple[str, str]]:
    return {pair.case_id: (pair.pred.name, pair.label.name) for pair in find_pairs(*folders)[0]}


@pytest.mark.parametrize(
    ("pred", "label"),
    [
        ("a.nii.gz", "a.nii.gz"),
        ("a_mask.nii.gz", "a.nii"),
        ("a.nii", "a_mask.nii.gz"),
        ("a_0000.nii.gz", "a.nii.gz"),
        ("a_0000_mask.nii.gz", "a.nii.gz"),
        ("a_mask.tif", "a.ome.tif"),
        ("a_mask.png", "a.png"),
        ("a_mask.bmp", "a.png"),
        ("a_mask.nrrd", "a.nii.gz"),
    ],
)
def test_endings_mask_and_channel_do_not_count(pred: str, label: str, folders):
    assert _pairs(folders(pred, label)) == {"a": (pred, label)}


def test_digits_that_belong_to_the_name_stay(folders):
    """Scans are commonly numbered with four digits, as channels are."""
    found = folders("scan_0007_mask.nii.gz scan_0008.nii", "scan_0007.nii.gz scan_0008.nii.gz")
    assert _pairs(found) == {
        "scan_0007": ("scan_0007_mask.nii.gz", "scan_0007.nii.gz"),
        "scan_0008": ("scan_0008.nii", "scan_0008.nii.gz"),
    }


def test_other_outputs_are_passed_over_without_a_word(folders):
    others = (
        "a_preview.png a_prob.nii.gz a_skeleton.nii.gz a_ghosts_misses.nii.gz .a.nii.gz a.txt "
        "a_report.json summary.csv manifest.json"
    )
    pairs, notes = find_pairs(*folders(f"a_mask.nii.gz {others}", "a.nii.gz"))
    assert [pair.case_id for pair in pairs] == ["a"]
    assert notes == []


def test_formats_may_be_mixed_in_a_folder(folders):
    found = folders("a_mask.nii.gz b.nrrd c_mask.png d.tif", "a.nii.gz b.png c.mha d.nii")
    assert list(_pairs(found)) == ["a", "b", "c", "d"]


def test_picture_beside_a_volume_of_the_same_case_is_left_out_and_named(folders):
    pairs, notes = find_pairs(*folders("a_mask.nii.gz a.png b.png", "a.nii.gz b.nrrd b.tif"))
    assert [pair.pred.name for pair in pairs] == ["a_mask.nii.gz", "b.png"]
    assert notes == [
        "label: b.tif left out, because b.nrrd is the same case",
        "pred: a.png left out, because a_mask.nii.gz is the same case",
    ]


def test_prediction_without_a_label_is_noted(folders):
    pairs, notes = find_pairs(*folders("a.nii.gz b_0000.nii.gz", "a.nii.gz"))
    assert len(pairs) == 1
    assert len(notes) == 1
    assert notes[0].endswith("not evaluated, because they have no label: b_0000")


@pytest.mark.parametrize(
    ("predictions", "labels", "words"),
    [
        ("a.nii.gz a_mask.nii.gz", "a.nii.gz", "are case a; remove one"),
        ("a_0000.nii.gz a_0001.nii.gz", "a.nii.gz", "are case a; remove one"),
        ("a.nii.gz", "a.nii.gz a.nii", "are case a; remove one"),
        ("b.nii.gz", "a.nii.gz", "no prediction for a (predictions without a label: b)"),
        ("a_prob.nii.gz", "a.nii.gz", "no mask in it; name the folder of the predictions: .nii.gz"),
    ],
)
def test_what_cannot_be_paired_is_named(predictions: str, labels: str, words: str, folders):
    with pytest.raises(InputError) as caught:
        find_pairs(*folders(predictions, labels))
    assert words in str(caught.value)
