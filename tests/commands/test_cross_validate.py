"""The command that trains every fold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cldice_monai import cli
from cldice_monai.workflows import cross_validation
from cldice_monai.workflows.cross_validation import FoldResult


@pytest.fixture
def called(monkeypatch) -> dict:
    """Stands in for the trainings; holds what they were asked for."""
    seen: dict = {"results": [FoldResult(0, 5, {"clDice": 0.5})]}

    def stand_in(data: Path, target: Path, **options: object) -> list[FoldResult]:
        seen.update(options, data=data, target=target)
        return seen["results"]

    monkeypatch.setattr(cross_validation, "cross_validate", stand_in)
    return seen


@pytest.mark.parametrize(
    "words",
    [
        ["--folds", "2", "--overlay", "a", "b", "--bundle", "BUNDLE", "DATA", "OUT"],
        ["DATA", "OUT", "--folds", "2", "--overlay", "a", "--overlay", "b", "--bundle", "BUNDLE"],
    ],
    ids=["before", "behind"],
)
def test_options_stand_before_or_behind_and_the_rest_is_handed_on(called, words, tmp_path, root):
    places = {"BUNDLE": str(root / "bundle"), "DATA": str(tmp_path), "OUT": str(tmp_path / "out")}
    settings = ["--epochs", "3", "--loss#alpha=0.3", "--roi", "[32,32,32]", "--lr", "-1"]
    line = [places.get(word, word) for word in words]
    assert cli.main(["cross-validate", *line, *settings]) == 0
    assert called["settings"] == settings
    assert called["n_folds"] == 2
    assert called["overlays"] == ["a", "b"]
    assert called["bundle"] == root / "bundle"


def test_a_failed_fold_is_one_line_and_a_bad_status(called, tmp_path, capsys):
    called["results"] += [FoldResult(1, failed_because="status 1")]
    assert cli.main(["cross-validate", str(tmp_path), str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "0.500" in printed.out
    assert printed.err.splitlines() == [
        "error: fold 1 of 2 failed, as said above; mend it and repeat the command, "
        "the others are kept"
    ]


def _list_with_folds(dataset: Path, n_folds: int) -> Path:
    names = [path.name for path in sorted((dataset / "imagesTr").iterdir())]
    items = [{"image": f"imagesTr/{n}", "label": f"labelsTr/{n}"} for n in names]
    ids = [name.removesuffix(".nii.gz") for name in names]
    folds = [ids[number::n_folds] for number in range(n_folds)]
    place = dataset / "dataset.json"
    place.write_text(json.dumps({"training": items, "folds": folds}))
    return place


def test_the_folds_are_those_of_the_list_or_three(called, make_dataset: Callable, tmp_path):
    dataset = make_dataset(4, size=16)
    assert cli.main(["cross-validate", str(dataset), str(tmp_path / "out")]) == 0
    assert called["n_folds"] == 3
    listing = _list_with_folds(dataset, 2)
    assert cli.main(["cross-validate", str(listing), str(tmp_path / "out")]) == 0
    assert called["n_folds"] == 2
    assert cli.main(["cross-validate", str(listing), str(tmp_path / "out"), "--folds", "3"]) == 1


@pytest.mark.slow
def test_two_folds_are_trained_and_compared(make_dataset: Callable, tmp_path, capfd):
    listing = _list_with_folds(make_dataset(4), 2)
    words = ["cross-validate", str(listing), str(tmp_path / "out"), "--epochs", "1"]
    words += ["--roi", "[32,32,32]", "--num_workers", "0", "--device", "cpu"]
    assert cli.main(words) == 0
    content = json.loads((tmp_path / "out" / "cross_validation.json").read_text())
    assert len(content["folds"]) == 2
    assert 0 <= content["mean"]["clDice"] <= 1
    assert (tmp_path / "out" / "fold_1" / "models" / "model_last.pt").is_file()
    assert "fold 1 of 2" in capfd.readouterr().out
