import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import BestModelSaver


def _engine(value: float) -> SimpleNamespace:
    state = SimpleNamespace(metrics={"clDice": value}, key_metric_name="clDice")
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
    with pytest.raises(InputError, match="no validation gave a clDice"):
        saver.require_saved()
    assert _validate(saver, weight=2.0, value=0.0) == 2.0
    assert saver.require_saved() is None
    assert _validate(saver, weight=3.0, value=math.nan) == 2.0
