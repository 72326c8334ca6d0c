"""What lies beside weights: it is theirs, it is whole, and nothing else passes for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import Preparation, copy_weights, read_preparation, save_weights

PREPARATION = Preparation(
    side_mm=0.002, cutoff=(0.99, 0.95), lift=50, factors=(1, 2.5), pad_windows=False, threshold=0.4
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    save_weights(nn.Linear(1, 1), tmp_path / "model.pt", preparation=PREPARATION)
    return tmp_path / "model.pt"


def test_every_number_comes_back(weights: Path):
    found = read_preparation(weights)
    assert found.factors == (1.0, 2.5)
    assert list(found.cutoff) == [0.99, 0.95]
    assert found == Preparation(**{**vars(PREPARATION), "cutoff": found.cutoff})


def test_weights_saved_anew_over_others_have_their_own_preparation(weights: Path):
    save_weights(nn.Linear(1, 1), weights, preparation=Preparation(lift=3.0))
    assert read_preparation(weights) == Preparation(lift=3.0)


def test_a_copy_brings_the_preparation_along_and_leaves_none_of_others(
    weights: Path, tmp_path: Path
):
    copy_weights(weights, tmp_path / "copy" / "other.pt")
    assert read_preparation(tmp_path / "copy" / "other.pt").lift == 50
    save_weights(nn.Linear(1, 1), tmp_path / "alone.pt")
    copy_weights(tmp_path / "alone.pt", weights)
    assert read_preparation(weights) == Preparation()


def test_a_disk_that_is_full_leaves_the_old_pair(weights: Path, monkeypatch: pytest.MonkeyPatch):
    before = [path.read_bytes() for path in (weights, weights.with_suffix(".json"))]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        save_weights(nn.Linear(1, 1), weights, preparation=Preparation())
    monkeypatch.undo()
    assert [path.read_bytes() for path in (weights, weights.with_suffix(".json"))] == before
    assert len(list(weights.parent.iterdir())) == 2


def test_a_kill_between_the_two_files_is_told_by_the_hash(weights: Path):
    save_weights(nn.Linear(1, 1), weights)  # the first half of what a killed run leaves
    with pytest.raises(InputError, match=r"model.json: belongs to other weights"):
        read_preparation(weights)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not a JSON file"),
        ("[1]", "holds no sha256"),
        ('{"lift": 3}', "holds no sha256"),
        ('{"seed": 0, "plan": {}}', "it holds plan"),
    ],
)
def test_another_file_of_that_name_is_refused_in_one_line(weights: Path, text: str, words: str):
    weights.with_suffix(".json").write_text(text)
    with pytest.raises(InputError) as refused:
        read_preparation(weights)
    assert str(refused.value).startswith(f"{weights.with_suffix('.json')}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_number_that_cannot_be_is_named_with_its_file(weights: Path):
    beside = weights.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | {"cutoff": 3}))
    with pytest.raises(InputError, match=r"model.json: cutoff must be above 0"):
        read_preparation(weights)


def test_weights_that_are_not_there_are_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="no such file; train a model first"):
        read_preparation(tmp_path / "none.pt")
