import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
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
        ["case_id", "image", "image_path", "label_path", "mask_path"]
    ] * 2
    assert items[0]["label_path"].endswith("labelsTs/case_0.nii.gz")
    assert items[1]["label_path"] == ""


def test_bad_volume_is_left_out_and_ends_the_run_with_an_error_later(
    make_dataset: Callable[..., Path], capsys: pytest.CaptureFixture[str]
):
    dataset = make_dataset(0, n_test=3)
    path = dataset / "imagesTs" / "case_1.nii.gz"
    path.write_bytes(path.read_bytes()[:500])
    data = prepare_inference_data(dataset)
    assert _names(data.items) == ["case_0", "case_2"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert "case_1.nii.gz" in line
    with pytest.raises(InputError, match="1 of 3 volumes were not segmented"):
        data.raise_if_incomplete()


def _leave_results(folder: Path, *names: str) -> None:
    folder.mkdir()
    for name in names:
        (folder / name).write_text("of an earlier run")


def test_old_results_of_a_volume_that_is_left_out_now_are_named_and_kept(
    make_dataset: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    dataset = make_dataset(0, n_test=3)
    (dataset / "imagesTs" / "case_0.nii.gz").write_bytes(b"damaged")
    constant = dataset / "imagesTs" / "case_1.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((40, 40, 40), np.float32), np.eye(4)), constant)
    names = ["case_0_mask.nii.gz", "case_0_preview.png", "case_1_prob.nii.gz", "case_2_mask.nii.gz"]
    _leave_results(tmp_path / "out", *names)
    with caplog.at_level("INFO"):
        data = prepare_inference_data(dataset, output_dir=tmp_path / "out")
    assert _names(data.items) == ["case_2"]
    notes = [line for line in caplog.messages if "earlier run" in line]
    assert notes == [
        f"note: of an earlier run, in {tmp_path / 'out'}: case_0_mask.nii.gz, case_0_preview.png",
        f"note: of an earlier run, in {tmp_path / 'out'}: case_1_prob.nii.gz",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)


def test_old_results_are_named_too_where_no_volume_is_left(
    make_dataset: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    dataset = make_dataset(0, n_test=1)
    (dataset / "imagesTs" / "case_0.nii.gz").write_bytes(b"damaged")
    _leave_results(tmp_path / "out", "case_0_mask.nii.gz")
    with caplog.at_level("INFO"), pytest.raises(InputError, match="case_0"):
        prepare_inference_data(dataset, output_dir=tmp_path / "out")
    assert [line for line in caplog.messages if "case_0_mask.nii.gz" in line]


def test_complete_run_ends_without_an_error(make_dataset: Callable[..., Path]):
    data = prepare_inference_data(make_dataset(0, n_test=1))
    assert data.raise_if_incomplete() is None


def test_missing_folder_is_never_filled_with_invented_data(tmp_path: Path):
    with pytest.raises(InputError, match="mine"):
        prepare_training_data(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []


def _empty(dataset: Path, *cases: int) -> None:
    for i in cases:
        path = dataset / "labelsTr" / f"case_{i}.nii.gz"
        image = nib.load(path)
        nib.save(nib.Nifti1Image(np.zeros(image.shape, np.uint8), image.affine), path)


@pytest.mark.parametrize("seed", range(4))
def test_case_without_vessels_is_trained_on_but_never_the_validation(
    seed: int, make_dataset: Callable[..., Path]
):
    dataset = make_dataset(4)
    _empty(dataset, 1, 2)
    data = prepare_training_data(dataset, seed=seed)
    assert set(_names(data.training)) >= {"case_1", "case_2"}
    assert len(data.validation) == 1


def _listing(dataset: Path, *, n_training: int, n: int) -> Path:
    items = [
        {"image": f"imagesTr/case_{i}.nii.gz", "label": f"labelsTr/case_{i}.nii.gz"}
        for i in range(n)
    ]
    path = dataset / "mine.json"
    parts = {"training": items[:n_training], "validation": items[n_training:]}
    path.write_text(json.dumps(parts))
    return path


@pytest.mark.parametrize(("part", "emptied"), [("training", (0, 1)), ("validation", (2, 3))])
def test_list_whose_part_has_no_vessel_is_refused(
    part: str, emptied: tuple[int, int], make_dataset: Callable[..., Path]
):
    dataset = make_dataset(4)
    _empty(dataset, *emptied)
    with pytest.raises(InputError, match=f"no label with a vessel is left for {part}"):
        prepare_training_data(_listing(dataset, n_training=2, n=4))


def test_part_that_is_skipped_entirely_is_refused(make_dataset: Callable[..., Path]):
    dataset = make_dataset(2)
    path = dataset / "imagesTr" / "case_0.nii.gz"
    image = nib.load(path)
    nib.save(nib.Nifti1Image(np.ones(image.shape, np.float32), image.affine), path)
    with pytest.raises(InputError, match="no usable volume is left for training"):
        prepare_training_data(_listing(dataset, n_training=1, n=2))


@pytest.mark.parametrize("in_channels", [1, 2])
def test_vessap_release_is_segmented_from_its_own_folder(
    in_channels: int, make_dataset: Callable[..., Path]
):
    dataset = make_dataset(2)
    _as_vessap(dataset, n_cases=2)
    items = prepare_inference_data(dataset, in_channels=in_channels).items
    assert _names(items) == ["patchvolume_000", "patchvolume_001"]
    assert [len(item["image"]) for item in items] == [in_channels] * 2
    assert all("/gt/" in item["label_path"] for item in items)


def test_three_folds_are_drawn_where_the_data_name_none(make_dataset: Callable[..., Path]):
    dataset = make_dataset(5)
    validated = []
    for fold in range(3):
        data = prepare_training_data(dataset, fold=fold)
        assert not set(_names(data.training)) & set(_names(data.validation))
        assert len(data.training) + len(data.validation) == 5
        validated += _names(data.validation)
    assert sorted(validated) == [f"case_{i}" for i in range(5)]  # each once


def test_the_folds_of_a_list_are_taken_and_its_validation_part_is_dealt_with_them(
    make_dataset: Callable[..., Path],
):
    dataset = make_dataset(4)
    items = [
        {"image": f"imagesTr/case_{i}.nii.gz", "label": f"labelsTr/case_{i}.nii.gz"}
        for i in range(4)
    ]
    folds = [["case_0", "case_3"], ["case_1"], ["case_2"]]
    listing = dataset / "mine.json"
    listing.write_text(json.dumps({"training": items[1:], "validation": items[:1], "folds": folds}))
    for number, names in enumerate(folds):
        data = prepare_training_data(listing, fold=number)
        assert sorted(_names(data.validation)) == names
        assert len(data.training) == 4 - len(names)


@pytest.mark.parametrize("fold", [-1, 3, True, "a", 0.5])
def test_a_fold_that_does_not_exist_is_refused(make_dataset: Callable[..., Path], fold: object):
    with pytest.raises(InputError, match="fold must be a whole number from 0 to 2"):
        prepare_training_data(make_dataset(3), fold=fold)
