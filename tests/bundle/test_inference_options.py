"""What can be switched on in inference: mirror images, probabilities, filling, a least length."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow
from monai.inferers import sliding_window_inference
from scipy import ndimage

from cldice_monai.errors import find_input_error
from cldice_monai.skeleton import skeletonize
from cldice_monai.topology import skeleton_length_mm
from tests.bundle_runs import run_configs

pytestmark = pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")

CONFIGS = Path(__file__).parents[2] / "bundle" / "configs"


def infer(*overlays: str, **settings: object) -> ConfigWorkflow:
    """Run the bundle's inference in this process, with one window for the whole volume."""
    defaults = {"precision": "float32", "roi": [40, 40, 40]}
    return run_configs("inference", *overlays, **defaults | settings)


def voxels(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


@pytest.fixture
def case(make_dataset: Callable, tmp_path: Path) -> dict[str, str]:
    """Settings for one noisy volume with voxels of 1 x 1 x 2 mm."""
    dataset = make_dataset(0, n_test=1)
    path = dataset / "imagesTs" / "case_0.nii.gz"
    image = nib.load(path)
    noise = np.random.default_rng(0).normal(0, 30, image.shape).astype(np.float32)
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj) + noise, image.affine), path)
    return {"dataset_dir": str(dataset), "output_dir": str(tmp_path / "out")}


def test_probabilities_are_those_of_the_mask_and_on_the_inputs_grid(case: dict):
    infer(**case, save_prob=True, threshold=0.3)
    output = Path(case["output_dir"])
    prob = nib.load(output / "case_0_prob.nii.gz")
    image = nib.load(Path(case["dataset_dir"]) / "imagesTs" / "case_0.nii.gz")
    assert prob.get_data_dtype() == np.float32
    assert prob.shape == image.shape
    assert np.array_equal(prob.affine, image.affine)
    values = np.asarray(prob.dataobj)
    assert len(np.unique(values)) > 1000
    mask = voxels(output / "case_0_mask.nii.gz")
    assert 0 < mask.sum() < mask.size
    assert np.array_equal(mask > 0, values >= 0.3)
    case_0 = json.loads((output / "metrics.json").read_text())["cases"]["case_0"]
    assert case_0["probability"] == "case_0_prob.nii.gz"


def test_windows_have_the_size_and_the_overlap_that_were_asked_for(case: dict):
    workflow = infer(**case, save_prob=True, roi=[24, 32, 40], overlap=0.25)
    network = workflow.parser.get_parsed_content("network").eval()
    image = workflow.parser.get_parsed_content("dataset")[0]["image"][None].as_tensor()
    probabilities = {}
    for overlap in (0.25, 0.5):
        windows = {"roi_size": (24, 32, 40), "overlap": overlap, "mode": "gaussian"}
        with torch.no_grad():
            logits = sliding_window_inference(image, sw_batch_size=4, predictor=network, **windows)
        probabilities[overlap] = torch.sigmoid(logits[0, 0]).numpy()
    found = voxels(Path(case["output_dir"]) / "case_0_prob.nii.gz")
    np.testing.assert_allclose(found, probabilities[0.25], atol=1e-5)
    assert np.abs(found - probabilities[0.5]).max() > 1e-3


def test_mirror_images_are_averaged_as_probabilities(case: dict):
    workflow = infer(**case, save_prob=True, tta="true")  # as fire reads --tta true
    found = voxels(Path(case["output_dir"]) / "case_0_prob.nii.gz")
    network = workflow.parser.get_parsed_content("network").eval()
    image = workflow.parser.get_parsed_content("dataset")[0]["image"][None].as_tensor()
    mean = torch.zeros(40, 40, 40)
    with torch.no_grad():
        for axes in itertools.chain.from_iterable(
            itertools.combinations([2, 3, 4], n) for n in range(4)
        ):
            mirrored = torch.flip(network(torch.flip(image, axes)), axes)
            mean += torch.sigmoid(mirrored[0, 0]) / 8
        once = torch.sigmoid(network(image)[0, 0])
    np.testing.assert_allclose(found, mean, atol=1e-5)
    assert np.abs(found - once.numpy()).max() > 1e-3
    settings = json.loads((Path(case["output_dir"]) / "metrics.json").read_text())["settings"]
    assert settings["tta"] is True


def test_components_shorter_than_the_least_length_are_gone(case: dict):
    infer(**case, threshold=0.05)
    mask = voxels(Path(case["output_dir"]) / "case_0_mask.nii.gz") > 0
    infer(**case, threshold=0.05, min_length_mm=12)
    kept = voxels(Path(case["output_dir"]) / "case_0_mask.nii.gz") > 0
    components, n = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    spacing = (1.0, 1.0, 2.0)
    expected = np.zeros_like(mask)
    for number in range(1, n + 1):
        one = components == number
        skeleton = skeletonize(one, spacing=spacing)
        if skeleton_length_mm(skeleton, spacing_mm=spacing) >= 12:
            expected |= one
    assert 0 < expected.sum() < mask.sum()
    assert np.array_equal(kept, expected)
    settings = json.loads((Path(case["output_dir"]) / "metrics.json").read_text())["settings"]
    assert settings["min_length_mm"] == 12


def test_cavities_are_filled_where_that_is_asked_for(case: dict):
    infer(**case, threshold=0.05)
    mask = voxels(Path(case["output_dir"]) / "case_0_mask.nii.gz") > 0
    infer(**case, threshold=0.05, fill_cavities="true")
    filled = voxels(Path(case["output_dir"]) / "case_0_mask.nii.gz") > 0
    assert np.array_equal(filled, ndimage.binary_fill_holes(mask))
    assert filled.sum() > mask.sum()
    settings = json.loads((Path(case["output_dir"]) / "metrics.json").read_text())["settings"]
    assert settings["fill_cavities"] is True


def test_a_softmax_network_has_the_probability_of_everything_but_background(case: dict):
    network = torch.nn.Conv3d(1, 2, 1)
    weights = Path(case["output_dir"]).with_name("two_channels.pt")
    torch.save(network.state_dict(), weights)
    settings = {
        "network_def": {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": 2}
        | {"kernel_size": 1},
        "out_channels": 2,
        "weights": str(weights),
    }
    workflow = infer(**case, **settings, save_prob=True, tta=True)
    image = workflow.parser.get_parsed_content("dataset")[0]["image"][None].as_tensor()
    with torch.no_grad():
        expected = torch.softmax(network(image), 1)[0, 1]
    found = voxels(Path(case["output_dir"]) / "case_0_prob.nii.gz")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    mask = voxels(Path(case["output_dir"]) / "case_0_mask.nii.gz")
    assert np.array_equal(mask > 0, found > 0.5)


def test_probabilities_of_an_earlier_run_are_named(case: dict, caplog: pytest.LogCaptureFixture):
    infer(**case, save_prob=True)
    assert "case_0_prob.nii.gz" not in caplog.text
    with caplog.at_level("INFO"):
        infer(**case)
    notes = [line for line in caplog.messages if "earlier run" in line]
    assert notes == [f"note: of an earlier run, in {case['output_dir']}: case_0_prob.nii.gz"]


def test_a_picture_has_a_probability_picture_and_lengths_in_pixels(tmp_path: Path):
    from PIL import Image

    picture = np.random.default_rng(0).integers(0, 60, (48, 40)).astype(np.uint8)
    picture[10:13, 3:38] = 250  # 35 pixels long
    picture[30:33, 5:15] = 250  # 10 pixels long
    (tmp_path / "in").mkdir()
    Image.fromarray(picture).save(tmp_path / "in" / "a.png")
    # one weight and one bias: vessel is what is bright
    weights = {"weight": torch.full((1, 1, 1, 1), 20.0), "bias": torch.tensor([-14.0])}
    torch.save(weights, tmp_path / "model.pt")
    network_def = {"_target_": "torch.nn.Conv2d", "in_channels": 1, "out_channels": 1}
    settings = {"network_def": network_def | {"kernel_size": 1}, "roi": [32, 32], "tta": True}
    settings |= {"dataset_dir": str(tmp_path / "in"), "weights": str(tmp_path / "model.pt")}
    for length in (0, 20):
        output = tmp_path / str(length)
        infer(**settings, output_dir=str(output), save_prob=True, min_length_mm=length)
        mask = np.asarray(Image.open(output / "a_mask.png")) > 0
        prob = np.asarray(Image.open(output / "a_prob.png"))
        assert mask.shape == prob.shape == picture.shape
        assert np.array_equal(prob > 127, picture == 250)
        assert mask[10:13, 3:38].all()
        assert mask[30:33, 5:15].all() == (length == 0)


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ({"tta": "yes"}, "tta must be true or false, got 'yes'; write --tta true"),
        ({"save_prob": 2}, "save_prob must be true or false, got 2"),
        ({"min_length_mm": -1}, "min_length_mm must be 0 or a length in mm, got -1"),
        ({"min_length_mm": "short"}, "min_length_mm must be 0 or a length in mm, got 'short'"),
        ({"fill_cavities": "yes"}, "fill_cavities must be true or false, got 'yes'"),
        ({"threshold": 1.5}, "threshold must be a probability between 0 and 1, got 1.5"),
        ({"overlap": 1}, "overlap must be from 0 to less than 1, got 1; for example --overlap"),
        ({"precision": "float16"}, "precision must be auto, bfloat16 or float32, got 'float16'"),
        ({"weights": 3}, "weights was read as 3, which is not a path"),
    ],
)
def test_settings_that_say_nothing_are_refused_in_one_line(case: dict, setting: dict, line: str):
    with pytest.raises(Exception) as refused:  # noqa: PT011, MONAI wraps it
        infer(**case, **setting)
    reason = find_input_error(refused.value)
    assert reason is not None
    assert str(reason).startswith(line)
    assert not list(Path(case["output_dir"]).iterdir())
