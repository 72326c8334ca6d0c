"""Values that could only fail later are refused with what is needed."""

import json
import re

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import check_settings

GOOD = {
    "batch_size": 1,
    "crops_per_volume": 4,
    "val_interval": 1,
    "num_workers": 0,
    "lr": 1e-3,
    "alpha": 0,
    "cache_rate": 1.0,
    "foreground": 0.05,
    "val_fraction": 0.2,
}


def test_usable_values_pass():
    check_settings(**GOOD)


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("batch_size", 0, "a whole number of 1 or more"),
        ("batch_size", 2.5, "a whole number of 1 or more"),
        ("batch_size", True, "a whole number of 1 or more"),
        ("crops_per_volume", 0, "a whole number of 1 or more"),
        ("val_interval", "x", "a whole number of 1 or more"),
        ("num_workers", -1, "a whole number of 0 or more"),
        ("lr", -1, "a number above 0"),
        ("lr", 0, "a number above 0"),
        ("lr", float("nan"), "a number above 0"),
        ("lr", float("inf"), "a number above 0"),
        ("lr", "abc", "a number above 0"),
        ("alpha", 1.01, "a number from 0 to 1"),
        ("cache_rate", 5, "a number from 0 to 1"),
        ("foreground", 1, "a number between 0 and 1"),
        ("val_fraction", 0, "a number between 0 and 1"),
    ],
)
def test_a_value_that_cannot_work_is_refused(name, value, needed):
    line = re.escape(f"{name} must be {needed}, got {value!r}")
    with pytest.raises(InputError, match=line):
        check_settings(**(GOOD | {name: value}))


@pytest.mark.parametrize("config", ["train", "multi_gpu_train"])
def test_every_training_looks_at_all_of_them(config, root):
    configs = root / "bundle" / "configs"
    initialize = json.loads((configs / f"{config}.json").read_text())["initialize"]
    line = next(line for line in initialize if "check_settings(" in line)
    assert all(f"{name}=@{name}" in line for name in GOOD)
