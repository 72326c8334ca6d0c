"""A training that is killed and resumed ends with the weights of one that was not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

EPOCHS = 4
SETTINGS = {
    "epochs": EPOCHS,
    "roi": "[32,32,32]",
    "val_interval": 2,
    "num_workers": 2,
    "device": "cpu",
    "precision": "bfloat16",
    "lr_schedule": "poly",
    "ema_decay": 0.9,
    "tensorboard": False,
}


def start(root: Path, dataset: Path, output: Path) -> subprocess.Popen[str]:
    """Start the training in a process group of its own, so that its workers can be killed too."""
    command = [sys.executable, "-m", "monai.bundle", "run"]
    command += ["--bundle_root", str(root / "bundle")]
    command += ["--config_file", str(root / "bundle" / "configs" / "train.json")]
    settings = SETTINGS | {"dataset_dir": dataset, "output_dir": output}
    for key, value in settings.items():
        command += [f"--{key}", str(value)]
    return subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


def kill_after(process: subprocess.Popen[str], file: Path, *, epochs: int) -> None:
    """Send SIGKILL in the middle of the epoch after the one that is asked for."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, "the training ended before it could be killed"
        if file.is_file() and torch.load(file, weights_only=True)["epoch"] >= epochs:
            break
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_training_resumes_bit_by_bit(
    root: Path, run_bundle: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(5)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run_bundle("train", dataset_dir=dataset, output_dir=whole, **SETTINGS)
    assert done.returncode == 0, done.stdout + done.stderr

    checkpoint = killed / "models" / "checkpoint.pt"
    kill_after(start(root, dataset, killed), checkpoint, epochs=1)
    assert torch.load(checkpoint, weights_only=True)["epoch"] < EPOCHS
    resumed = run_bundle("train", dataset_dir=dataset, output_dir=killed, resume="auto", **SETTINGS)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "resuming after epoch" in resumed.stdout
    for name in ("model_last.pt", "model.pt"):
        expected, found = (
            torch.load(folder / "models" / name, weights_only=True) for folder in (whole, killed)
        )
        assert all(torch.equal(found[key], expected[key]) for key in expected)
    state = torch.load(checkpoint, weights_only=True)["state"]
    averaged = {key: state["ema"][f"module.{key}"] for key in state["network"]}
    last = torch.load(killed / "models" / "model_last.pt", weights_only=True)
    assert all(torch.equal(last[key], averaged[key]) for key in last)
    assert not all(torch.equal(last[key], state["network"][key]) for key in last)
