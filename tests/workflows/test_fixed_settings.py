"""A training goes on with the settings it began with, or says which one is another."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cldice_monai import CompoundclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.errors import InputError
from cldice_monai.workflows import FixedSettings, TrainingCheckpoint
from cldice_monai.workflows.prepare import TrainingData


class _Engine:
    """As much of a trainer as a checkpoint looks at."""

    def __init__(self) -> None:
        self.state = type("State", (), {"epoch": 1, "max_epochs": 2, "epoch_length": 3})()


def _checkpoint(folder, *, resume=None, **settings):
    given = {"lr": 0.01, "roi": [32, 32], "loss": SoftDiceclDiceLoss(sigmoid=True)} | settings
    objects = {"settings": FixedSettings(**given), "network": nn.Linear(2, 2)}
    return TrainingCheckpoint(folder / "checkpoint.pt", objects, resume=resume)


def test_same_settings_go_on(tmp_path):
    _checkpoint(tmp_path).save(_Engine())
    engine = _Engine()
    _checkpoint(tmp_path, resume="auto", roi=(32, 32)).load(engine)
    assert engine.state.epoch == 1
    torch.load(tmp_path / "checkpoint.pt", weights_only=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lr": 0.5}, "lr was 0.01 and is now 0.5"),
        ({"roi": [64, 64]}, r"roi was \[32, 32\] and is now \[64, 64\]"),
        (
            {"loss": CompoundclDiceLoss(nn.MSELoss(), sigmoid=True)},
            r"loss was SoftDiceclDiceLoss\(.*and is now CompoundclDiceLoss\(.*MSELoss",
        ),
    ],
)
def test_other_settings_are_named_in_one_line(change, says, tmp_path):
    _checkpoint(tmp_path).save(_Engine())
    with pytest.raises(InputError, match=says) as caught:
        _checkpoint(tmp_path, resume="auto", **change).load(_Engine())
    assert "\n" not in str(caught.value)


def test_cases_are_told_apart_by_name_and_part():
    def of(training, validation):
        return TrainingData(
            [{"case_id": name} for name in training], [{"case_id": name} for name in validation]
        ).fingerprint()

    assert of("ab", "c") == of("ab", "c")
    assert len({of("ab", "c"), of("ac", "b"), of("ba", "c"), of("a", "bc")}) == 4
