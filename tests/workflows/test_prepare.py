import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from monai.data import Dataset
from monai.transforms import Compose, LoadImaged

from cldice_monai.data import NiftiVolumeReader
from cldice_monai.errors import InputError
from cldice_monai.workflows import prepare_inference_data, prepare_training_data


def _names(items: list[dict]) -> list[str]:
    return [item["case_id"] for item in items]


def _as_vessap(dataset: Path, *, n_cases: int) -> None:
    """Rename an imagesTr/labelsTr folder to the public VesSAP release, two files a case."""
    for folder in ("raw", "gt"):
        (dataset / folder).mkdir()
    for i in range(n_cases):
        image = dataset / "imagesTr" / f"case_{i}.nii.gz"
        for channel in (0, 1):
            shutil.copy(image, dataset / "raw" / f"patchvolume_{i:03}_{channel:04}.nii.gz")
        label = dataset / "labelsTr" / f"case_{i}.nii.gz"
        label.rename(dataset / "gt" / f"patchvolume_{i:03}.nii.gz")
    shutil.rmtree(dataset / "imagesTr")
    shutil.rmtree(dataset / "labelsTr")


def test_folder_is_split_the_same_way_every_time(make_dataset: Callable[..., Path]):
    dataset = make_dataset(5)
    first = prepare_training_data(dataset, seed=3)
    second = prepare_training_data(dataset, seed=3)
    assert _names(first.validation) == _names(second.validation)
    assert (len(first.training), len(first.validation)) == (4, 1)
    assert set(_names(first.training)) | set(_names(first.validation)) == {
        f"case_{i}" for i in range(5)
    }


def test_validation_that_the_list_names_is_not_drawn_again(make_dataset: Callable[..., Path]):
    dataset = make_dataset(4)
    items = [
        {"image": f"imagesTr/case_{i}.nii.gz", "label": f"labelsTr/case_{i}.nii.gz"}
        for i in range(4)
    ]
    listing = dataset / "mine.json"
    listing.write_text(json.dumps({"training": items[1:], "validation": items[:1]}))
    data = prepare_training_data(listing)
    assert _names(data.validation) == ["case_0"]
    assert _names(data.training) == ["case_1", "case_2", "case_3"]


@pytest.mark.parametrize("in_channels", [1, 2])
def test_vessap_release_gives_as_many_channels_as_asked_for(
    in_channels: int, make_dataset: Callable[..., Path]
):
    dataset = make_dataset(3)
    _as_vessap(dataset, n_cases=3)
    data = prepare_training_data(dataset, in_channels=in_channels)
    load = Compose([LoadImaged(["image", "label"], reader=NiftiVolumeReader())])
    for item in Dataset(data.training + data.validation, load):
        assert item["image"].shape == (in_channels, 40, 40, 40)
        assert item["label"].shape == (1, 40, 40, 40)
        assert np.allclose(item["image"].affine[:3, 3], (-3, 5, 7))


def test_all_faults_are_named_not_only_the_first(make_dataset: Callable[..., Path]):
    dataset = make_dataset(3)
    for i in (0, 2):
        path = dataset / "imagesTr" / f"case_{i}.nii.gz"
        path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError) as caught:
        prepare_training_data(dataset)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "case_0.nii.gz" in lines[0]
    assert "case_2.nii.gz" in lines[1]


def test_inference_items_have_no_label_key_that_transforms_could_take_for_one(
    make_dataset: Callable[..., Path],
):
    dataset = make_dataset(0, n_test=2)
    (dataset / "labelsTs" / "case_1.nii.gz").unlink()
    items = prepare_inference_data(dataset).items
    assert [sorted(item) for item in items] == [
        ["case_id", "image", "image_path", "label_path"]
    ] * 2
    assert items[0]["label_path"].endswith("labelsTs/case_0.nii.gz")
    assert items[1]["label_path"] == ""


def test_bad_volume_is_left_out_and_ends_the_run_with_an_error_later(
    make_dataset: Callable[..., Path], caplog: pytest.LogCaptureFixture
):
    dataset = make_dataset(0, n_test=3)
    path = dataset / "imagesTs" / "case_1.nii.gz"
    path.write_bytes(path.read_bytes()[:500])
    with caplog.at_level(logging.INFO):
        data = prepare_inference_data(dataset)
    assert _names(data.items) == ["case_0", "case_2"]
    assert "case_1.nii.gz" in caplog.text
    with pytest.raises(InputError, match="1 of 3 volumes were not segmented"):
        data.raise_if_incomplete()


def test_complete_run_ends_without_an_error(make_dataset: Callable[..., Path]):
    data = prepare_inference_data(make_dataset(0, n_test=1))
    assert data.raise_if_incomplete() is None


def test_missing_folder_is_never_filled_with_invented_data(tmp_path: Path):
    with pytest.raises(InputError, match="mine"):
        prepare_training_data(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []
