"""What lies outside the field of view counts nowhere; classes keep their numbers everywhere."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from cldice_monai.data.pictures import read_picture
from cldice_monai.data.prepare import prepare_dataset
from cldice_monai.data.source_names import source_named
from tests.bundle.test_combinations import LOSSES, parsed
from tests.bundle_runs import run_configs
from tests.conftest import rods, save_nifti
from tests.layouts import Layouts

pytestmark = pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")

CONFIGS = Path(__file__).parents[2] / "bundle" / "configs"


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_does_not_see_what_lies_outside_the_field_of_view(loss: str, layouts: Layouts):
    parser = parsed("data_drive", loss, dataset_dir=str(layouts.drive()), roi=[24, 32])
    batch = next(iter(parser.get_parsed_content("train#dataloader")))
    assert "mask" not in batch
    outside = batch["label"] == parser.get_parsed_content("ignore_index")
    assert 0.3 < outside.float().mean() < 0.7  # a border of 2 pixels, and what was padded
    n_channels = parser.get_parsed_content("out_channels")
    logits = torch.linspace(-2, 2, batch["label"].numel() * n_channels)
    logits = logits.reshape(len(batch["label"]), n_channels, *batch["label"].shape[2:])
    loss_function = parser.get_parsed_content("loss")
    value = loss_function(logits, batch["label"])
    assert torch.equal(loss_function(logits.masked_fill(outside, 9.0), batch["label"]), value)
    assert not torch.equal(loss_function(logits.masked_fill(~outside, 9.0), batch["label"]), value)


def test_validation_does_not_see_what_lies_outside_the_field_of_view(layouts: Layouts):
    parser = parsed("data_drive", dataset_dir=str(layouts.drive()), roi=[16, 16])
    item = parser.get_parsed_content("validate#dataset")[0]
    outside = item["mask"] == 0
    assert outside.any()
    assert (item["label"][outside] > 0).any()  # vessels are drawn there too
    item["pred"] = torch.full(item["label"].shape, 9.0)  # logits that say vessel everywhere
    item = parser.get_parsed_content("validate#postprocessing")(item)
    assert not item["pred"][outside].any()
    assert item["pred"][~outside].all()
    assert not item["label"][outside].any()
    assert item["label"][~outside].any()


def test_data_without_masks_ignore_nothing(make_dataset: Callable[..., Path]):
    parser = parsed(dataset_dir=str(make_dataset(2, size=16)), roi=[16, 16, 16])
    assert parser.get_parsed_content("ignore_index") is None


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """Vessels along the first axis are class 1, all others class 2; class 2 is brighter."""
    for number in range(4):
        label = rods(number, size=32).astype(np.uint8) * 2
        label[label.all(axis=0, keepdims=True).repeat(32, axis=0)] = 1
        label[:16][label[:16] > 0] = 1
        image = 60.0 * label + np.random.default_rng(number).normal(50, 3, label.shape)
        part = "Tr" if number < 3 else "Ts"
        save_nifti(tmp_path / "data" / f"images{part}" / f"case_{number}.nii.gz", image)
        save_nifti(tmp_path / "data" / f"labels{part}" / f"case_{number}.nii.gz", label)
    return tmp_path / "data"


@pytest.mark.slow
def test_classes_are_trained_written_and_scored_by_their_numbers(two_classes: Path, tmp_path: Path):
    settings = {
        "dataset_dir": str(two_classes),
        "output_dir": str(tmp_path / "out"),
        "out_channels": 3,
        "roi": [32, 32, 32],
        "precision": "float32",
        "network_def": {
            "_target_": "torch.nn.Conv3d",
            "in_channels": 1,
            "out_channels": 3,
            "kernel_size": 1,
        },
    }
    run_configs("train", epochs=1, num_workers=0, tensorboard=False, **settings)
    weights = tmp_path / "out" / "models" / "model_last.pt"
    centres = torch.tensor([0.1, 0.5, 0.95])  # intensities of the three classes, scaled to [0, 1]
    nearest = {"weight": 2 * centres.reshape(3, 1, 1, 1, 1), "bias": -(centres**2)}
    assert {k: v.shape for k, v in torch.load(weights).items()} == {
        name: values.shape for name, values in nearest.items()
    }
    torch.save(nearest, weights)
    weights.with_suffix(".json").unlink()  # it is of the weights that were trained
    run_configs("inference", weights=str(weights), **settings)
    mask = np.asarray(nib.load(tmp_path / "out" / "case_3_mask.nii.gz").dataobj)
    label = np.asarray(nib.load(two_classes / "labelsTs" / "case_3.nii.gz").dataobj)
    assert (mask == label).mean() > 0.999
    assert set(np.unique(mask)) == {0, 1, 2}
    mask_2, label_2 = mask == 2, label == 2
    case = json.loads((tmp_path / "out" / "metrics.json").read_text())["cases"]["case_3"]
    assert set(case["scores_by_class"]) == {"1", "2"}
    dice = 2 * (mask_2 & label_2).sum() / (mask_2.sum() + label_2.sum())
    assert case["scores_by_class"]["2"]["dice"] == pytest.approx(dice)


def test_validation_of_classes_is_the_mean_over_the_classes_of_vessel(two_classes: Path):
    parser = parsed(dataset_dir=str(two_classes), out_channels=3, roi=[32, 32, 32])
    item = parser.get_parsed_content("validate#dataset")[0]
    right = torch.nn.functional.one_hot(item["label"][0].long(), 3).movedim(-1, 0) * 10.0
    right[:, item["label"][0] == 2] = torch.tensor([[10.0], [0.0], [0.0]])  # class 2 is missed
    item["pred"] = right
    item = parser.get_parsed_content("validate#postprocessing")(item)
    pred, label = parser.get_parsed_content("validate#masks")([item])
    metric = parser.get_parsed_content("validate#key_metric#clDice#metric_fn")
    metric(pred, label)
    assert float(metric.aggregate()[0]) == pytest.approx(0.5)  # 1 for class 1, 0 for class 2


def assert_fine(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_drive_from_the_command_line(layouts: Layouts, run_bundle: Callable, tmp_path: Path):
    root, out = layouts.drive(), tmp_path / "out"
    settings = {"source": "drive", "in_channels": 3, "roi": "[16,16]", "device": "cpu"}
    trained = run_bundle(
        "train", dataset_dir=root, output_dir=out, epochs=1, num_workers=0, **settings
    )
    assert_fine(trained)
    assert "DRIVE, 3 pictures for training, 2 for validation" in trained.stdout
    folder = root / "test" / "images"  # pictures, without labels and masks
    inferred = run_bundle(
        "inference",
        dataset_dir=folder,
        output_dir=out,
        weights=out / "models" / "model.pt",
        save_prob=True,
        **settings,
    )
    assert_fine(inferred)
    for name in ("01_test", "02_test"):
        picture = read_picture(folder / f"{name}.tif").array
        mask, prob = (read_picture(out / f"{name}_{kind}.png").array for kind in ("mask", "prob"))
        assert mask.shape == prob.shape == (1, *picture.shape[1:])
        assert set(np.unique(mask)) <= {0, 255}
    refused = run_bundle("train", dataset_dir=root, output_dir=out, source="drive", device="cpu")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line == ("error: in_channels 1: DRIVE has 3 (red, green, blue); pass --in_channels 3")


@pytest.mark.slow
def test_prepared_pictures_train_and_their_masks_lie_on_their_grid(
    layouts: Layouts, tmp_path: Path
):
    prepared = prepare_dataset(
        source_named("drive"), layouts.drive(), tmp_path / "prepared", show=lambda _: None
    )
    settings = {"dataset_dir": str(prepared.list_path), "source": "drive", "in_channels": 3}
    settings |= {"output_dir": str(tmp_path / "out"), "roi": [16, 16], "precision": "float32"}
    run_configs("train", epochs=1, num_workers=0, tensorboard=False, **settings)
    weights = str(tmp_path / "out" / "models" / "model_last.pt")
    run_configs("inference", weights=weights, min_length_mm=1.0, **settings)
    (name,) = prepared.split.test
    mask = nib.load(tmp_path / "out" / f"{name}_mask.nii.gz")
    image = nib.load(tmp_path / "prepared" / "imagesTs" / f"{name}.nii.gz")
    assert mask.shape == image.shape[:3] == (24, 20, 1)
    assert np.array_equal(mask.affine, image.affine)
    case = json.loads((tmp_path / "out" / "metrics.json").read_text())["cases"][name]
    assert case["scores_within"] == f"{name}.nii.gz"
