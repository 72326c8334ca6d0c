import pytest

from cldice_monai.data.folder import find_folder_cases
from cldice_monai.errors import InputError


def test_plain_names_and_channel_files_are_paired_with_labels(touch):
    folder = touch(
        "imagesTr/a.nii.gz",
        "imagesTr/b_0000.nii.gz",
        "imagesTr/b_0001.nii.gz",
        "imagesTr/c_0000.nii",
        "labelsTr/a.nii.gz",
        "labelsTr/b.nii.gz",
        "labelsTr/c.nii.gz",
    )
    cases = find_folder_cases(folder)
    assert [case.case_id for case in cases] == ["a", "b", "c"]
    assert [[path.name for path in case.image] for case in cases] == [
        ["a.nii.gz"],
        ["b_0000.nii.gz", "b_0001.nii.gz"],
        ["c_0000.nii"],
    ]
    assert [case.label.name for case in cases] == ["a.nii.gz", "b.nii.gz", "c.nii.gz"]


def test_cases_numbered_with_four_digits_stay_apart(touch):
    names = [f"{part}Tr/la_{n:04d}.nii.gz" for n in range(3) for part in ("images", "labels")]
    cases = find_folder_cases(touch(*names))
    assert [case.case_id for case in cases] == ["la_0000", "la_0001", "la_0002"]
    assert all(case.image[0].name == case.label.name for case in cases)


def test_image_without_label_is_named_with_the_file_to_add(touch):
    folder = touch("imagesTr/a_0000.nii.gz", "imagesTr/b_0000.nii.gz", "labelsTr/b.nii.gz")
    with pytest.raises(InputError, match=r"a_0000.nii.gz: no label .*labelsTr/a.nii.gz; add it"):
        find_folder_cases(folder)


def test_label_without_image_is_named(touch):
    folder = touch("imagesTr/a.nii.gz", "labelsTr/a.nii.gz", "labelsTr/b.nii.gz")
    with pytest.raises(InputError, match=r"labelsTr/b.nii.gz: no image of this name; add it"):
        find_folder_cases(folder)


@pytest.mark.parametrize("missing", ["imagesTr", "labelsTr"])
def test_missing_half_is_named(touch, missing):
    folder = touch(f"{({'imagesTr', 'labelsTr'} - {missing}).pop()}/a.nii.gz")
    with pytest.raises(InputError, match=rf"{missing}: this folder is missing.*training needs"):
        find_folder_cases(folder)
