"""The dataset folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cldice_monai.data.synthetic import GENERATOR_VERSION, generate_vessels, write_synthetic_dataset
from cldice_monai.errors import InputError

_SMALL = {"counts": (1, 1, 1), "size": (16, 20, 18), "progress": None}


def test_folder_holds_what_its_list_says(tmp_path):
    lines = []
    folder = write_synthetic_dataset(
        tmp_path / "new" / "vessels", **(_SMALL | {"progress": lines.append}), seed=2
    )
    content = json.loads((folder / "dataset.json").read_text())
    assert [len(content[part]) for part in ("training", "validation", "test")] == [1, 1, 1]
    assert content["generator"]["version"] == GENERATOR_VERSION
    assert (content["generator"]["preset"], content["generator"]["seed"]) == ("paper", 2)
    assert content["labels"] == {"background": 0, "vessel": 1}
    assert content["file_ending"] == ".nii.gz"
    assert [line.split(":")[0] for line in lines] == [f"volume {i} of 3" for i in (1, 2, 3)]
    assert content["test"][0]["image"].startswith("imagesTs/")
    items = content["training"] + content["validation"] + content["test"]
    written = {str(path.relative_to(folder)) for path in folder.rglob("*.nii.gz")}
    assert written == {item[key] for item in items for key in ("image", "label")}
    for number, item in enumerate(items):
        expected = generate_vessels((16, 20, 18), seed=2000 + number)
        image, label = (nibabel.load(folder / item[key]) for key in ("image", "label"))
        np.testing.assert_array_equal(np.asarray(label.dataobj), expected.label)
        np.testing.assert_allclose(np.asarray(image.dataobj), expected.image[0], atol=0.51)
        assert image.get_data_dtype() == np.int16
        assert label.get_data_dtype() == np.uint8
        np.testing.assert_array_equal(image.affine, label.affine)
        np.testing.assert_array_equal(image.affine[:3, :3], np.eye(3))
        assert np.abs(image.affine[:3, 3]).min() > 0
        assert (image.header["qform_code"], image.header["sform_code"]) == (1, 1)


def test_two_channels_are_the_last_axis(tmp_path):
    folder = write_synthetic_dataset(tmp_path / "vessels", **_SMALL, n_channels=2)
    content = json.loads((folder / "dataset.json").read_text())
    assert len(content["channel_names"]) == 2
    image = nibabel.load(folder / content["training"][0]["image"])
    assert image.shape == (16, 20, 18, 2)
    expected = generate_vessels((16, 20, 18), n_channels=2).image
    np.testing.assert_allclose(np.asarray(image.dataobj)[..., 1], expected[1], atol=0.51)


def test_empty_folder_is_filled(tmp_path):
    (tmp_path / "vessels").mkdir()
    assert (write_synthetic_dataset(tmp_path / "vessels", **_SMALL) / "dataset.json").is_file()


def test_no_volumes_of_a_kind_leave_an_empty_list(tmp_path):
    folder = write_synthetic_dataset(tmp_path / "v", **(_SMALL | {"counts": (1, 0, 0)}))
    content = json.loads((folder / "dataset.json").read_text())
    assert (content["validation"], content["test"]) == ([], [])


def test_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty") as caught:
        write_synthetic_dataset(tmp_path, **_SMALL)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "vessels").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        write_synthetic_dataset(tmp_path / "vessels", **_SMALL)


def test_parent_that_is_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="cannot be written"):
        write_synthetic_dataset(tmp_path / "file" / "vessels", **_SMALL)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_run_that_is_broken_off_leaves_nothing(tmp_path, monkeypatch, error):
    def fail_at_the_label(image, path):
        if "labels" in str(path):
            raise error
        Path(path).write_bytes(b"begun")

    monkeypatch.setattr(nibabel, "save", fail_at_the_label)
    expected = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_synthetic_dataset(tmp_path / "vessels", **_SMALL)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden files, too


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"counts": (-1, 1, 1)}, ValueError, r"counts \(training\) must be 0 or more"),
        ({"counts": (1, 1, 1.5)}, TypeError, r"counts \(test\) must be an integer"),
        ({"counts": (0, 0, 0)}, ValueError, "are all 0"),
        ({"counts": (3, 1)}, ValueError, "counts must be three numbers"),
        ({"n_workers": -1}, ValueError, "n_workers must be 0 or more"),
        ({"size": 4}, ValueError, "size must be"),
        ({"size": (32, 32)}, ValueError, "size must be"),
        ({"preset": "none"}, ValueError, "preset must be one of"),
        ({"seed": -1}, ValueError, "seed must be 0 or more"),
    ],
)
def test_settings_are_checked_before_anything_is_written(tmp_path, change, error, says):
    with pytest.raises(error, match=says):
        write_synthetic_dataset(tmp_path / "vessels", **(_SMALL | change))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_processes_write_the_same_voxels_in_the_same_order(tmp_path):
    lines = []
    alone = write_synthetic_dataset(tmp_path / "alone", **_SMALL)
    together = write_synthetic_dataset(
        tmp_path / "together", **(_SMALL | {"progress": lines.append}), n_workers=2
    )
    assert [line.split(":")[0] for line in lines] == [f"volume {i} of 3" for i in (1, 2, 3)]
    files = sorted(path.relative_to(alone) for path in alone.rglob("*") if path.is_file())
    assert len(files) == 7
    for file in files:
        if file.suffix == ".gz":
            first, second = (
                np.asarray(nibabel.load(folder / file).dataobj) for folder in (alone, together)
            )
            np.testing.assert_array_equal(first, second)
        else:
            assert (alone / file).read_text() == (together / file).read_text()
