import json
from collections.abc import Callable
from pathlib import Path

import pytest
from monai.bundle import ConfigWorkflow


def _workflow(root: Path, config: str, kind: str, **overrides: object) -> ConfigWorkflow:
    return ConfigWorkflow(
        config_file=str(root / "bundle" / "configs" / f"{config}.json"),
        workflow_type=kind,
        logging_file=False,
        bundle_root=str(root / "bundle"),
        **overrides,
    )


@pytest.mark.parametrize(("config", "kind"), [("train", "train"), ("inference", "infer")])
def test_no_property_that_monai_asks_for_is_missing(
    root: Path, config: str, kind: str, make_dataset: Callable[..., Path], tmp_path: Path
):
    workflow = _workflow(
        root, config, kind, dataset_dir=str(make_dataset(3, n_test=1)), output_dir=str(tmp_path)
    )
    workflow.parser["initialize"] = []
    workflow.initialize()
    assert workflow.check_properties() == []


def test_training_starts_by_both_names(root: Path):
    config = json.loads((root / "bundle" / "configs" / "train.json").read_text())
    assert config["run"] == config["training"] == ["$@train#trainer.run()"]


def test_both_configs_build_the_same_network_and_see_the_same_intensities(root: Path):
    train, inference = (
        json.loads((root / "bundle" / "configs" / f"{name}.json").read_text())
        for name in ("train", "inference")
    )
    assert train["network_def"] == inference["network_def"]
    for key in ("in_channels", "roi", "overlap", "threshold", "precision"):
        assert train[key] == inference[key], key
    names = [t["_target_"] for t in train["train"]["deterministic_transforms"]]
    assert names[:3] == [t["_target_"] for t in inference["preprocessing"]["transforms"]]


def test_best_checkpoint_is_chosen_by_cldice(root: Path):
    config = json.loads((root / "bundle" / "configs" / "train.json").read_text())
    (metric,) = config["validate"]["key_metric"].values()
    assert metric["metric_fn"]["_target_"] == "cldice_monai.ClDiceMetric"
    assert config["validate"]["evaluator"]["key_val_metric"] == "@validate#key_metric"
    savers = [h["_target_"] for h in config["validate"]["handlers"]]
    assert savers == ["cldice_monai.workflows.BestModelSaver"]
