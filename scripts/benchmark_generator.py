#!/usr/bin/env python
"""Time the vessel generator on one core, beside a training step; `--help` lists the choices.

The generator's times are those of the processor, which runs one thread of it, so that other work on
the machine matters little. A training step runs on two threads and is timed by the clock: on a
busy machine it takes longer than it should. Each is the median over a few seeds, the spread is
from the fastest to the slowest.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from monai.losses import DiceLoss
from monai.networks.nets import UNet

from cldice_monai.data.synthetic import generate_vessels

_FULL = (325, 304, 600)
_LIMIT_S = 180.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words after the program's name; None for those of the process.

    Returns:
        Exit status: 0, or 1 if a goal is missed.
    """
    parser = argparse.ArgumentParser(
        description="Time the vessel generator on one core beside a training step.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, default=9, help="seeds at 64 and training steps")
    parser.add_argument("--full", action="store_true", help="time 325 x 304 x 600, too: minutes")
    options = parser.parse_args(arguments)
    torch.set_num_threads(2)
    step = _times(_training_step(), options.repeats, clock=time.perf_counter)
    print(_line("training step, 64^3, 2 threads", step, None))
    torch.set_num_threads(1)
    small = _times(lambda i: _draw((64, 64, 64), i), options.repeats)
    print(_line("randomised 64^3", small, 64**3))
    large = _times(lambda i: _draw((128, 128, 128), i), max(3, options.repeats // 2))
    print(_line("randomised 128^3", large, 128**3))
    share = float(np.median(small) / np.median(step))
    growth = float(np.median(large) / np.median(small))
    met = [share < 0.5, growth <= 8.0]
    print(f"64^3 against a step: {share:.2f}, goal below 0.5: {_verdict(met[0])}")
    print(f"128^3 against 64^3: {growth:.1f}, goal at most 8: {_verdict(met[1])}")
    if options.full:
        for preset in ("randomised", "deepvesselnet"):
            full = _times(partial(_draw, _FULL, preset=preset), 1, warm=False)
            print(_line(f"{preset} 325 x 304 x 600", full, int(np.prod(_FULL))))
            met.append(full[0] < _LIMIT_S)
            print(f"goal below {_LIMIT_S:.0f} s: {_verdict(met[-1])}")
    return 0 if all(met) else 1


def _draw(shape: tuple[int, int, int], seed: int, preset: str = "randomised") -> None:
    generate_vessels(shape, preset=preset, seed=seed)


def _training_step() -> Callable[[int], None]:
    torch.manual_seed(0)
    network = UNet(3, 1, 1, (16, 32, 64, 128), (2, 2, 2), num_res_units=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss = DiceLoss(sigmoid=True)
    image = torch.rand(1, 1, 64, 64, 64)
    label = (torch.rand(1, 1, 64, 64, 64) > 0.95).float()

    def step(_: int) -> None:
        optimizer.zero_grad()
        loss(network(image), label).backward()
        optimizer.step()

    return step


def _times(
    run: Callable[[int], None],
    repeats: int,
    *,
    warm: bool = True,
    clock: Callable[[], float] = time.process_time,
) -> list[float]:
    """Return the seconds of each run; one more before them is not counted."""
    if warm:
        run(0)
    seconds = []
    for i in range(repeats):
        start = clock()
        run(i)
        seconds.append(clock() - start)
    return seconds


def _line(name: str, seconds: list[float], n_voxels: int | None) -> str:
    middle = float(np.median(seconds))
    text = f"{name:35s} {middle:6.3f} s ({min(seconds):6.3f}-{max(seconds):6.3f})"
    return text if n_voxels is None else f"{text} {n_voxels / middle / 1e6:5.2f} Mvoxel/s"


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


if __name__ == "__main__":
    sys.exit(main())
