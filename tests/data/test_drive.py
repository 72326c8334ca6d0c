import numpy as np
import pytest
from PIL import Image

from cldice_monai.data.drive import DRIVEDataset, find_drive_cases
from cldice_monai.errors import InputError


def test_image_label_and_field_of_view_of_a_case_belong_together(layouts):
    root = layouts.drive(n_training=2, n_test=1)
    first, second, test = find_drive_cases(root).cases
    assert [c.case_id for c in (first, second, test)] == ["21_training", "22_training", "01_test"]
    assert first.image == (root / "training" / "images" / "21_training.tif",)
    assert first.label == root / "training" / "1st_manual" / "21_manual1.gif"
    assert first.mask == root / "training" / "mask" / "21_training_mask.gif"
    assert test.mask == root / "test" / "mask" / "01_test_mask.gif"


def test_pixels_arrive_where_they_were(layouts):
    root = layouts.drive()
    dataset = DRIVEDataset(root, "training", cache_rate=0)
    item = dataset[0]
    number = int(item["case_id"][:2])
    image, label = layouts.picture(number)
    assert np.array_equal(item["image"], np.moveaxis(image, -1, 0))
    assert np.array_equal(item["label"][0], label > 0)
    assert int(item["mask"].sum()) == 20 * 16  # two pixels from each border of 24 x 20


def test_release_without_test_labels_uses_the_training_part(layouts):
    root = layouts.drive(n_training=6)
    for path in (root / "test" / "1st_manual").iterdir():
        path.unlink()
    (root / "test" / "1st_manual").rmdir()
    found = find_drive_cases(root)
    assert len(found.cases) == 6
    assert any("has no 1st_manual" in note for note in found.notes)


def test_wrong_folder_shows_what_is_expected_and_what_is_near(layouts):
    root = layouts.drive()
    (root / "training" / "1st_manual").rename(root / "training" / "2nd_manual")
    with pytest.raises(InputError) as raised:
        find_drive_cases(root)
    message = str(raised.value)
    assert "there is no training/1st_manual (nearest found: training/2nd_manual)" in message
    assert "expected training/ and test/ with images/21_training.tif" in message


def test_parent_folder_shows_the_way_down(layouts):
    root = layouts.drive()
    with pytest.raises(InputError, match="nearest found: DRIVE/training/images"):
        find_drive_cases(root.parent)


def test_image_without_its_mask_is_named(layouts):
    root = layouts.drive()
    (root / "training" / "mask" / "22_training_mask.gif").unlink()
    (problem,) = find_drive_cases(root).problems
    assert problem.startswith(str(root / "training" / "images" / "22_training.tif"))
    assert "there is no mask" in problem


def test_labels_of_the_second_observer_are_left_alone(layouts):
    root = layouts.drive()
    other = root / "test" / "2nd_manual"
    other.mkdir()
    Image.new("L", (20, 24)).save(other / "01_manual2.gif")
    found = find_drive_cases(root)
    assert len(found.cases) == 6
    assert found.problems == []
