"""What a training does besides training: it stops in time, it shows itself, and it is tracked."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cldice_monai.errors import find_input_error
from tests.bundle_runs import run_configs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning"),
]

TINY = {
    "epochs": 4,
    "roi": [32, 32, 32],
    "val_interval": 1,
    "num_workers": 0,
    "precision": "float32",
}


@pytest.fixture
def train(root: Path, make_dataset: Callable, tmp_path: Path) -> Callable[..., Path]:
    """Run train.json on three tiny volumes; return the folder of the results."""
    dataset = make_dataset(3)

    def run(tracking: str | None = None, **settings: object) -> Path:
        output = tmp_path / "out"
        folders = {"dataset_dir": str(dataset), "output_dir": str(output)}
        run_configs("train", tracking=tracking, **folders, **TINY | settings)
        return output

    return run


def test_patience_ends_a_training_with_its_best_and_last_weights(train: Callable, caplog):
    pytest.importorskip("tensorboard", reason="needs the extra [tensorboard]")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with caplog.at_level("INFO"):
        output = train(lr=1e-30, patience=2, lr_schedule="constant")  # nothing can get better
    assert "stopped early after epoch 3: no better model in 2 validations" in caplog.text
    names = sorted(path.name for path in (output / "models").iterdir())
    assert names == [
        *("checkpoint.pt", "model.json", "model.pt", "model_last.json", "model_last.pt")
    ]
    assert torch.load(output / "models" / "checkpoint.pt", weights_only=True)["epoch"] == 3

    events = EventAccumulator(str(output / "tensorboard"))
    events.Reload()
    names = ["clDice", "Tprec", "Tsens", "Dice", "b0 error", "b1 error"]
    expected = ["train/loss", "train/lr", *(f"validation/{name}" for name in names)]
    assert sorted(events.Tags()["scalars"]) == sorted(expected)
    assert all(len(events.Scalars(tag)) == 3 for tag in expected)
    assert len(events.Tags()["images"]) == 1  # one volume for validation


def test_a_training_that_breaks_names_its_cases_and_keeps_what_was_good(
    train: Callable, tmp_path: Path
):
    with pytest.raises(RuntimeError) as broken:
        train(lr=1e30, tensorboard=False)
    line = str(find_input_error(broken.value))
    assert re.match(r"the loss became (nan|inf) in epoch \d, step \d, on case_\d", line), line
    for name in ("model.pt", "checkpoint.pt"):
        path = tmp_path / "out" / "models" / name
        content = torch.load(path, weights_only=True)
        weights = content["state"]["network"] if name == "checkpoint.pt" else content
        assert all(torch.isfinite(tensor).all() for tensor in weights.values()), name


@pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None, reason="needs the extra [mlflow], 600 MB"
)
@pytest.mark.filterwarnings("default")  # of mlflow and what it is built on
def test_mlflow_gets_the_curves(train: Callable):
    import mlflow

    output = train(tracking="mlflow", epochs=2, tensorboard=False)
    client = mlflow.MlflowClient(f"sqlite:///{output}/mlruns.db")
    (experiment,) = [e for e in client.search_experiments() if e.name == "monai_experiment"]
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    for name in ("loss", "clDice", "Dice", "b0 error", "b1 error"):
        history = client.get_metric_history(run.info.run_id, name)
        assert [point.step for point in history] == [1, 2], name
    assert 0 <= run.data.metrics["clDice"] <= 1
