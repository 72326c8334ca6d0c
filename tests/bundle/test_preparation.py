"""Weights carry how their images are prepared, and every workflow goes by it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow

from cldice_monai.errors import find_input_error
from cldice_monai.workflows import Preparation, copy_weights, read_preparation, save_weights
from cldice_monai.zero_shot import RECIPE, load_network, segment_volume
from tests.bundle_runs import run_configs
from tests.conftest import save_nifti

pytestmark = pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "bundle"
ZERO_SHOT = ROOT / "docs" / "results" / "zero_shot" / "seed_0.pt"
SPACING_UM = (1.0, 1.0, 5.0)
QUARTER = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])


def run(*configs: str, **settings: object) -> ConfigWorkflow:
    return run_configs(*configs, **{"precision": "float32"} | settings)


def oblique(spacing_um: tuple[float, ...], degrees: float = 20.0) -> np.ndarray:
    """An affine in mm whose first two axes are turned, and the third against them."""
    turn = np.radians(degrees)
    about_z = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_z[[2, 0, 1]][:, [2, 0, 1]] @ np.diag(spacing_um) / 1000
    affine[:3, 3] = [-3, 1.5, 20]
    return affine


def vessels() -> np.ndarray:
    """Two bright tubes in a stack of 60 x 52 x 14 voxels, with noise."""
    x, y, z = np.meshgrid(*map(np.arange, (60, 52, 14)), indexing="ij")
    radius = np.minimum(
        np.hypot(y - 20 - 6 * np.sin(x / 9), 5 * (z - 6)), np.hypot(x - 40, 5 * (z - 9) - y / 4)
    )
    image = 900 * np.exp(-((radius / 5) ** 2))
    return (image + np.random.default_rng(0).normal(10, 3, image.shape)).astype(np.float32)


def learnt(state: dict[str, torch.Tensor]) -> list[str]:
    """Names of what an optimiser changes; batch norms also keep statistics, whatever the rate."""
    return [name for name in state if ".running_" not in name and "num_batches" not in name]


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.fixture
def zero_shot(tmp_path: Path) -> Path:
    """The zero-shot weights with their preparation beside them."""
    copy_weights(ZERO_SHOT, tmp_path / "models" / "model.pt", preparation=RECIPE)
    return tmp_path / "models" / "model.pt"


@pytest.fixture
def case(tmp_path: Path) -> dict[str, str]:
    """Settings for one stack of 1 x 1 x 5 um."""
    affine = np.diag([*SPACING_UM, 1000]) / 1000
    path = save_nifti(tmp_path / "in" / "a.nii.gz", vessels(), affine)
    return {"dataset_dir": str(path.parent), "output_dir": str(tmp_path / "out")}


def mask_of(case: dict[str, str]) -> np.ndarray:
    return np.asarray(nib.load(Path(case["output_dir"]) / "a_mask.nii.gz").dataobj) > 0


@pytest.mark.parametrize("turned", [False, True])
def test_inference_is_that_of_the_zero_shot_recipe(turned: bool, zero_shot: Path, case: dict):
    path = Path(case["dataset_dir"]) / "a.nii.gz"
    if turned:
        save_nifti(path, vessels(), oblique(SPACING_UM))
    run("inference", **case, weights=str(zero_shot), precision="auto", save_prob=True)
    written = nib.load(Path(case["output_dir"]) / "a_mask.nii.gz")
    # the header holds fewer digits than SPACING_UM has
    spacing_um = 1000 * nib.affines.voxel_sizes(written.affine)
    expected = segment_volume(vessels(), load_network(zero_shot), spacing_um=spacing_um)
    assert 0 < expected.sum() < expected.size
    assert np.array_equal(mask_of(case), expected)
    for name in ("mask", "prob"):
        image = nib.load(Path(case["output_dir"]) / f"a_{name}.nii.gz")
        assert image.shape == (60, 52, 14)
        assert np.array_equal(image.affine, nib.load(path).affine)


def test_volume_of_unknown_spacing_is_segmented_on_its_own_grid_alone(zero_shot: Path, case: dict):
    save_nifti(Path(case["dataset_dir"]) / "a.nii.gz", vessels(), np.eye(4))
    run("inference", **case, weights=str(zero_shot), precision="auto")
    network = load_network(zero_shot)
    own_grid = replace(RECIPE, side_mm=None, factors=(1.0,))
    assert np.array_equal(mask_of(case), segment_volume(vessels(), network, recipe=own_grid))
    coarser = replace(own_grid, side_mm=0.002, factors=(2.0,))
    forced = segment_volume(vessels(), network, spacing_um=(2, 2, 2), recipe=coarser)
    assert not np.array_equal(mask_of(case), forced)


def test_windows_and_overlap_of_the_bundle_are_those_of_the_recipe():
    config = json.loads((BUNDLE / "configs" / "inference.json").read_text())
    assert config["roi"] == [RECIPE.window] * 3
    assert config["overlap"] == RECIPE.overlap


@pytest.fixture
def brightness(tmp_path: Path) -> dict[str, object]:
    """Settings for weights whose logit is 0 at the prepared intensity of a half."""
    network = torch.nn.Conv3d(1, 1, 1)
    with torch.no_grad():
        network.weight.fill_(8.0)
        network.bias.fill_(-4.0)
    weights = tmp_path / "brightness.pt"
    preparation = Preparation(cutoff=0.9, lift=24.0, threshold=0.7)
    save_weights(network, weights, preparation=preparation)
    config = {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": 1, "kernel_size": 1}
    return {"weights": str(weights), "network_def": config}


def by_hand(cutoff: float, lift: float, threshold: float) -> np.ndarray:
    """The mask of `brightness`, by plain arithmetic."""
    image = vessels()
    top = np.quantile(image, cutoff)
    scaled = (np.minimum(image, top) - image.min()) / (top - image.min())
    lifted = np.log1p(lift * scaled) / np.log1p(lift) if lift else scaled
    return 1 / (1 + np.exp(4 - 8 * lifted)) >= threshold


def test_the_preparation_beside_the_weights_is_taken_and_a_setting_wins(case: dict, brightness):
    run("inference", **case, **brightness)
    assert dice(mask_of(case), by_hand(0.9, 24.0, 0.7)) > 0.9999
    written = json.loads((Path(case["output_dir"]) / "metrics.json").read_text())["settings"]
    assert (written["cutoff"], written["lift"], written["threshold"]) == (0.9, 24.0, 0.7)
    run("inference", **case, **brightness, lift=0, threshold=0.4)
    assert dice(mask_of(case), by_hand(0.9, 0, 0.4)) > 0.9999
    assert dice(by_hand(0.9, 0, 0.4), by_hand(0.9, 24.0, 0.7)) < 0.95


def test_weights_that_come_alone_are_prepared_as_training_does_it(case: dict, brightness, caplog):
    Path(str(brightness["weights"])).with_suffix(".json").unlink()
    with caplog.at_level(logging.INFO):
        run("inference", **case, **brightness)
    assert dice(mask_of(case), by_hand(0.99, 0, 0.5)) > 0.9999
    notes = [line for line in caplog.messages if "brightness.json" in line]
    assert len(notes) == 1
    assert notes[0].startswith("note: weights ")


def test_preparation_of_other_weights_is_refused_in_one_line(case: dict, brightness):
    beside = Path(str(brightness["weights"])).with_suffix(".json")
    content = json.loads(beside.read_text())
    beside.write_text(json.dumps(content | {"sha256": "0" * 64}))
    with pytest.raises(Exception) as refused:  # noqa: PT011, MONAI wraps it
        run("inference", **case, **brightness)
    assert str(find_input_error(refused.value)).startswith(f"{beside}: belongs to other weights")
    assert not list(Path(case["output_dir"]).iterdir())


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ({"side_mm": -1}, "side_mm must be a length in mm above 0, or None to keep every grid"),
        ({"cutoff": 1.5}, "cutoff must be above 0 and at most 1, got 1.5"),
        ({"lift": "much"}, "lift must be 0 or more, got 'much'"),
        ({"threshold": 1.5}, "threshold must be a probability between 0 and 1, got 1.5"),
        ({"factors": 2}, "factors must be a list of numbers of 1 or more, got 2"),
        ({"factors": [0.5, 1]}, "factors must be a list of numbers of 1 or more, got [0.5, 1]"),
        ({"pad_windows": "no"}, "pad_windows must be true or false, got 'no'"),
    ],
)
@pytest.mark.parametrize("config", ["train", "inference"])
def test_a_preparation_that_cannot_be_is_refused_in_one_line(
    config: str, setting: dict, line: str, case: dict
):
    with pytest.raises(Exception) as refused:  # noqa: PT011, MONAI wraps it
        run(config, **case, **setting)
    assert str(find_input_error(refused.value)).startswith(line)


def test_short_pieces_are_measured_in_mm_after_the_way_back(case: dict, brightness):
    image = np.zeros((40, 40, 8), np.float32)
    image[4:36, 8:12, 3:6] = 100  # 32 um long
    image[6:10, 28:32, 3:5] = 100  # 4 um
    affine = oblique(SPACING_UM)
    save_nifti(Path(case["dataset_dir"]) / "a.nii.gz", image, affine)
    settings = {**case, **brightness, "side_mm": 0.002, "lift": 0, "threshold": 0.5}
    run("inference", **settings)
    assert mask_of(case)[6:10, 28:32, 3:5].any()
    run("inference", **settings, min_length_mm=0.015)
    assert mask_of(case)[8:32, 9:11, 4].all()
    assert not mask_of(case)[:, 20:].any()


TINY = {
    **{"epochs": 1, "roi": [16, 16, 16], "val_interval": 1, "num_workers": 0, "tensorboard": False},
    "network_def#channels": [4, 8],
    "network_def#strides": [2],
}


@pytest.fixture
def stacks(make_dataset: Callable) -> str:
    """Three labelled volumes whose voxels are 1 x 1 x 2 um."""
    folder = make_dataset(3, size=24)
    for path in folder.rglob("*.nii.gz"):
        image = nib.load(path)
        save_nifti(path, np.asarray(image.dataobj), np.diag([0.001, 0.001, 0.002, 1]))
    return str(folder)


def test_training_draws_from_the_working_grid_and_says_so_beside_its_weights(
    stacks: str, tmp_path: Path
):
    given = {"side_mm": 0.0015, "cutoff": 0.95, "lift": 5.0, "threshold": 0.3, "factors": [1, 2]}
    settings = {"dataset_dir": stacks, "output_dir": str(tmp_path / "out"), **TINY, **given}
    workflow = run("train", **settings)
    (item,) = workflow.parser.get_parsed_content("validate#dataset")
    # 23 steps of 1, 1 and 2 um in steps of 1.5 um
    assert item["image"].shape == item["label"].shape == (1, 16, 16, 32)
    assert item["label"].unique().tolist() == [0, 1]
    assert item["image"][item["label"] > 0].mean() - item["image"][item["label"] == 0].mean() > 0.4
    expected = Preparation(**given)
    for name in ("model.pt", "model_last.pt", "checkpoint.pt"):
        assert read_preparation(tmp_path / "out" / "models" / name) == expected, name
    assert not (tmp_path / "out" / "models" / "checkpoint.json").exists()


def test_fine_tuning_starts_from_the_weights_as_they_are(stacks: str, tmp_path: Path):
    settings = {"dataset_dir": stacks, **TINY, "precision": "float32"}
    run("train", **settings, output_dir=str(tmp_path / "first"))
    first = tmp_path / "first" / "models" / "model_last.pt"
    again = {"output_dir": str(tmp_path / "again"), "weights": str(first), "lr": 1e-12}
    run("train", **settings, **again)
    before, after = (
        torch.load(folder / "models" / "model_last.pt", weights_only=True)
        for folder in (tmp_path / "first", tmp_path / "again")
    )
    assert all(torch.allclose(after[name], before[name], atol=1e-6) for name in learnt(before))


def test_the_overlay_fine_tunes_the_shipped_weights_on_their_working_grid(
    stacks: str, tmp_path: Path
):
    settings = {name: value for name, value in TINY.items() if not name.startswith("network_def")}
    settings |= {"roi": [32, 32, 32], "precision": "float32", "lr": 1e-12}
    paths = {"dataset_dir": stacks, "output_dir": str(tmp_path / "out")}
    workflow = run("train", "data_folder", "finetune", **paths, **settings)
    written = tmp_path / "out" / "models" / "model_last.pt"
    assert read_preparation(written) == read_preparation(BUNDLE / "models" / "model.pt")
    (item,) = workflow.parser.get_parsed_content("validate#dataset")
    side_um = 1000 * RECIPE.side_mm
    expected = [round(23 * spacing / side_um + 1) for spacing in (1, 1, 2)]
    assert list(item["label"].shape[1:]) == expected
    before = torch.load(BUNDLE / "models" / "model.pt", weights_only=True)
    after = torch.load(written, weights_only=True)
    # the statistics of its batch norms too
    assert all(torch.allclose(after[n].float(), before[n].float(), atol=1e-5) for n in before)


def test_the_overlay_goes_slower_and_shorter_than_a_training_from_scratch():
    overlay, train = (
        json.loads((BUNDLE / "configs" / f"{name}.json").read_text())
        for name in ("finetune", "train")
    )
    assert overlay["lr"] < train["lr"]
    assert overlay["epochs"] < train["epochs"]
    inference = json.loads((BUNDLE / "configs" / "inference.json").read_text())
    for name in ("stored_preparation", "weights", *train["preparation"]):
        if name != "_target_":
            assert overlay[name] == inference[name], name
