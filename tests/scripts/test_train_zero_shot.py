"""The command that trains the zero-shot weights, with a plan of two steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cldice_monai.zero_shot import BUDGETS, load_network


@pytest.fixture
def script(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(root / "scripts"))
    import train_zero_shot

    plan = replace(
        BUDGETS["cpu"], n_volumes=1, volume_side=32, steps=2, batch_size=1, patch_side=32, iter_=2
    )
    monkeypatch.setitem(train_zero_shot.BUDGETS, "cpu", plan)
    monkeypatch.setattr(train_zero_shot, "INSTALLED", tmp_path / "bundle" / "model.pt")
    return train_zero_shot


def run(script, monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", ["train_zero_shot.py", *map(str, words)])
    script.main()


def test_every_seed_leaves_weights_in_half_precision_and_a_log(
    script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folders = ["--out", tmp_path / "out", "--work-dir", tmp_path / "work", "--workers", 0]
    run(script, monkeypatch, "--seeds", 0, 1, *folders)
    states = [torch.load(tmp_path / "out" / f"seed_{seed}.pt") for seed in (0, 1)]
    assert {value.dtype for state in states for value in state.values()} == {torch.float16}
    assert any(not torch.equal(states[0][name], states[1][name]) for name in states[0])
    load_network(tmp_path / "out" / "seed_0.pt")
    log = json.loads((tmp_path / "out" / "seed_1.json").read_text())
    assert log["command"].endswith("--workers 0")
    assert log["plan"]["steps"] == 2
    assert log["n_threads"] == torch.get_num_threads()
    assert not (tmp_path / "bundle").exists()  # nothing but --install writes there


def test_install_copies_finished_weights(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    weights = tmp_path / "seed_0.pt"
    weights.write_bytes(b"weights")
    run(script, monkeypatch, "--install", weights)
    assert (tmp_path / "bundle" / "model.pt").read_bytes() == b"weights"


def test_weights_that_are_not_there_cannot_be_installed(
    script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(SystemExit, match="no such file; train that seed first"):
        run(script, monkeypatch, "--install", tmp_path / "seed_7.pt")
