"""From a published layout to a list that the bundle can train from."""

import json

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
from cldice_monai.data.source_names import SOURCE_NAMES, source_named
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


def test_folder_of_the_users_own_is_split_too(make_dataset, prepare):
    prepared = prepare("folder", make_dataset(5, size=12))
    found = find_training_cases(prepared.list_path)
    assert (len(found.training), len(found.validation)) == (3, 1)


@pytest.mark.parametrize("name", SOURCE_NAMES)
def test_missing_folder_is_named(prepare, tmp_path, name):
    with pytest.raises(InputError, match="gone: there is no such folder"):
        prepare(name, tmp_path / "gone")


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
