from pathlib import Path

import pytest

from cldice_monai.data.pairing import group_channels, labels_by_id, list_volumes, pair_with_labels
from cldice_monai.errors import InputError


def grouped(*names, known=()):
    groups = group_channels([Path(name) for name in names], known_ids=known)
    return {case: [path.name for path in files] for case, files in groups.items()}


def test_channels_are_grouped_and_ordered():
    assert grouped("b_0001.nii", "a.nii.gz", "b_0000.nii") == {
        "a": ["a.nii.gz"],
        "b": ["b_0000.nii", "b_0001.nii"],
    }


def test_numbered_scans_without_a_first_channel_are_cases_of_their_own():
    assert list(grouped("scan_0001.nii", "scan_0002.nii")) == ["scan_0001", "scan_0002"]


def test_label_of_the_whole_name_makes_the_digits_part_of_the_name():
    groups = grouped("la_0000.nii", "la_0001.nii", known={"la_0000", "la_0001"})
    assert list(groups) == ["la_0000", "la_0001"]


def test_case_name_that_ends_in_four_digits_keeps_them_before_the_channel():
    assert grouped("case_0001_0000.nii.gz", "case_0002_0000.nii.gz") == {
        "case_0001": ["case_0001_0000.nii.gz"],
        "case_0002": ["case_0002_0000.nii.gz"],
    }


def test_missing_channel_is_named():
    with pytest.raises(InputError, match=r"x_0002.nii: .*not _0001; add the missing file"):
        grouped("x_0000.nii", "x_0002.nii")


def test_missing_first_channel_of_a_labelled_case_is_named():
    with pytest.raises(InputError, match=r"x_0001.nii: .*not _0000; add"):
        grouped("x_0001.nii", known={"x"})


@pytest.mark.parametrize("names", [("x.nii", "x.nii.gz"), ("x.nii.gz", "x_0000.nii.gz")])
def test_two_files_for_one_case_are_refused(names):
    with pytest.raises(InputError, match=r"would be case x; rename or remove"):
        grouped(*names)


def test_two_labels_for_one_case_are_refused(touch):
    folder = touch("labels/x.nii", "labels/x.nii.gz") / "labels"
    with pytest.raises(InputError, match=r"x.nii.gz: .*x.nii would be the label of case x; remove"):
        labels_by_id(folder)


def test_hidden_files_folders_and_other_formats_are_no_volumes(touch):
    folder = touch("a.nii.gz", "._a.nii.gz", ".incomplete-b.nii.gz", "c.txt", "d.nii/inside")
    assert [path.name for path in list_volumes(folder)] == ["a.nii.gz"]


def test_missing_folder_has_no_volumes(tmp_path):
    assert list_volumes(tmp_path / "none") == []


def test_all_images_without_label_are_counted_in_one_line():
    images = {name: (Path(f"i/{name}.nii"),) for name in "abcdefg"}
    with pytest.raises(InputError, match=r"i/a.nii: no label l/a.nii.gz; add it") as caught:
        pair_with_labels(images, {"z": Path("l/z.nii")}, label_folder=Path("l"))
    assert "a, b, c, d, e and 2 more" in str(caught.value)
    assert "labels without an image: z" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_label_without_image_is_named():
    with pytest.raises(InputError, match=r"l/z.nii: no image of this name; add it or remove"):
        pair_with_labels({}, {"z": Path("l/z.nii")}, label_folder=Path("l"))


def test_folder_that_may_not_be_read_is_named_with_the_reason(tmp_path, monkeypatch):
    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(
        InputError, match=r"the folder cannot be read \(Permission denied\); check its"
    ):
        list_volumes(tmp_path)
