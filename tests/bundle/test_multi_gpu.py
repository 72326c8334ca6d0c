"""Two processes that train together: gloo on the CPU here, NCCL on GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 2, "roi": "[32,32,32]", "val_interval": 1, "num_workers": 0}
SETTINGS |= {"val_fraction": 0.4, "precision": "float32", "cache_rate": 0, "ema_decay": 0.9}


@pytest.fixture
def launch(root: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run multi_gpu_train.json as its README says; with one process, without torchrun."""

    def run(n_processes: int, **overrides: object) -> subprocess.CompletedProcess[str]:
        configs = [root / "bundle" / "configs" / f"{n}.json" for n in ("train", "multi_gpu_train")]
        command = [sys.executable]
        if n_processes > 1:
            command += ["-m", "torch.distributed.run", f"--nproc_per_node={n_processes}"]
            command += ["--standalone"]
        command += ["-m", "monai.bundle", "run", "--bundle_root", str(root / "bundle")]
        command += ["--config_file", str([str(config) for config in configs])]
        for key, value in (SETTINGS | overrides).items():
            command += [f"--{key}", str(value)]
        quiet = "ignore:parsing config_file:UserWarning"
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": quiet}
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run


def weights(folder: Path, name: str = "model_last.pt") -> dict[str, torch.Tensor]:
    return torch.load(folder / "models" / name, weights_only=True)


def test_two_processes_train_report_once_and_resume(
    launch: Callable, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(5)
    output = tmp_path / "whole"
    done = launch(2, dataset_dir=dataset, output_dir=output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("epoch   2/2") == 1
    assert "3 volumes for training, 2 for validation" in done.stdout
    written = sorted(path.name for path in (output / "models").iterdir())
    assert written == [
        *("checkpoint.pt", "model.json", "model.pt", "model_last.json", "model_last.pt")
    ]
    assert len(list((output / "tensorboard").iterdir())) == 1  # of one process
    # A network alone, without the wrapper's names, that inference can load.
    assert not any(key.startswith("module.") for key in weights(output))

    # A finished training goes on to the same end.
    again = launch(2, dataset_dir=dataset, output_dir=output, resume="auto")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "resuming after epoch 2" in again.stdout
    one = weights(output)
    state = torch.load(output / "models" / "checkpoint.pt", weights_only=True)["state"]["ema"]
    assert all(torch.equal(one[key], state[f"module.{key}"]) for key in one)

    # Nodes that do not share a folder would go on from different epochs.
    own = f"$'{output}/models' if @rank == 0 else '{tmp_path}/other'"
    apart = launch(2, dataset_dir=dataset, output_dir=output, ckpt_dir=own, resume="auto")
    assert apart.returncode != 0
    assert "error: resume: the processes found checkpoints of different epochs (2, none)" in (
        apart.stderr
    )


def test_processes_that_see_different_data_are_refused(launch: Callable, make_dataset: Callable):
    first, second = make_dataset(4, name="first"), make_dataset(5, name="second")
    choice = f"$'{first}' if @rank == 0 else '{second}'"
    done = launch(2, dataset_dir=choice, output_dir="out")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if "see different data" in line]
    assert said
    assert all(line.startswith("error: dataset_dir: the processes see") for line in said)
    assert "InputError" not in done.stderr  # torchrun adds a traceback of its own, not of ours


def test_fewer_validation_cases_than_processes_are_refused(
    launch: Callable, make_dataset: Callable
):
    done = launch(2, dataset_dir=make_dataset(3), val_fraction=0.2, output_dir="out")
    assert done.returncode != 0
    assert "error: 1 for validation is less than one for each of 2 processes" in done.stderr
    assert "[rank0]: Traceback" not in done.stderr


def test_without_torchrun_it_says_how_to_start_it(launch: Callable, make_dataset: Callable):
    done = launch(1, dataset_dir=make_dataset(3), output_dir="out")
    assert done.returncode != 0
    assert "start them with torchrun --nproc_per_node=N" in done.stderr
    assert "Traceback" not in done.stderr
