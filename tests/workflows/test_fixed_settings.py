"""A training goes on with the settings it began with, or says which one is another."""

from __future__ import annotations

import pytest
import torch
from monai.bundle import ConfigParser
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


@pytest.fixture
def bundle_settings(root, make_dataset):
    """The settings that train.json keeps, with some of them overridden."""
    dataset = str(make_dataset(4, size=16))

    def settings(**overrides):
        parser = ConfigParser(
            ConfigParser.load_config_file(root / "bundle" / "configs" / "train.json")
        )
        parser.update({"dataset_dir": dataset, "roi": [16, 16, 16], "device": "cpu"} | overrides)
        return parser.get_parsed_content("fixed_settings")

    return settings


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


@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"seed": 1}, "seed"),
        ({"fold": 1}, "fold"),
        ({"lr": 0.1}, "lr"),
        ({"lr_schedule": "poly"}, "lr_schedule"),
        ({"loss": {"_target_": "DiceLoss"}}, "loss"),
        ({"alpha": 0.3}, "alpha"),
        ({"iter_": 7}, "iter_"),
        ({"batch_size": 1}, "batch_size"),
        ({"crops_per_volume": 1}, "crops_per_volume"),
        ({"roi": [8, 8, 8]}, "roi"),
        ({"ema_decay": 0.9}, "ema_decay"),
        ({"optimizer#weight_decay": 0.1}, "optimizer"),
        ({"val_fraction": 0.5}, "cases"),
    ],
)
def test_the_training_of_the_bundle_names_what_changed(change, name, bundle_settings):
    before = bundle_settings()
    bundle_settings().load_state_dict(before.state_dict())
    with pytest.raises(ValueError, match=f"^{name} was .* and is now "):
        bundle_settings(**change).load_state_dict(before.state_dict())
