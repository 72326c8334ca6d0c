"""From a published layout to a list that the bundle can train from."""

import errno
import json

import nibabel as nib
import numpy as np
import pytest
from PIL import Image, ImageSequence

from cldice_monai.data import (
    CREMIDataset,
    DecathlonListDataset,
    DeepVesselNetDataset,
    DRIVEDataset,
    MassachusettsRoadsDataset,
    VesSAPDataset,
    check_training_cases,
    find_inference_cases,
    find_training_cases,
)
from cldice_monai.data.check_case import check_case
from cldice_monai.data.prepare import prepare_dataset
from cldice_monai.data.sources import SOURCE_NAMES, source_named
from cldice_monai.errors import InputError
from cldice_monai.workflows.prepare import prepare_training_data

DATASETS = {  # name of the writer in conftest: name of the source, channels, class
    "drive": ("drive", None, DRIVEDataset),
    "roads": ("roads", None, MassachusettsRoadsDataset),
    "cremi": ("cremi", None, CREMIDataset),
    "deepvesselnet": ("deepvesselnet", None, DeepVesselNetDataset),
    "vessap": ("vessap", 2, VesSAPDataset),
    "older_vessap": ("vessap", 2, VesSAPDataset),
    "listed_vessap": ("vessap", 1, VesSAPDataset),
}


@pytest.fixture
def prepare(tmp_path):
    """Prepare into tmp_path/out, quietly; what would be printed is in ``prepare.shown``."""
    shown = []

    def run(name, root, target=tmp_path / "out", channels=None, **words):
        source = source_named(name, in_channels=channels)
        return prepare_dataset(source, root, target, show=shown.append, **words)

    run.shown = shown
    return run


@pytest.mark.parametrize("release", DATASETS)
def test_list_is_found_checked_and_split_as_the_dataset_class_splits(layouts, prepare, release):
    name, channels, kind = DATASETS[release]
    root = getattr(layouts, release)()
    prepared = prepare(name, root, channels=channels, seed=5)
    in_channels = len(source_named(name, in_channels=channels).channel_names)
    found = find_training_cases(prepared.list_path.parent, in_channels=in_channels)
    cases = [*found.training, *found.validation]
    assert len(check_training_cases(cases, in_channels=in_channels).cases) == len(cases)

    options = {"in_channels": channels} if kind is VesSAPDataset else {}
    for section in ("training", "validation", "test"):
        here = kind(root, section, seed=5, cache_rate=0, **options)
        there = DecathlonListDataset(prepared.list_path, section, cache_rate=0)
        assert [i["case_id"] for i in here.data] == [i["case_id"] for i in there.data]
        for raw, converted in zip(here, there, strict=True):
            for key in {"image", "label", "mask"} & set(raw):
                array = converted[key].numpy()
                array = array[..., 0] if array.ndim > raw[key].ndim else array
                assert np.array_equal(raw[key], array), key


@pytest.mark.parametrize(
    ("release", "channels", "roi"), [("drive", 3, (16, 16)), ("vessap", 1, (16, 16, 16))]
)
def test_bundle_takes_the_list_with_its_own_validation(layouts, prepare, release, channels, roi):
    prepared = prepare(release, getattr(layouts, release)())
    data = prepare_training_data(prepared.list_path, in_channels=channels, roi=roi)
    assert [item["case_id"] for item in data.training] == list(prepared.split.training)
    assert [item["case_id"] for item in data.validation] == list(prepared.split.validation)


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_folds_of_the_list_are_those_of_the_dataset_class(layouts, prepare, fold):
    root = layouts.drive()
    prepared = prepare("drive", root)
    for section in ("training", "validation"):
        here = DRIVEDataset(root, section, fold=fold, cache_rate=0)
        there = DecathlonListDataset(prepared.list_path, section, fold=fold, cache_rate=0)
        assert [i["case_id"] for i in here.data] == [i["case_id"] for i in there.data]


def test_24_patches_of_vessap_give_16_3_5_and_three_folds(layouts, prepare):
    prepared = prepare("vessap", layouts.vessap(24))
    content = json.loads(prepared.list_path.read_text())
    assert [len(content[part]) for part in ("training", "validation", "test")] == [16, 3, 5]
    assert [len(fold) for fold in content["folds"]] == [7, 6, 6]
    assert content["split"]["seed"] == 0
    found = find_training_cases(prepared.list_path)
    ids = [case.case_id for case in (*found.training, *found.validation)]
    assert found.folds == prepared.split.folds
    assert sorted(name for fold in content["folds"] for name in fold) == sorted(ids)


def test_nifti_files_stay_where_they_are(layouts, prepare):
    root = layouts.vessap()
    before = sorted(root.rglob("*"))
    prepared = prepare("vessap", root, channels=2)
    content = json.loads(prepared.list_path.read_text())
    assert sorted(path.name for path in prepared.list_path.parent.iterdir()) == ["dataset.json"]
    assert sorted(root.rglob("*")) == before
    entry = content["training"][0]
    assert entry["image"][1].startswith(str(root / "raw"))
    assert content["channel_names"] == {"0": "WGA", "1": "Evans blue"}


def test_list_beside_the_files_names_them_relative_to_it(layouts, prepare):
    root = layouts.vessap()
    prepared = prepare("vessap", root, target=root)
    entry = json.loads(prepared.list_path.read_text())["training"][0]
    assert entry["image"].startswith("raw/patchvolume_")
    assert entry["label"].startswith("gt/patchvolume_")
    moved = root.rename(root.with_name("moved"))
    assert len(find_training_cases(moved).training) == 4


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


def test_pictures_become_nifti_with_rows_first_and_upright(layouts, prepare):
    root = layouts.drive()
    prepared = prepare("drive", root)
    folder = prepared.list_path.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        "dataset.json",
        "imagesTr",
        "imagesTs",
        "labelsTr",
        "labelsTs",
        "masksTr",
        "masksTs",
    ]
    (path,) = (folder / "imagesTs").iterdir()
    image = nib.load(path)
    assert image.shape == (24, 20, 1, 3)
    assert image.get_data_dtype() == np.uint8
    assert nib.aff2axcodes(image.affine) == ("P", "R", "S")  # down, to the right
    (case,) = find_inference_cases(folder, in_channels=3)
    assert case.label is not None


def test_sections_keep_their_voxel_size(layouts, prepare):
    prepared = prepare("cremi", layouts.cremi())
    path = next((prepared.list_path.parent / "imagesTr").iterdir())
    image = nib.load(path)
    assert np.allclose(image.header.get_zooms(), (0.004, 0.004, 0.04))
    assert image.header.get_xyzt_units()[0] == "micron"


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
    name, *_ = DATASETS[release]
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


@pytest.mark.parametrize("release", ["drive", "vessap"])
def test_full_disk_leaves_nothing_behind(layouts, prepare, tmp_path, monkeypatch, release):
    root = getattr(layouts, release)()
    before = sorted(tmp_path.rglob("*"))
    target = tmp_path / "new" / "out"
    (tmp_path / "new").mkdir()
    written = []

    def full(*arguments, **words):
        written.append(arguments)
        if len(written) > (3 if release == "drive" else 0):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **words)

    if release == "drive":
        real = nib.save
        monkeypatch.setattr(nib, "save", full)
    else:
        real = None
        monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(InputError, match=r"out.*: cannot be written \(No space left on device\)"):
        prepare(release, root, target=target)
    assert written
    assert sorted(tmp_path.rglob("*")) == sorted([*before, *_made(target, release)])


def test_interruption_leaves_nothing_behind(layouts, prepare, tmp_path, monkeypatch):
    root = layouts.drive()
    (tmp_path / "new").mkdir()

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(nib, "save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare("drive", root, target=tmp_path / "new" / "out")
    assert list((tmp_path / "new").iterdir()) == []


def test_target_that_holds_something_is_never_touched(layouts, prepare, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dataset.json").write_text("mine")
    with pytest.raises(InputError, match="not empty and nothing is overwritten"):
        prepare("drive", layouts.drive())
    with pytest.raises(InputError, match=r"dataset\.json: is there already"):
        prepare("vessap", layouts.vessap())
    assert (tmp_path / "out" / "dataset.json").read_text() == "mine"


def test_folder_of_the_users_own_is_split_too(make_dataset, prepare):
    prepared = prepare("folder", make_dataset(5, size=12))
    found = find_training_cases(prepared.list_path)
    assert (len(found.training), len(found.validation)) == (3, 1)


def test_table_fits_into_80_columns_and_counts_what_is_there(layouts, prepare):
    root = layouts.roads()
    prepare("roads", root)
    heading, table, *rest = prepare.shown
    assert heading == f"Massachusetts Roads, {root}"
    parts = rest[-1]
    assert max(len(line) for line in (*table.splitlines(), *parts.splitlines())) <= 80
    # 60 rows and one column more are road, of 60 x 50 pixels: (50 + 60 - 1) / 3000 = 3.63 %
    assert "     6         3  60x50" in table
    assert "3.63   3.63   3.63" in table
    assert "1 of them with a part outside; kept, %        50    100    100" in table
    assert "     0  have a fault" in table
    assert parts.splitlines()[:3] == [
        "training         3",
        "validation       2",
        "test             1",
    ]


def test_shapes_and_voxel_sizes_that_differ_are_rows_of_their_own(layouts, prepare):
    root = layouts.deepvesselnet()
    for folder in ("raw", "seg"):
        path = root / folder / "1.nii.gz"
        array = np.asarray(nib.load(path).dataobj)[:, :, :5]
        nib.save(nib.Nifti1Image(array, np.diag([0.5, 1.0, 2.0, 1.0])), path)
    prepare("deepvesselnet", root)
    rows = prepare.shown[1].splitlines()[2:4]
    assert rows[0].split()[:5] == ["5", "1", "8x9x10", "3x3x3", "um"]
    assert rows[1].split()[:4] == ["1", "1", "8x9x5", "0.5x1x2"]


@pytest.mark.parametrize("size", [0.00325, 0.0000325, 123456.0])
def test_odd_voxel_sizes_shapes_and_shares_and_many_folds_stay_within_80_columns(
    layouts, prepare, size
):
    root = layouts.deepvesselnet(29)
    for path in root.rglob("*.nii.gz"):
        array = np.zeros((100, 100, 30), np.uint8)
        array[0, 0, int(path.parent.name == "seg")] = 1
        nib.save(nib.Nifti1Image(array, np.diag([size, size, size, 1.0])), path)
    prepare("deepvesselnet", root, n_folds=20, take_all=True)
    lines = [line for text in prepare.shown[1:] for line in text.splitlines()]
    assert max(map(len, lines)) <= 80
    assert any(f"100x100x30  {size:.3g}x{size:.3g}x{size:.3g}" in line for line in lines)
    assert any(line.split() == ["3e-04"] * 3 for line in lines)
    folds = " ".join(lines[[line[:5] for line in lines].index("folds") :])
    assert folds.count(" + ") == 19
    assert folds.endswith("seed 0")


def test_what_was_mended_or_is_odd_in_usable_cases_is_shown(layouts, prepare):
    root = layouts.vessap(9)
    for number in range(6):
        path = root / "raw" / f"patchvolume_{number:03d}_0000.nii.gz"
        array = np.asarray(nib.load(path).dataobj).astype(np.float32)
        array[0, 0, : number + 1] = np.nan
        layouts.nifti(path, array)
    path = root / "raw" / "patchvolume_008_0001.nii.gz"
    layouts.nifti(path, np.full((8, 9, 10), 7, np.int16))
    prepare("vessap", root, channels=2)
    notes = [line for line in prepare.shown if line.startswith("note: ")]
    assert len(notes) == 7
    assert "patchvolume_002.nii.gz: holds the values 95, 255 (2 more labels likewise)" in notes[0]
    assert "classes=(...)) keeps them apart" in notes[0]
    for number, note in enumerate(notes[1:6]):
        assert f"{number:03d}_0000.nii.gz: {number + 1} of 720 voxels are NaN" in note
    assert notes[6] == "note: and 2 more of this kind"


def test_channel_that_tells_nothing_is_shown(layouts, prepare):
    root = layouts.vessap()
    path = root / "raw" / "patchvolume_001_0001.nii.gz"
    layouts.nifti(path, np.full((8, 9, 10), 7, np.int16))
    prepare("vessap", root, channels=2)
    assert f"note: {path}: every voxel is 7, this channel tells nothing" in prepare.shown


def test_label_that_is_vessel_everywhere_is_a_fault(layouts, prepare):
    root = layouts.deepvesselnet()
    layouts.nifti(root / "seg" / "2.nii.gz", np.ones((8, 9, 10), np.uint8))
    with pytest.raises(InputError, match=r"2\.nii\.gz: every voxel is vessel; a label holds both"):
        prepare("deepvesselnet", root)
    assert not any(line.startswith("note: ") for line in prepare.shown)
    assert "     1  have a fault" in prepare.shown[1].replace("has a", "have a")


@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_missing_folder_is_named(prepare, tmp_path, name):
    with pytest.raises(InputError, match="gone: there is no such folder"):
        prepare(name, tmp_path / "gone")


@pytest.mark.parametrize(("name", "channels"), [("drive", 1), ("vessap", 3), ("folder", 0)])
def test_channels_that_a_dataset_does_not_have_are_refused(name, channels):
    with pytest.raises(InputError, match="channels"):
        source_named(name, in_channels=channels)


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


def test_unknown_dataset_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="choose one of vessap, deepvesselnet, drive"):
        source_named("stare")


@pytest.mark.real_data
def test_real_two_photon_stacks_are_prepared_with_their_known_share_of_vessel(
    shared_data, layouts, prepare, tmp_path
):
    root = tmp_path / "two_photon"
    for kind, folder in (("images", "imagesTr"), ("labels", "labelsTr")):
        for path in sorted((shared_data / "vesselNN" / kind).iterdir()):
            with Image.open(path) as pages:
                stack = np.stack([np.asarray(page) for page in ImageSequence.Iterator(pages)])
            name = "_".join(path.stem.split("_")[:2])
            layouts.nifti(root / folder / f"{name}.nii.gz", stack.transpose(2, 1, 0))
    prepared = prepare("folder", root)
    assert prepared.faults == ()
    found = find_training_cases(prepared.list_path)
    reports = {
        case.case_id: check_case(case, in_channels=1)
        for case in (*found.training, *found.validation, *find_inference_cases(tmp_path / "out"))
    }
    shares = {name: round(100 * report.vessel_share, 1) for name, report in reports.items()}
    assert shares == {  # as PROVENANCE.md says
        "burgess2014_lowerRes": 29.8,
        "burgess2014_noisySparseVessels": 42.1,
        "burgess2014_tgMouse": 36.1,
        "poon2015_plaqueVessels": 34.0,
        "burgess2014_bbbDisruption": 12.4,
    }


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


def _made(target, release):
    """What a run that failed may leave: the empty folder that the user named, for a list."""
    return [target.parent] if release == "drive" else [target.parent, target]
