import pytest

from cldice_monai.data.vessap import find_vessap_cases
from cldice_monai.errors import InputError


def release(touch, n=2):
    """Files named as in the public release."""
    names = []
    for patch in range(n):
        stem = f"patchvolume_{patch:03d}"
        names += [f"raw/{stem}_0000.nii.gz", f"raw/{stem}_0001.nii.gz", f"gt/{stem}.nii.gz"]
    return touch(*names)


def test_one_channel_is_channel_zero(touch):
    folder = release(touch)
    cases = find_vessap_cases(folder, in_channels=1)
    assert [case.case_id for case in cases] == ["patchvolume_000", "patchvolume_001"]
    assert cases[1].image == (folder / "raw" / "patchvolume_001_0000.nii.gz",)
    assert cases[1].label == folder / "gt" / "patchvolume_001.nii.gz"


def test_two_channels_are_both_files_in_order(touch):
    (case, *_) = find_vessap_cases(release(touch), in_channels=2)
    assert [path.name[-11:] for path in case.image] == ["0000.nii.gz", "0001.nii.gz"]


def test_more_channels_than_the_release_has_are_refused(touch):
    with pytest.raises(InputError, match=r"000_0001.nii.gz: .*2 channels.*pass --in_channels 2"):
        find_vessap_cases(release(touch), in_channels=3)


def test_patch_without_second_channel_is_left_to_the_channel_check(touch):
    folder = touch("raw/patchvolume_000_0000.nii.gz", "gt/patchvolume_000.nii.gz")
    (case,) = find_vessap_cases(folder, in_channels=2)
    assert len(case.image) == 1


def test_patch_without_label_is_named(touch):
    folder = release(touch)
    (folder / "gt" / "patchvolume_001.nii.gz").unlink()
    with pytest.raises(InputError, match=r"001_0000.nii.gz: no label .*volume_001.nii.gz; add"):
        find_vessap_cases(folder)
