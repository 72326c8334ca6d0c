from pathlib import Path

import pytest

from cldice_monai.data.case_id import case_id, strip_ending


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b/x_0000.nii.gz", "x"),
        ("x_0001.nii", "x"),
        ("x.nii.gz", "x"),
        ("x_mask.nii.gz", "x"),
        ("x_0000_mask.nii.gz", "x"),
        ("raw/patchvolume_000_0001.nii.gz", "patchvolume_000"),
        ("gt/patchvolume_000.nii.gz", "patchvolume_000"),
        ("mouse.v2.NII.GZ", "mouse.v2"),
        ("x_00000.nii.gz", "x_00000"),
        ("photo.tif", "photo"),
        ("_0000.nii.gz", "_0000"),
        ("_mask.nii.gz", "_mask"),
    ],
)
def test_ending_mask_and_channel_number_are_removed(path, expected):
    assert case_id(path) == expected
    assert case_id(Path(path)) == expected


def test_dots_inside_the_name_are_kept():
    assert strip_ending("folder.d/scan.1.5mm.nii.gz") == "scan.1.5mm"
