"""Small config files that swap the loss or the network: each trains, and its weights segment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from monai.bundle import ConfigWorkflow

ROOT = Path(__file__).parents[2]
LOSSES = sorted(path.stem for path in (ROOT / "bundle" / "configs").glob("loss_*.json"))
NETWORKS = sorted(path.stem for path in (ROOT / "bundle" / "configs").glob("net_*.json"))
TINY = {
    "epochs": 1,
    "roi": [32, 32, 32],
    "num_workers": 0,
    "device": "cpu",
    "precision": "float32",
    "crops_per_volume": 1,
    "bundle_root": str(ROOT / "bundle"),
}


def configs(*names: str) -> list[str]:
    return [str(ROOT / "bundle" / "configs" / f"{name}.json") for name in names]


def run(kind: str, files: list[str], **settings: object) -> ConfigWorkflow:
    workflow = ConfigWorkflow(
        config_file=files, workflow_type=kind, logging_file=False, **TINY | settings
    )
    workflow.initialize()
    workflow.run()
    workflow.finalize()
    return workflow


def test_the_overlays_are_those_of_the_docs():
    assert LOSSES == [
        "loss_bce_cldice",
        "loss_ce_cldice",
        "loss_cldice",
        "loss_dice",
        "loss_mse_cldice",
    ]
    assert NETWORKS == [
        "net_dynunet",
        "net_paper_fcn",
        "net_paper_unet",
        "net_segresnet",
        "net_unet",
    ]
    text = (ROOT / "bundle" / "docs" / "README.md").read_text()
    assert all(f"`{name}.json`" in text for name in LOSSES + NETWORKS)


@pytest.mark.parametrize(("overlay", "key"), [("loss_cldice", "loss"), ("net_unet", "network_def")])
def test_the_overlays_of_the_defaults_are_what_train_json_does(overlay: str, key: str):
    of_overlay, of_train = (json.loads(Path(configs(n)[0]).read_text()) for n in (overlay, "train"))
    assert of_overlay == {key: of_train[key]}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
@pytest.mark.parametrize(
    "overlays",
    [
        *[[loss] for loss in LOSSES],
        *[[network] for network in NETWORKS],
        ["loss_ce_cldice", "net_segresnet"],
        ["loss_bce_cldice", "net_dynunet"],
    ],
    ids="+".join,
)
def test_every_overlay_trains_and_its_weights_segment(
    overlays: list[str], make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(3, n_test=1, size=32)
    run(
        "train",
        configs("train", *overlays),
        dataset_dir=str(dataset),
        output_dir=str(tmp_path / "out"),
    )
    weights = tmp_path / "out" / "models" / "model.pt"
    run(
        "infer",
        configs("inference", *overlays),
        dataset_dir=str(dataset),
        output_dir=str(tmp_path / "masks"),
        weights=str(weights),
    )
    assert (tmp_path / "masks" / "case_3_mask.nii.gz").is_file()
    scores = json.loads((tmp_path / "masks" / "metrics.json").read_text())["cases"]["case_3"]
    assert 0 <= scores["scores"]["cldice"] <= 1
