"""Time and memory of SoftclDiceLoss against MONAI's and against its own eager fall-back.

Run it on a quiet machine::

    python scripts/benchmark_loss.py

It prints one table each for forward + backward, for a training step of a small UNet, and for the
peak memory, measured in processes of their own. Only the ratios carry over to other machines: the
implementations of a row take turns in one process, and medians over the rounds are printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from monai.losses import DiceLoss
from monai.losses import SoftclDiceLoss as MonaiLoss
from monai.networks.nets import UNet
from torch import Tensor

from cldice_monai.losses import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.skeleton import _soft_compiled, soft_skeleton

Loss = Callable[[Tensor, Tensor], Tensor]
CASES = [
    ("96^3, iter 10", (1, 1, 96, 96, 96), 10),
    ("96^3, iter 3", (1, 1, 96, 96, 96), 3),
    ("1024^2 x 4, iter 10", (4, 1, 1024, 1024), 10),
]


def eager(iter_: int) -> SoftclDiceLoss:
    """Return the loss as it runs where there is no compiler."""
    return SoftclDiceLoss(iter_, skeleton=partial(soft_skeleton, iter_=iter_, backend="eager"))


IMPLEMENTATIONS: dict[str, Callable[[int], Loss]] = {
    "MONAI": MonaiLoss,
    "default": SoftclDiceLoss,
    "eager": eager,
}


def make_pair(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Return noisy probabilities of a network in training, and a label of about 5 %."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((shape[0], 1, *[n // 8 for n in shape[2:]]), generator=generator)
    mode = "bilinear" if len(shape) == 4 else "trilinear"
    smooth = torch.nn.functional.interpolate(coarse, size=shape[2:], mode=mode)
    label = (smooth > 0.72).float()
    noise = torch.randn(shape, generator=generator)
    return torch.sigmoid(6 * label - 4 + noise), label


def seconds(step: Callable[[], object]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def rounds(
    steps: Mapping[str, Callable[[], object]], repeats: int, *, warm: bool = False
) -> list[dict[str, float]]:
    """Return the seconds of each step in every round, after one that is not counted.

    With ``warm`` each step runs twice and the second time counts.
    """
    found = []
    for _ in range(repeats + 1):
        times = {}
        for name, step in steps.items():
            if warm:
                step()
            times[name] = seconds(step)
        found.append(times)
    return found[1:]


def medians(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the median over the rounds of each step."""
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def loss_step(loss: Loss, prediction: Tensor, label: Tensor) -> None:
    """Run forward and backward."""
    loss(prediction.detach().requires_grad_(), label).backward()


def print_times(repeats: int) -> None:
    """Print forward + backward of every case and implementation."""
    head = " ".join(f"{name:>9}" for name in IMPLEMENTATIONS)
    print(f"{'forward + backward':24} {head}   MONAI/default  /eager")
    for name, shape, iter_ in CASES:
        pair = make_pair(shape)
        steps = {
            key: partial(loss_step, make(iter_), *pair) for key, make in IMPLEMENTATIONS.items()
        }
        found = medians(rounds(steps, repeats))
        times = " ".join(f"{found[key]:8.3f}s" for key in IMPLEMENTATIONS)
        ratios = [found["MONAI"] / found[key] for key in ("default", "eager")]
        print(f"{name:24} {times}   {ratios[0]:12.1f}x {ratios[1]:6.1f}x", flush=True)


def print_training(repeats: int) -> None:
    """Print what each loss adds to a training step with DiceLoss.

    The network takes nine tenths of a step, so that a slow moment of the machine outweighs the
    loss: each step is compared with the one with DiceLoss in its own round. It follows a step
    with the same loss that is not timed, as in a training; after one with another loss it would
    pay for, or profit from, the memory that the other returned to the system or kept.
    """
    torch.manual_seed(0)
    network = UNet(3, 1, 1, (16, 32, 64, 128), (2, 2, 2), num_res_units=2)
    optimizer = torch.optim.Adam(network.parameters())
    _, label = make_pair((1, 1, 64, 64, 64))
    image = label + 0.3 * torch.randn(label.shape)
    skeleton = soft_skeleton(label, 10)
    ours = SoftDiceclDiceLoss(10, sigmoid=True)
    losses: dict[str, Loss] = {
        "DiceLoss": DiceLoss(sigmoid=True),
        "MONAI SoftclDice": MonaiLoss(10, sigmoid=True),
        "SoftDiceclDice": ours,
        "  label skeleton supplied": partial(ours, target_skeleton=skeleton),
        "SoftDiceclDice, eager": SoftDiceclDiceLoss(
            10, sigmoid=True, skeleton=partial(soft_skeleton, iter_=10, backend="eager")
        ),
    }

    def step(loss: Loss) -> None:
        optimizer.zero_grad()
        loss(network(image), label).backward()
        optimizer.step()

    steps = {name: partial(step, loss) for name, loss in losses.items()}
    found = rounds(steps, repeats, warm=True)
    print(f"\nUNet training step, 64^3, iter 10, median over {repeats} rounds")
    ratios = medians([{name: each[name] / each["DiceLoss"] for name in each} for each in found])
    for name, taken in medians(found).items():
        print(f"{name:28} {taken:7.3f}s {100 * (ratios[name] - 1):+6.0f} %")


def print_memory() -> None:
    """Print the peak above the inputs, each in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        print("\npeak memory: not measured, it needs /proc/self/clear_refs")
        return
    print("\npeak memory above the inputs, 96^3, bytes a voxel")
    for name in IMPLEMENTATIONS:
        found = []
        for iter_ in (6, 10, 24):
            command = [sys.executable, __file__, "--measure-memory", name, str(iter_)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found.append(f"iter {iter_}: {float(done.stdout):6.0f}")
        print(f"{name:10} {'   '.join(found)}", flush=True)


def measure_memory(name: str, iter_: int) -> float:
    """Return the peak of this process above what it holds with its inputs, in bytes a voxel."""
    loss = IMPLEMENTATIONS[name](iter_)
    loss_step(loss, *make_pair((1, 1, 16, 16, 16)))
    prediction, label = make_pair((1, 1, 96, 96, 96))
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    loss_step(loss, prediction, label)
    return (resident("VmHWM") - before) / label.numel()


def resident(field: str) -> int:
    """Return a field of this process' status in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {field}")


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="four times as many training steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--measure-memory", nargs=2, metavar=("NAME", "ITER"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.measure_memory:
        name, iter_ = arguments.measure_memory
        print(measure_memory(name, int(iter_)))
        return
    first = seconds(lambda: _soft_compiled.load_kernels(torch.float32))
    compiler = _soft_compiled.find_compiler()
    print(f"first call: {first:.1f} s to compile with {Path(compiler).name if compiler else None}")
    print_times(arguments.repeats)
    print_training(4 * arguments.repeats)
    print_memory()


if __name__ == "__main__":
    main()
