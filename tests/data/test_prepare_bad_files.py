"""Files of a dataset that cannot be used: each is named, and left out only on request."""

import json

import numpy as np
import pytest
from PIL import Image

from cldice_monai.data import check_training_cases, find_training_cases
from cldice_monai.errors import InputError


def test_each_bad_file_is_named_and_nothing_is_written(layouts, prepare, tmp_path):
    root = layouts.deepvesselnet(12)
    bad = _spoil(root, layouts)
    with pytest.raises(InputError) as raised:
        prepare("deepvesselnet", root)
    lines = str(raised.value).splitlines()
    assert len(lines) == len(bad) + 1
    for path, words in bad.items():
        assert [line for line in lines if str(path) in line and words in line], path
    assert lines[-1] == f"{root}: 6 faults; mend them, or leave them out with --skip-bad"
    assert not (tmp_path / "out").exists()


def test_bad_files_are_left_out_and_written_down_only_with_skip_bad(layouts, prepare):
    root = layouts.deepvesselnet(12)
    bad = _spoil(root, layouts)
    prepared = prepare("deepvesselnet", root, skip_bad=True)
    assert len(prepared.faults) == len(bad)
    content = json.loads(prepared.list_path.read_text())
    assert content["left_out"] == list(prepared.faults)
    ids = {e["case_id"] for part in ("training", "validation", "test") for e in content[part]}
    assert ids == {"7", "8", "9", "10", "11", "12"}
    found = find_training_cases(prepared.list_path)
    assert len(check_training_cases(found.training, in_channels=1).cases) == len(found.training)
    assert len([line for line in prepare.shown if line.startswith("left out: ")]) == len(bad)


@pytest.mark.parametrize(
    ("release", "added"),
    [
        ("deepvesselnet", "raw/1.nii"),
        ("deepvesselnet", "seg/1.nii"),
        ("drive", "training/images/21_training.tiff"),
        ("drive", "training/1st_manual/21_manual1.png"),
        ("roads", "train/sat/10078660_15.tif"),
        ("vessap", "raw/patchvolume_001_0003.nii.gz"),
        ("vessap", "gt/patchvolume_001.nii"),
        ("older_vessap", "gt_all/BALBc_no0_iso3um_stitched_C00_cube_DoG026.nii.gz"),
        ("older_vessap", "prep/prep_BALBc_no0_iso3um_stitched_C03_crop_cube.nii.gz"),
    ],
)
def test_file_too_many_costs_its_case_alone(layouts, prepare, release, added):
    name = "vessap" if release == "older_vessap" else release
    root = getattr(layouts, release)()
    (root / added).write_bytes(b"")
    with pytest.raises(InputError) as raised:
        prepare(name, root)
    fault, advice = str(raised.value).splitlines()
    assert added.split("_")[0] in fault
    assert "1 fault; mend them" in advice
    prepared = prepare(name, root, skip_bad=True)
    assert prepared.faults == (fault,)
    content = json.loads(prepared.list_path.read_text())
    assert sum(len(content[part]) for part in ("training", "validation", "test")) == 5


def test_folder_names_every_case_whose_files_are_not_complete(make_dataset, prepare):
    root = make_dataset(8, size=12)
    images, labels = root / "imagesTr", root / "labelsTr"
    (images / "case_0.nii.gz").rename(images / "case_0_0001.nii.gz")
    (images / "case_1.nii").touch()
    (labels / "case_2.nii").touch()
    (root / "imagesTs").mkdir(exist_ok=True)
    (root / "imagesTs" / "other.nii.gz").touch()
    with pytest.raises(InputError) as raised:
        prepare("folder", root)
    lines = str(raised.value).splitlines()
    assert "case_0_0001.nii.gz: case case_0 has this channel but not _0000" in lines[0]
    assert "case_1.nii would be case case_1" in lines[1]
    assert "case_2.nii would be the label of case case_2" in lines[2]
    assert "3 faults" in lines[3]
    prepared = prepare("folder", root, skip_bad=True)
    assert len(prepared.faults) == 3
    assert f"note: {root / 'imagesTs'}: left alone; the test part is drawn from imagesTr" in (
        prepare.shown
    )


def test_fault_of_a_file_with_many_cases_is_said_once(layouts, prepare, monkeypatch):
    h5py = pytest.importorskip("h5py")
    root = layouts.cremi(n_sections=5)
    real = h5py.Dataset.__getitem__

    def damaged(self, key):
        if "sample_B" in self.file.filename and self.name == "/volumes/raw":
            raise OSError("filter returned failure")
        return real(self, key)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", damaged)
    with pytest.raises(InputError) as raised:
        prepare("cremi", root)
    fault, advice = str(raised.value).splitlines()
    assert fault.startswith(str(root / "sample_B_20160501.hdf"))
    assert fault.endswith("(5 cases are lost)")
    assert "1 fault;" in advice
    assert "     5  have a fault" in prepare.shown[1]


def test_bad_pictures_are_named_with_the_file_the_user_has(layouts, prepare):
    root = layouts.drive(n_training=6)
    images = root / "training" / "images"
    content = (images / "21_training.tif").read_bytes()
    (images / "21_training.tif").write_bytes(content[:300])
    Image.new("L", (20, 24)).save(root / "training" / "mask" / "22_training_mask.gif")
    Image.new("L", (20, 23), 255).save(root / "training" / "1st_manual" / "23_manual1.gif")
    with pytest.raises(InputError) as raised:
        prepare("drive", root)
    first, second, third, _ = str(raised.value).splitlines()
    assert first.startswith(str(images / "21_training.tif"))
    assert "22_training_mask.gif: the mask is empty" in second
    assert "23_manual1.gif: the label's shape (23, 20, 1) differs from (24, 20, 1)" in third


def test_picture_of_another_number_of_channels_advises_no_option_that_is_refused(layouts, prepare):
    root = layouts.drive()
    path = root / "training" / "images" / "21_training.tif"
    with Image.open(path) as picture:
        picture.convert("L").save(path)
    with pytest.raises(
        InputError, match=r"21_training.tif: has 1 channel, expected 3; all"
    ) as raised:
        prepare("drive", root)
    assert "channels 1" not in str(raised.value)


def test_label_that_is_vessel_everywhere_is_a_fault(layouts, prepare):
    root = layouts.deepvesselnet()
    layouts.nifti(root / "seg" / "2.nii.gz", np.ones((8, 9, 10), np.uint8))
    with pytest.raises(InputError, match=r"2\.nii\.gz: every voxel is vessel; a label holds both"):
        prepare("deepvesselnet", root)
    assert not any(line.startswith("note: ") for line in prepare.shown)
    assert "     1  have a fault" in prepare.shown[1].replace("has a", "have a")


def _spoil(root, layouts):
    """Spoil six of the cases, each in its own way; return file and fault."""
    raw, seg = root / "raw", root / "seg"
    _, label = layouts.volume(3)
    (raw / "1.nii.gz").write_bytes((raw / "1.nii.gz").read_bytes()[:200])
    (seg / "2.nii.gz").write_text("no volume")
    layouts.nifti(seg / "3.nii.gz", np.zeros_like(label))
    layouts.nifti(seg / "4.nii.gz", label[1:])
    layouts.nifti(seg / "5.nii.gz", label.astype(np.float32) * 0.7)
    (seg / "6.nii.gz").unlink()
    return {
        raw / "1.nii.gz": "ends too early",
        seg / "2.nii.gz": "",
        seg / "3.nii.gz": "the label is empty",
        seg / "4.nii.gz": "the label's shape (7, 9, 10) differs",
        seg / "5.nii.gz": "holds 0.7; a label holds whole numbers",
        raw / "6.nii.gz": "there is no label",
    }
