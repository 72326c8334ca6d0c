"""The folds and their summary, with a stand-in for the training."""

import json
import math
from pathlib import Path

import pytest
import torch

from cldice_monai.errors import InputError
from cldice_monai.workflows.cross_validation import FoldResult, cross_validate, summary_table

SCORES = {0: 0.6, 1: 0.7, 2: 0.8}


def option(command: list[str], name: str) -> str:
    return command[command.index(f"--{name}") + 1]


class Trainings:
    """Writes the checkpoint that a training would leave; remembers how it was called."""

    def __init__(self, *, broken: tuple[int, ...] = (), scores: dict[int, float] = SCORES):
        self.commands: list[list[str]] = []
        self.broken = broken
        self.scores = scores

    def __call__(self, command: list[str]) -> int:
        self.commands.append(command)
        fold = int(option(command, "fold"))
        if fold in self.broken:
            return 3
        folder = Path(option(command, "output_dir")) / "models"
        folder.mkdir(parents=True, exist_ok=True)
        best = {"epoch": 5 * (fold + 1), "metrics": {"clDice": self.scores[fold], "b0 error": 2.0}}
        torch.save({"state": {"best": best}}, folder / "checkpoint.pt")
        return 0


@pytest.fixture
def run(root: Path, tmp_path: Path):
    """Cross-validate into one folder."""

    def run(trainings: Trainings, **options: object) -> list[FoldResult]:
        target, bundle = tmp_path / "out", root / "bundle"
        options = {"show": lambda line: None} | options
        return cross_validate(Path("data"), target, bundle=bundle, train=trainings, **options)

    return run


def test_each_fold_is_trained_into_its_folder_with_the_settings(run, tmp_path, root):
    trainings = Trainings()
    run(trainings, settings=["--epochs", "7"], overlays=["loss_dice", "net_unet.json"])
    assert len(trainings.commands) == 3
    for fold, command in enumerate(trainings.commands):
        assert option(command, "fold") == str(fold)
        assert option(command, "output_dir") == str(tmp_path / "out" / f"fold_{fold}")
        assert option(command, "resume") == "auto"
        assert option(command, "dataset_dir") == "data"
        assert option(command, "epochs") == "7"
        configs = root / "bundle" / "configs"
        names = ("train.json", "loss_dice.json", "net_unet.json")
        assert option(command, "config_file") == str([str(configs / name) for name in names])


def test_the_summary_holds_mean_and_standard_deviation(run, tmp_path):
    results = run(Trainings())
    content = json.loads((tmp_path / "out" / "cross_validation.json").read_text())
    assert content["mean"] == pytest.approx({"clDice": 0.7, "b0 error": 2.0})
    assert content["sd"] == pytest.approx({"clDice": 0.1, "b0 error": 0.0})  # n - 1
    assert [fold["epoch"] for fold in content["folds"]] == [5, 10, 15]
    assert summary_table(results).splitlines() == [
        "fold  epoch  clDice  b0 error",
        "   0      5   0.600     2.000",
        "   1     10   0.700     2.000",
        "   2     15   0.800     2.000",
        "mean          0.700     2.000",
        "  sd          0.100     0.000",
    ]
    text = (tmp_path / "out" / "cross_validation.md").read_text()
    assert "| mean |  | 0.700 | 2.000 |" in text


def test_a_fold_that_fails_leaves_the_results_of_the_others(run, tmp_path):
    results = run(Trainings(broken=(1,)))
    assert [result.failed_because for result in results] == [
        None,
        "the training ended with status 3",
        None,
    ]
    content = json.loads((tmp_path / "out" / "cross_validation.json").read_text())
    assert content["mean"]["clDice"] == pytest.approx(0.7)
    assert content["folds"][1] == {"fold": 1, "failed_because": "the training ended with status 3"}
    assert "   1  failed       -         -" in summary_table(results).splitlines()


def test_what_was_not_measured_is_null_and_not_in_the_mean(run, tmp_path):
    run(Trainings(scores={0: 0.6, 1: math.nan, 2: 0.8}))
    content = json.loads((tmp_path / "out" / "cross_validation.json").read_text())
    assert content["folds"][1]["metrics"]["clDice"] is None
    assert content["mean"]["clDice"] == pytest.approx(0.7)


def test_folds_of_other_settings_are_not_mixed(run):
    run(Trainings(broken=(0, 1, 2)), settings=["--lr", "0.1"])
    with pytest.raises(InputError, match="holds a cross-validation with other settings"):
        run(Trainings(), settings=["--lr", "0.2"])
    assert len(run(Trainings(), settings=["--lr", "0.1"])) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": ["--fold", "1"]}, "--fold is set for each fold"),
        ({"settings": ["--output-dir=x"]}, "--output_dir is set for each fold"),
        ({"settings": ["epochs", "3"]}, "epochs: not understood"),
        ({"overlays": ["loss_none"]}, "--overlay loss_none: no such file"),
    ],
)
def test_words_that_cannot_work_are_refused_before_anything_is_trained(run, options, message):
    trainings = Trainings()
    with pytest.raises(InputError, match=message):
        run(trainings, **options)
    assert trainings.commands == []
