"""Published datasets as they lie, for the bundle: the parts that prepare draws, and pictures."""

from pathlib import Path

import numpy as np
import pytest

from cldice_monai.data import DRIVEDataset, find_training_cases
from cldice_monai.data.inference_cases import find_cases_to_segment
from cldice_monai.data.pictures import PICTURES, write_picture
from cldice_monai.data.readers import NIFTI
from cldice_monai.errors import InputError
from cldice_monai.workflows import prepare_training_data


def ids(cases):
    return [case.case_id for case in cases]


@pytest.mark.parametrize("fold", [None, 0, 2])
def test_parts_and_folds_are_those_of_the_dataset_class(layouts, fold):
    root = layouts.drive(n_training=8, n_test=4)
    data = prepare_training_data(
        root, source="drive", in_channels=3, roi=(16, 16), seed=4, fold=fold
    )
    for section, items in (("training", data.training), ("validation", data.validation)):
        theirs = DRIVEDataset(root, section, seed=4, fold=fold, cache_rate=0)
        assert {i["case_id"] for i in items} == {i["case_id"] for i in theirs.data}
        assert all("mask" in item for item in items)
    assert data.ignore_index == 255
    segmented = find_cases_to_segment(root, source="drive", in_channels=3, seed=4)
    assert ids(segmented.cases) == list(theirs.split.test)
    assert segmented.readers is PICTURES


def test_every_fault_of_a_published_dataset_is_named_before_training(layouts):
    root = layouts.drive()
    good = prepare_training_data(root, source="drive", in_channels=3, roi=(16, 16))
    spoilt = [good.training[0]["image"][0], good.validation[0]["label"]]
    for path in spoilt:
        Path(path).write_bytes(b"no picture")
    with pytest.raises(InputError) as caught:
        prepare_training_data(root, source="drive", in_channels=3, roi=(16, 16))
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == spoilt
    (root / "training" / "mask" / "23_training_mask.gif").unlink()
    with pytest.raises(InputError, match=r"23_training.tif: there is no mask"):
        prepare_training_data(root, source="drive", in_channels=3, roi=(16, 16))


@pytest.mark.parametrize("in_channels", [1, 2])
def test_vessap_has_as_many_channels_as_asked_for(layouts, in_channels):
    found = find_training_cases(layouts.older_vessap(), source="vessap", in_channels=in_channels)
    assert {len(case.image) for case in found.training} == {in_channels}
    with pytest.raises(InputError, match="in_channels 3: VesSAP has 1 "):
        find_training_cases(layouts.folder, source="vessap", in_channels=3)


def test_pictures_of_a_folder_are_segmented_and_results_are_not(tmp_path):
    for name in ("b", "a", "a_mask", "a_prob", "a_preview"):
        write_picture(np.eye(4, dtype=np.uint8), tmp_path / f"{name}.png")
    found = find_cases_to_segment(tmp_path)
    assert (ids(found.cases), found.readers) == (["a", "b"], PICTURES)
    assert ids(find_cases_to_segment(tmp_path / "b.png").cases) == ["b"]
    write_picture(np.eye(4, dtype=np.uint8), tmp_path / "b.tif")
    with pytest.raises(InputError, match=r"b.tif: both it and b.png would be case b"):
        find_cases_to_segment(tmp_path)


def test_volumes_come_before_pictures(touch):
    found = find_cases_to_segment(touch("a.nii.gz", "figure.png"), source="drive", in_channels=3)
    assert (ids(found.cases), found.readers) == (["a"], NIFTI)
