"""A misspelt setting stops a run; whatever the configs listen to is let through."""

import json

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows.overrides import OVERRIDES, check_overrides

RUNNER = "/somewhere/monai/bundle/__main__.py"


@pytest.fixture
def run(tmp_path, root):
    def run(*words, files=("train",)):
        paths = [str(root / "bundle" / "configs" / f"{name}.json") for name in files]
        config = paths[0] if len(paths) == 1 else str(paths)
        check_overrides([RUNNER, "run", "training", "--config_file", config, *words])

    return run


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "3", "--lr=0.1", "--dataset-dir", "/data"],
        ["--loss#alpha", "0.3"],
        ["--loss::iter_", "3"],
        ["--loss#batch", "True"],  # an argument of its _target_ that the file does not give
        ["--loss#_target_", "DiceCELoss", "--loss#lambda_ce", "2"],
        ["--optimizer#weight_decay", "0"],
        ["--train#handlers#2#interval", "2"],
        ["--network_def#dropout", "0.1"],
        ["--tracking", "mlflow", "--experiment_name", "a"],
        ["--lr", "-1"],
        [word for key in OVERRIDES for word in (f"--{key}", "1")],
    ],
)
def test_settings_that_something_listens_to_pass(run, words):
    run(*words)
    with pytest.raises(InputError, match="no such setting"):
        run(*words, "--nobody_listens", "1")  # all words were looked at


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--epocs", "3"], "--epocs: no such setting; did you mean --epochs?"),
        (["-epocs", "3"], "--epocs: no such setting; did you mean --epochs?"),
        (["--epocs=3"], "--epocs: no such setting; did you mean --epochs?"),
        (["--batch-sise", "3"], "--batch_sise: no such setting; did you mean --batch_size?"),
        (
            ["--optimizer#lrr", "0.3"],
            "--optimizer#lrr: no such setting; did you mean --optimizer#lr?",
        ),
        (["--train::trainer::max_epoch", "3"], "did you mean --train#trainer#max_epochs?"),
        (["--train#handlers#99#interval", "2"], "no such setting"),
        (["--experiment_name", "a"], "--experiment_name: no such setting"),
        (["--zzzz", "1"], "--zzzz: no such setting; the README of the bundle lists them"),
    ],
)
def test_a_misspelt_setting_is_refused_with_the_nearest_one(run, words, line):
    with pytest.raises(InputError, match="no such setting") as refused:
        run(*words)
    assert line in str(refused.value)


def test_settings_of_a_second_file_count(run, tmp_path, root):
    overlay = tmp_path / "overlay.json"
    overlay.write_text(json.dumps({"mine": 1, "loss#extra": 2}))
    files = [str(root / "bundle" / "configs" / "train.json"), str(overlay)]
    check_overrides([RUNNER, "run", "--config_file", str(files), "--mine", "2"])
    with pytest.raises(InputError, match="--mine: no such setting"):
        run("--mine", "2")


def test_the_files_may_come_from_an_args_file(tmp_path, root):
    arguments = tmp_path / "args.json"
    arguments.write_text(json.dumps({"config_file": str(root / "bundle/configs/train.json")}))
    check_overrides([RUNNER, "run", "--args_file", str(arguments), "--epochs", "2"])
    with pytest.raises(InputError, match="did you mean --epochs"):
        check_overrides([RUNNER, "run", "--args_file", str(arguments), "--epocs", "2"])


def test_settings_in_an_args_file_are_looked_at_too(tmp_path, root):
    arguments = tmp_path / "args.json"
    config = str(root / "bundle" / "configs" / "train.json")
    arguments.write_text(json.dumps({"config_file": [config], "loss#alpha": 0.3, "epochs": 2}))
    check_overrides([RUNNER, "run", "--args_file", str(arguments)])
    arguments.write_text(json.dumps({"config_file": config, "epocs": 2}))
    with pytest.raises(InputError, match="--epocs: no such setting; did you mean --epochs"):
        check_overrides([RUNNER, "run", "--args_file", str(arguments)])


@pytest.mark.parametrize(
    "words", [["pytest", "--epocs", "3"], [RUNNER, "verify_metadata", "--epocs", "3"], [RUNNER]]
)
def test_other_programs_are_left_alone(words):
    check_overrides(words)


def test_a_setting_of_the_docs_that_these_files_do_not_use_is_noted(run, caplog):
    words = ["--tta", "true", "--epochs", "3", "--max-memory", "8", "--lr", "0.1"]
    with caplog.at_level("INFO"):
        run(*words)
    assert caplog.messages == [
        "note: --tta has no effect: the config files given do not use it",
        "note: --max_memory has no effect: the config files given do not use it",
    ]
    caplog.clear()
    with caplog.at_level("INFO"):
        run(*words, files=("inference",))
    assert [line.split()[1] for line in caplog.messages] == ["--epochs", "--max_memory", "--lr"]


def test_nothing_is_noted_where_a_setting_is_refused(run, caplog):
    with caplog.at_level("INFO"), pytest.raises(InputError):
        run("--tta", "true", "--epocs", "3")
    assert caplog.messages == []
