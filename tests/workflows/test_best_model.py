import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import BestModelSaver, Preparation, read_preparation


def _engine(value: float, epoch: int = 1) -> SimpleNamespace:
    metrics = {"clDice": value, "Dice": 0.5}
    state = SimpleNamespace(metrics=metrics, key_metric_name="clDice", epoch=epoch)
    return SimpleNamespace(state=state)


def _validate(saver: BestModelSaver, *, weight: float, value: float) -> float | None:
    """Set the network's one weight, report a metric, and return the weight that is on disk."""
    with torch.no_grad():
        saver.network.weight.fill_(weight)
    saver(_engine(value))
    if not saver.path.exists():
        return None
    return float(torch.load(saver.path, weights_only=True)["weight"])


def test_the_file_holds_the_epoch_with_the_highest_metric(tmp_path: Path):
    saver = BestModelSaver(nn.Linear(1, 1), tmp_path / "model.pt")
    assert _validate(saver, weight=1.0, value=0.5) == 1.0
    assert _validate(saver, weight=2.0, value=0.4) == 1.0
    assert _validate(saver, weight=3.0, value=0.7) == 3.0
    assert _validate(saver, weight=4.0, value=0.7) == 3.0, "a tie keeps the earlier epoch"


def test_a_metric_that_was_not_measured_never_wins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    saver = BestModelSaver(nn.Linear(1, 1), tmp_path / "model.pt")
    assert _validate(saver, weight=1.0, value=math.nan) is None
    assert "validation clDice could not be measured" in caplog.text
    with pytest.raises(InputError, match="no validation of this run gave a clDice"):
        saver.require_saved()
    assert _validate(saver, weight=2.0, value=0.0) == 2.0
    assert saver.require_saved() is None
    assert _validate(saver, weight=3.0, value=math.nan) == 2.0


def test_epoch_and_metrics_of_the_best_are_kept_and_go_through_a_checkpoint(tmp_path: Path):
    saver = BestModelSaver(nn.Linear(1, 1), tmp_path / "model.pt")
    for epoch, value in [(5, 0.6), (10, 0.8), (15, 0.7), (20, math.nan)]:
        saver(_engine(value, epoch))
    torch.save(saver.state_dict(), tmp_path / "state.pt")
    again = BestModelSaver(nn.Linear(1, 1), tmp_path / "model.pt")
    again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert (again.best, again.epoch, again.n_since_best) == (0.8, 10, 2)
    assert again.metrics == {"clDice": 0.8, "Dice": 0.5}


@pytest.fixture
def half_way(tmp_path: Path) -> BestModelSaver:
    """A saver as it is after resuming into another folder: its best is in the first one."""
    first = BestModelSaver(nn.Linear(1, 1), tmp_path / "first" / "model.pt")
    _validate(first, weight=1.0, value=0.5)
    second = BestModelSaver(nn.Linear(1, 1), tmp_path / "second" / "model.pt")
    second.load_state_dict(first.state_dict())
    return second


def test_a_training_that_goes_on_in_another_folder_brings_its_best_weights(
    half_way: BestModelSaver, tmp_path: Path
):
    half_way.take_over(tmp_path / "first")
    assert float(torch.load(half_way.path, weights_only=True)["weight"]) == 1.0
    assert _validate(half_way, weight=2.0, value=0.4) == 1.0


def test_the_preparation_goes_along_with_the_best_weights(tmp_path: Path):
    preparation = Preparation(lift=7.0)
    first = BestModelSaver(nn.Linear(1, 1), tmp_path / "a" / "model.pt", preparation=preparation)
    _validate(first, weight=1.0, value=0.5)
    assert read_preparation(first.path) == preparation
    _validate(first, weight=2.0, value=0.6)
    assert read_preparation(first.path) == preparation
    second = BestModelSaver(nn.Linear(1, 1), tmp_path / "b" / "model.pt", preparation=preparation)
    second.load_state_dict(first.state_dict())
    second.take_over(tmp_path / "a")
    assert read_preparation(second.path) == preparation


def test_best_weights_that_are_lost_are_chosen_anew(half_way: BestModelSaver, tmp_path: Path):
    half_way.take_over(tmp_path / "second")
    assert half_way.best == -math.inf
    assert _validate(half_way, weight=2.0, value=0.4) == 2.0
