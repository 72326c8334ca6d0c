"""Any loss trains any network on pictures and volumes, with one class of vessel and with two."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser

from cldice_monai.errors import InputError, find_input_error

CONFIGS = Path(__file__).parents[2] / "bundle" / "configs"
LOSSES = sorted(path.stem for path in CONFIGS.glob("loss_*.json"))
NETWORKS = sorted(path.stem for path in CONFIGS.glob("net_*.json"))


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """A folder of two cases: volumes or pictures, with as many classes of vessel."""

    def make(spatial_dims: int, *, n_classes: int) -> Path:
        for number in range(2):
            label = np.zeros((32,) * spatial_dims + (1,) * (3 - spatial_dims), np.uint8)
            label[8:12] = 1
            label[20 + number : 24] = n_classes
            noise = np.random.default_rng(number).normal(0, 5, label.shape)
            for part, array in (("images", 100.0 * label + noise), ("labels", label)):
                path = tmp_path / "data" / f"{part}Tr" / f"case_{number}.nii.gz"
                path.parent.mkdir(parents=True, exist_ok=True)
                nib.save(nib.Nifti1Image(array.astype(np.float32), np.eye(4)), path)
        return tmp_path / "data"

    return make


def parsed(*overlays: str, **settings: object) -> ConfigParser:
    """Merge configs as ``python -m monai.bundle`` does, ready to be asked for parts."""
    files = [CONFIGS / f"{name}.json" for name in ("train", *overlays)]
    parser = ConfigParser(ConfigParser.load_config_files(files))
    tiny = {"device": "cpu", "precision": "float32", "num_workers": 0, "crops_per_volume": 1}
    parser.update(tiny | {"seed": 0, "tensorboard": False} | settings)
    parser.parse()
    return parser


def checks(parser: ConfigParser) -> None:
    """Run what ``initialize`` looks at before the training starts."""
    for number, line in enumerate(parser["initialize"]):
        if "check_" in line or "start_workflow" in line:
            parser.get_parsed_content(f"initialize#{number}")


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [1, 2])
@pytest.mark.parametrize("spatial_dims", [2, 3])
@pytest.mark.parametrize("network", NETWORKS)
def test_every_loss_trains_every_network(
    network: str, spatial_dims: int, n_classes: int, tiny: Callable[..., Path], tmp_path: Path
):
    settings = {
        "dataset_dir": str(tiny(spatial_dims, n_classes=n_classes)),
        "output_dir": str(tmp_path / "out"),
        "roi": [32] * spatial_dims,
    }
    for loss in LOSSES:
        background = loss == "loss_ce_cldice" or n_classes > 1
        settings["out_channels"] = n_classes + background
        parser = parsed(loss, network, **settings)
        checks(parser)
        batch = next(iter(parser.get_parsed_content("train#dataloader")))
        assert set(batch["label"].unique().tolist()) == set(range(n_classes + 1)), loss
        net, loss_function = (parser.get_parsed_content(key) for key in ("network", "loss"))
        value = loss_function(net(batch["image"]), batch["label"])
        value.backward()
        gradients = [p.grad for p in net.parameters() if p.grad is not None]
        assert all(gradient.isfinite().all() for gradient in gradients), loss
        assert any(gradient.abs().max() > 0 for gradient in gradients), loss


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "loss_dice"])
@pytest.mark.parametrize("out_channels", [1, 3])
def test_alpha_is_the_share_of_cldice_whatever_the_classes(
    loss: str, out_channels: int, tiny: Callable[..., Path]
):
    if loss == "loss_ce_cldice" and out_channels == 1:
        out_channels = 2
    label = torch.zeros(1, 1, 16, 16)
    label[..., 4:6, :] = 1
    label[..., 10:12, :] = max(out_channels - 1, 1)
    logits = torch.linspace(-2, 2, 256 * out_channels).reshape(1, out_channels, 16, 16)
    values = []
    for alpha in (0.0, 0.25, 1.0):
        parser = parsed(loss, alpha=alpha, out_channels=out_channels, iter_=3, ignore_index=None)
        values.append(float(parser.get_parsed_content("loss")(logits, label)))
    assert values[0] != pytest.approx(values[2])
    assert values[1] == pytest.approx(0.75 * values[0] + 0.25 * values[2], rel=1e-5)


WRONG = {  # overlays, settings, words of the line
    "cross-entropy with one channel": (
        ["loss_ce_cldice"],
        {"out_channels": 1},
        "the loss .* does not fit out_channels 1: .* pass --out_channels 2",
    ),
    "paper's U-Net with a window it cannot halve": (
        ["net_paper_unet"],
        {"roi": [40, 40]},
        r"roi \[40, 40\] does not fit the network \(ClassicUNet\).*--roi '\[48,48\]' does",
    ),
    "paper's U-Net with a window too small to normalise": (
        ["net_paper_unet"],
        {"roi": [16, 16]},
        r"roi \[16, 16\] does not fit .*--roi '\[32,32\]' does",
    ),
    "loss of several channels for one": (
        [],
        {"loss#sigmoid": False, "loss#softmax": True},
        "the loss .* does not fit out_channels 1",
    ),
    "network of volumes for pictures": (
        [],
        {"network_def#spatial_dims": 3},
        r"the network \(UNet\) does not take images of 1 channels in windows of \[32, 32\]",
    ),
    "volumes in three numbers, pictures in the folder": (
        [],
        {"roi": [32, 32, 32]},
        r"case_0.nii.gz: a picture, as all the others, .* --roi '\[64,64\]'",
    ),
    "a class that has no channel": (
        [],
        {"out_channels": 3},
        "labelsTr/case_..nii.gz: holds the class 5, but out_channels 3 .* pass --out_channels 6",
    ),
    "colours that the data do not have": (
        ["data_drive"],
        {"in_channels": 1},
        "in_channels 1: DRIVE has 3 .*; pass --in_channels 3",
    ),
    "a folder of another layout": (["data_roads"], {}, "not the layout of Massachusetts Roads"),
    "no such dataset": ([], {"source": "drives"}, "there is no dataset 'drives'; choose one of"),
}

ONE_LINE_A_FILE = ("a class that has no channel",)


@pytest.mark.parametrize("case", WRONG)
def test_wrong_combination_is_one_line(case: str, tiny: Callable[..., Path], tmp_path: Path):
    overlays, settings, words = WRONG[case]
    dataset = tiny(2, n_classes=5)
    settings = {"dataset_dir": str(dataset), "roi": [32, 32]} | settings
    parser = parsed(*overlays, output_dir=str(tmp_path / "out"), **settings)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - MONAI's own, the reason is in its chain
        checks(parser)
    reason = find_input_error(caught.value)
    assert isinstance(reason, InputError), caught.value
    lines = str(reason).splitlines()
    assert all(re.search(words, line) for line in lines), lines
    assert len(lines) == (2 if case in ONE_LINE_A_FILE else 1)
    assert not list((tmp_path / "out").rglob("*.pt"))


def test_volumes_are_no_pictures(tiny: Callable[..., Path], tmp_path: Path):
    settings = {"dataset_dir": str(tiny(3, n_classes=1)), "roi": [32, 32]}
    parser = parsed(output_dir=str(tmp_path / "out"), **settings)
    with pytest.raises(RuntimeError) as caught:
        checks(parser)
    reason = find_input_error(caught.value)
    assert "case_0.nii.gz: has 32 slices, and a roi of two numbers is for pictures" in str(reason)
