"""The command that trains the zero-shot weights, with a plan of two steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cldice_monai.workflows import Preparation, read_preparation
from cldice_monai.zero_shot import BUDGETS, RECIPE, load_network

PREPARATION = {name: getattr(RECIPE, name) for name in vars(Preparation())}


@pytest.fixture
def script(import_script, monkeypatch: pytest.MonkeyPatch):
    train_zero_shot = import_script("train_zero_shot")
    plan = replace(
        BUDGETS["cpu"], n_volumes=1, volume_side=32, steps=2, batch_size=1, patch_side=32, iter_=2
    )
    monkeypatch.setitem(train_zero_shot.BUDGETS, "cpu", plan)
    return train_zero_shot


def test_every_seed_leaves_weights_in_half_precision_and_a_log(script, tmp_path: Path, run_main):
    folders = ["--out", tmp_path / "out", "--work-dir", tmp_path / "work", "--workers", 0]
    folders += ["--plan", "alpha=0.25", "average_decay=null"]
    run_main(script, "--seeds", 0, 1, *folders)
    states = [torch.load(tmp_path / "out" / f"seed_{seed}.pt") for seed in (0, 1)]
    kernels = [w for state in states for name, w in state.items() if name.endswith("conv.weight")]
    assert kernels
    assert {kernel.dtype for kernel in kernels} == {torch.float16}
    assert any(not torch.equal(states[0][name], states[1][name]) for name in states[0])
    load_network(tmp_path / "out" / "seed_0.pt")
    assert read_preparation(tmp_path / "out" / "seed_1.pt") == Preparation(**PREPARATION)
    log = json.loads((tmp_path / "out" / "seed_1.json").read_text())["training"]
    assert log["command"].endswith("average_decay=null")
    assert log["plan"]["steps"] == 2
    assert log["plan"]["alpha"] == 0.25
    assert log["plan"]["average_decay"] is None
    assert log["n_threads"] == torch.get_num_threads()


@pytest.mark.parametrize("change", ["alpha", "epochs=3", "alpha=half"])
def test_trial_that_no_plan_knows_ends_with_one_line(change: str, script, tmp_path: Path, run_main):
    with pytest.raises(SystemExit, match=f"error: --plan {change}: "):
        run_main(script, "--plan", change, "--work-dir", tmp_path, "--out", tmp_path)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--plan", "steps=0"], "steps must be a whole number of 1 or more, got 0"),
        (["--plan", 'batch_size="x"'], "batch_size must be a whole number of 1 or more, got 'x'"),
        (["--plan", "patch_side=12"], "patch_side must be a multiple of 8"),
        (["--plan", "patch_side=64"], "patch_side must be .* at most volume_side 32, got 64"),
        (["--plan", "lr=-1"], "lr must be above 0, got -1"),
        (["--seeds", "-1"], "--seeds -1: a seed must be 0 or more"),
        (["--budget", "gpu"], "--budget gpu: no CUDA device is here"),
    ],
)
def test_training_that_cannot_be_ends_with_one_line_before_volumes_are_drawn(
    words: list[str],
    problem: str,
    script,
    tmp_path: Path,
    run_main,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match=f"^error: {problem}"):
        run_main(script, *words, "--work-dir", tmp_path / "w", "--out", tmp_path / "o")
    assert list(tmp_path.iterdir()) == []
