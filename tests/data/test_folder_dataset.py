import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data import FolderDataset, find_training_cases, split_cases
from cldice_monai.errors import InputError


def test_parts_are_those_that_the_bundle_trains_on(make_dataset):
    root = make_dataset(5, size=12)
    training, validation = split_cases(find_training_cases(root).training, seed=3)
    for section, cases in (("training", training), ("validation", validation)):
        dataset = FolderDataset(root, section, seed=3, cache_rate=0)
        assert [item["case_id"] for item in dataset.data] == [case.case_id for case in cases]


def test_test_part_is_images_ts(make_dataset):
    root = make_dataset(2, n_test=2, size=12)
    dataset = FolderDataset(root, "test", progress=False)
    assert [item["case_id"] for item in dataset] == ["case_2", "case_3"]
    assert dataset[0]["image"].shape == (1, 12, 12, 12)


def test_channels_in_the_fourth_axis_come_first(make_dataset):
    item = FolderDataset(make_dataset(2, n_channels=2, size=12), "training", cache_rate=0)[0]
    assert item["image"].shape == (2, 12, 12, 12)
    assert item["label"].shape == (1, 12, 12, 12)


def test_several_classes_stay_a_label_map(make_dataset, save):
    root = make_dataset(2, size=12)
    label = np.zeros((12, 12, 12), np.uint8)
    label[0, 0, :3] = [1, 2, 0]
    for name in ("case_0", "case_1"):
        path = root / "labelsTr" / f"{name}.nii.gz"
        save(str(path), label, nib.load(path).affine)
    binary = FolderDataset(root, "training", cache_rate=0, transform=_drop_image)[0]
    classes = FolderDataset(root, "training", cache_rate=0, classes=(1, 2), transform=_drop_image)
    assert binary["label"][0, 0, 0, :3].tolist() == [1, 1, 0]
    assert classes[0]["label"][0, 0, 0, :3].tolist() == [1, 2, 0]


def test_missing_test_part_is_named(make_dataset):
    with pytest.raises(InputError, match=r"imagesTs: no \.nii\.gz file in it"):
        FolderDataset(make_dataset(2, size=12), "test")


def _drop_image(item):
    return {"label": item["label"]}
