from pathlib import Path

from cldice_monai.data import VesselCase


def test_item_of_two_channels_lists_both_files_in_order():
    case = VesselCase("a", (Path("a_0000.nii"), Path("a_0001.nii")), Path("l/a.nii"))
    assert case.as_item() == {
        "image": ["a_0000.nii", "a_0001.nii"],
        "label": "l/a.nii",
        "case_id": "a",
    }


def test_item_without_label_has_no_label_key():
    assert VesselCase("a", (Path("a.nii"),)).as_item() == {"image": ["a.nii"], "case_id": "a"}


def test_item_with_a_mask_names_it():
    case = VesselCase("a", (Path("a.nii"),), Path("b.nii"), Path("m.nii"))
    assert case.as_item()["mask"] == "m.nii"
