import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch.distributed as dist

import cldice_monai.workflows
from tests.bundle_runs import bundle_workflow
from tests.conftest import ROOT

NETWORKS = sorted(path.stem for path in (ROOT / "bundle" / "configs").glob("net_*.json"))
ON_INFERENCE = [*NETWORKS, "loss_ce_cldice", "inference_trt"]


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A group of this process alone, which multi_gpu_train.json makes in its initialize."""
    dist.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'rendezvous'}", rank=0, world_size=1
    )
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("process_group")
@pytest.mark.parametrize(
    "configs",
    [
        ["train"],
        ["train", "multi_gpu_train"],
        ["inference"],
        *[["inference", overlay] for overlay in ON_INFERENCE],
    ],
    ids="+".join,
)
def test_no_property_that_monai_asks_for_is_missing(
    configs: list[str],
    make_dataset: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    # the compiler of TensorRT needs a GPU
    monkeypatch.setattr(
        cldice_monai.workflows, "compile_with_tensorrt", lambda network, *_, **__: network
    )
    folders = {"dataset_dir": str(make_dataset(3, n_test=1)), "output_dir": str(tmp_path)}
    workflow = bundle_workflow(*configs, **folders)
    workflow.parser["initialize"] = []
    workflow.initialize()
    assert workflow.check_properties() == []


def test_training_starts_by_both_names(root: Path):
    config = json.loads((root / "bundle" / "configs" / "train.json").read_text())
    assert config["run"] == config["training"] == ["$@train#trainer.run()"]


def test_both_configs_build_the_same_network_and_prepare_images_alike(root: Path):
    train, inference = (
        json.loads((root / "bundle" / "configs" / f"{name}.json").read_text())
        for name in ("train", "inference")
    )
    assert train["network_def"] == inference["network_def"]
    for key in ("in_channels", "out_channels", "source", "roi", "overlap", "preparation"):
        assert train[key] == inference[key], key
    assert train["train"]["deterministic_transforms"] == inference["preprocessing"]["transforms"]


def test_best_checkpoint_is_chosen_by_cldice(root: Path):
    config = json.loads((root / "bundle" / "configs" / "train.json").read_text())
    (metric,) = config["validate"]["key_metric"].values()
    assert metric["metric_fn"]["_target_"] == "cldice_monai.ClDiceMetric"
    assert config["validate"]["evaluator"]["key_val_metric"] == "@validate#key_metric"
    savers = [h["_target_"] for h in config["validate"]["handlers"]]
    assert savers == ["cldice_monai.workflows.BestModelSaver"]
