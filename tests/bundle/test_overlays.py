"""Small config files that swap loss, network or data: each trains, and its weights segment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from monai.bundle import ConfigWorkflow

from cldice_monai.data.source_names import SOURCE_NAMES
from tests.bundle_runs import run_configs
from tests.layouts import Layouts

ROOT = Path(__file__).parents[2]
LOSSES = sorted(path.stem for path in (ROOT / "bundle" / "configs").glob("loss_*.json"))
NETWORKS = sorted(path.stem for path in (ROOT / "bundle" / "configs").glob("net_*.json"))
DATA = sorted(path.stem for path in (ROOT / "bundle" / "configs").glob("data_*.json"))
TINY = {
    "epochs": 1,
    "roi": [32, 32, 32],
    "num_workers": 0,
    "precision": "float32",
    "crops_per_volume": 1,
}


def content_of(config: str) -> dict:
    return json.loads((ROOT / "bundle" / "configs" / f"{config}.json").read_text())


def run(*configs: str, **settings: object) -> ConfigWorkflow:
    return run_configs(*configs, **TINY | settings)


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
    assert DATA == [
        "data_cremi",
        "data_deepvesselnet",
        "data_drive",
        "data_folder",
        "data_roads",
        "data_synthetic",
        "data_vessap_1ch",
        "data_vessap_2ch",
    ]
    text = (ROOT / "bundle" / "docs" / "README.md").read_text()
    assert all(f"`{name}.json`" in text for name in [*LOSSES, *NETWORKS, *DATA, "finetune"])


@pytest.mark.parametrize(("overlay", "key"), [("loss_cldice", "loss"), ("net_unet", "network_def")])
def test_the_overlays_of_the_defaults_are_what_train_json_does(overlay: str, key: str):
    of_overlay, of_train = map(content_of, (overlay, "train"))
    assert of_overlay == {key: of_train[key]}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
@pytest.mark.parametrize(
    "overlays",
    [
        ["loss_cldice", "net_unet"],
        ["loss_dice", "net_paper_fcn"],
        ["loss_mse_cldice", "net_paper_unet"],
        ["loss_ce_cldice", "net_segresnet"],
        ["loss_bce_cldice", "net_dynunet"],
    ],
    ids="+".join,
)
def test_every_overlay_trains_and_its_weights_segment(
    overlays: list[str], make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(3, n_test=1, size=32)
    run("train", *overlays, dataset_dir=str(dataset), output_dir=str(tmp_path / "out"))
    weights = tmp_path / "out" / "models" / "model.pt"
    folders = {"dataset_dir": str(dataset), "output_dir": str(tmp_path / "masks")}
    run("inference", *overlays, **folders, weights=str(weights))
    assert (tmp_path / "masks" / "case_3_mask.nii.gz").is_file()
    scores = json.loads((tmp_path / "masks" / "metrics.json").read_text())["cases"]["case_3"]
    assert 0 <= scores["scores"]["cldice"] <= 1


# overlay: (what writes the data in small, overlays beside it, endings of masks, cases in the test)
DATASETS = {
    "data_drive": ("drive", [], "_mask.png", 1),
    "data_roads": ("roads", ["net_paper_fcn"], "_mask.png", 1),
    "data_cremi": ("cremi", ["net_paper_fcn", "loss_ce_cldice"], "_mask.png", 2),
    "data_vessap_1ch": ("vessap", ["net_paper_fcn"], "_mask.nii.gz", 1),
    "data_vessap_2ch": ("vessap", ["net_paper_fcn", "loss_dice"], "_mask.nii.gz", 1),
    "data_deepvesselnet": ("deepvesselnet", [], "_mask.nii.gz", 1),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
@pytest.mark.parametrize("overlay", DATASETS)
def test_published_dataset_trains_as_it_lies_and_its_test_part_is_segmented(
    overlay: str, layouts: Layouts, tmp_path: Path
):
    writer, others, ending, n_test = DATASETS[overlay]
    content = content_of(overlay)
    settings = {
        "dataset_dir": str(getattr(layouts, writer)()),
        "output_dir": str(tmp_path / "out"),
        "roi": [16] * len(content["roi"]),
    }
    training = run("train", overlay, *others, **settings)
    data = training.parser.get_parsed_content("data")
    settings["weights"] = str(tmp_path / "out" / "models" / "model_last.pt")
    run("inference", overlay, *others, **settings)
    cases = json.loads((tmp_path / "out" / "metrics.json").read_text())["cases"]
    assert len(cases) == n_test
    assert not set(cases) & {item["case_id"] for item in (*data.training, *data.validation)}
    for name, case in cases.items():
        assert (tmp_path / "out" / f"{name}{ending}").is_file()
        assert (tmp_path / "out" / f"{name}_preview.png").is_file()
        assert 0 <= case["scores"]["cldice"] <= 1
        assert ("scores_within" in case) == (writer in ("drive", "roads"))


def test_overlays_of_the_data_say_which_folder_is_meant_where_none_is_given():
    for overlay in DATA:
        content = content_of(overlay)
        assert content["dataset_dir"].startswith("data/"), overlay
        assert content["source"] == "auto" or content["source"] in SOURCE_NAMES
