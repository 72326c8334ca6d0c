"""Train the zero-shot weights on synthetic volumes alone; run it again to go on after a break.

Writes OUT/seed_N.pt (half precision; the exponential average of the weights over the steps, as it
is after the last one) and OUT/seed_N.json (how images are prepared; command, plan, seconds,
hardware). Volumes and checkpoints lie in --work-dir, which git ignores.
--install makes the finished weights of a seed those of the bundle; nothing else does.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from install_zero_shot import install

from cldice_monai.data.synthetic import GENERATOR_VERSION
from cldice_monai.errors import InputError
from cldice_monai.inferers import cpu_has_bfloat16
from cldice_monai.workflows import save_weights
from cldice_monai.zero_shot import (
    BUDGETS,
    RECIPE,
    SyntheticVolumes,
    half_precision,
    train_network,
    with_changes,
)

ROOT = Path(__file__).resolve().parents[1]
LOSSES_AVERAGED = 50


def main() -> None:
    """Train the seeds that are asked for, or install one."""
    arguments = read_arguments()
    try:
        if arguments.install is not None:
            install(arguments.install, bundle=arguments.bundle)
            return
        for seed in arguments.seeds:
            train(seed, arguments)
    except InputError as error:
        sys.exit(f"error: {error}")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--budget", choices=sorted(BUDGETS), default="cpu")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "zero_shot")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "output" / "zero_shot")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw volumes")
    parser.add_argument(
        "--plan", nargs="*", default=[], metavar="NAME=VALUE", help="other numbers, for a trial"
    )
    parser.add_argument(
        "--install", type=Path, metavar="WEIGHTS", help="train nothing, write them into the bundle"
    )
    parser.add_argument(
        "--bundle", type=Path, default=ROOT / "bundle", help="the bundle (default: this checkout's)"
    )
    return parser.parse_args()


def train(seed: int, arguments: argparse.Namespace) -> None:
    """Draw the volumes of a seed, train on them, and write weights and log."""
    if arguments.budget == "gpu" and not torch.cuda.is_available():
        raise InputError("--budget gpu: no CUDA device is here; leave the option out")
    if seed < 0:
        raise InputError(f"--seeds {seed}: a seed must be 0 or more")
    plan = with_changes(BUDGETS[arguments.budget], arguments.plan, argument="--plan")
    folder = arguments.work_dir / f"{arguments.budget}_seed_{seed}"
    volumes = SyntheticVolumes.draw_or_read(
        folder / "volumes", plan=plan, seed=seed, n_workers=arguments.workers
    )
    device = "cuda" if arguments.budget == "gpu" else "cpu"
    network, losses, seconds = train_network(
        volumes, plan=plan, seed=seed, checkpoint=folder / "checkpoint.pt", device=device
    )
    weights = arguments.out / f"seed_{seed}.pt"
    log = {
        "command": shlex.join([Path(sys.executable).name, *sys.argv]),
        "seed": seed,
        "budget": arguments.budget,
        "plan": asdict(plan),
        "generator_version": GENERATOR_VERSION,
        "last_loss": sum(losses[-LOSSES_AVERAGED:]) / len(losses[-LOSSES_AVERAGED:]),
        "training_seconds": round(seconds),
        **hardware(device),
    }
    save_weights(half_precision(network), weights, preparation=RECIPE, training=log)
    print(f"weights  {weights}")


def hardware(device: str) -> dict[str, Any]:
    """Say on what the run took its time."""
    name = torch.cuda.get_device_name() if device == "cuda" else cpu_name()
    return {
        "hardware": name,
        "n_cores": os.cpu_count(),
        "n_threads": torch.get_num_threads(),
        "bfloat16": device == "cuda" or cpu_has_bfloat16(),
        "torch": torch.__version__,
    }


def cpu_name() -> str:
    """Return the model name of the processor, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
