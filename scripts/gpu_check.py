"""Check this package on one NVIDIA GPU and measure it against MONAI and scikit-image.

    python scripts/gpu_check.py

It takes below 8 minutes and writes gpu_check.json and gpu_check.md into the working folder: what is
computed on the GPU against the CPU in 200 random cases, times and memory, and a line for every
goal: met, not met or not measured. ``--cpu-smoke`` runs all of it on the CPU in about a minute, in
small sizes that measure no goal, to see that the script works.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import gc
import importlib.metadata
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from monai.inferers import SlidingWindowInferer
from monai.losses import DiceLoss
from monai.losses import SoftclDiceLoss as MonaiclDice
from monai.losses import SoftDiceclDiceLoss as MonaiDiceclDice
from monai.networks.nets import UNet
from skimage.measure import euler_number
from skimage.measure import label as connected
from skimage.morphology import skeletonize as scikit_skeletonize
from torch import Tensor, nn

import cldice_monai
from cldice_monai import SoftclDiceLoss, SoftDiceclDiceLoss, skeletonize, soft_skeleton
from cldice_monai.files import replace_when_complete
from cldice_monai.inferers import SlabInferer
from cldice_monai.networks import paper_network
from cldice_monai.skeleton._thinning_on_device import thin_on_device
from cldice_monai.skeleton.usable_kernels import has_soft_kernels
from cldice_monai.topology import betti_numbers
from cldice_monai.topology.betti import betti_on_device

Row = dict[str, Any]
Step = Callable[[], object]
SECONDS_ALLOWED = 480.0
FLOOR_BYTES = 20  # a voxel: both images read forward and backward, the gradient written, float32


@dataclass(frozen=True)
class Plan:
    """How much is done: everything on a GPU, a little of everything on a CPU."""

    device: torch.device
    n_cases: int
    largest: int
    copied_bytes: int
    loss_shapes: dict[str, tuple[int, ...]]
    iterations: tuple[int, ...]
    patch: tuple[int, ...]
    channels: tuple[int, ...]
    training_rounds: int
    volume: tuple[int, ...]
    scene: tuple[int, ...]
    window: int
    repeats: int

    @property
    def on_gpu(self) -> bool:
        """Whether goals are measured."""
        return self.device.type == "cuda"


def full_plan() -> Plan:
    """Return what is done on a GPU."""
    return Plan(
        device=torch.device("cuda", torch.cuda.current_device()),
        n_cases=200,
        largest=40,
        copied_bytes=2**30,
        loss_shapes={
            "128^3, batch 2": (2, 1, 128, 128, 128),
            "192^3, batch 2": (2, 1, 192, 192, 192),
            "1024^2, batch 4": (4, 1, 1024, 1024),
        },
        iterations=(3, 5, 10, 25),
        patch=(2, 1, 128, 128, 128),
        channels=(32, 64, 128, 256),
        training_rounds=10,
        volume=(325, 304, 600),
        scene=(1, 1, 256, 256, 256),
        window=96,
        repeats=10,
    )


def smoke_plan() -> Plan:
    """Return what is done on a CPU."""
    return Plan(
        device=torch.device("cpu"),
        n_cases=8,
        largest=9,
        copied_bytes=2**20,
        loss_shapes={"16^3, batch 2": (2, 1, 16, 16, 16), "32^2, batch 4": (4, 1, 32, 32)},
        iterations=(3,),
        patch=(2, 1, 16, 16, 16),
        channels=(4, 8),
        training_rounds=1,
        volume=(24, 20, 30),
        scene=(1, 1, 24, 24, 24),
        window=16,
        repeats=1,
    )


class Clock:
    """What is left of the time that the whole check may take."""

    def __init__(self) -> None:
        self.start = time.perf_counter()

    def spent(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.start

    def allows(self, seconds: float) -> bool:
        """Return whether something that may take so long can still be begun."""
        return self.spent() + seconds < SECONDS_ALLOWED


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(step: Step, device: torch.device) -> float:
    """Return how long one call takes, launches included."""
    wait(device)
    start = time.perf_counter()
    step()
    wait(device)
    return time.perf_counter() - start


def median_seconds(step: Step, plan: Plan, repeats: int) -> float:
    """Return the median over some calls, after two that are not counted."""
    for _ in range(2 if plan.on_gpu else 0):
        step()
    return statistics.median(seconds(step, plan.device) for _ in range(repeats))


def peak_bytes(step: Step, plan: Plan) -> int | None:
    """Return the device memory that a call needs above what there is before; None on a CPU."""
    if not plan.on_gpu:
        return None
    gc.collect()
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(plan.device)
    torch.cuda.reset_peak_memory_stats(plan.device)
    step()
    wait(plan.device)
    return torch.cuda.max_memory_allocated(plan.device) - before


def time_and_memory(step: Step, plan: Plan, repeats: int) -> tuple[float | None, int | None, str]:
    """Return median seconds and peak bytes of a step, or why there are none."""
    try:
        step()
        memory = peak_bytes(step, plan)
        return median_seconds(step, plan, repeats), memory, ""
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return None, None, "out of memory"


def vessels(shape: tuple[int, ...], share: float, seed: int = 0) -> Tensor:
    """Return a boolean network of tubes: where two smooth random fields are both near zero."""
    generator = torch.Generator().manual_seed(seed)
    coarse = [max(2, n // 16) for n in shape[2:]]
    n_fields = len(coarse) - 1
    mode = "bilinear" if len(coarse) == 2 else "trilinear"
    noise = torch.randn((shape[0], n_fields, *coarse), generator=generator)
    fields = nn.functional.interpolate(noise, size=shape[2:], mode=mode, align_corners=True)
    distance = fields.square().sum(1, keepdim=True)
    sample = distance.reshape(-1)[:: max(1, distance.numel() // 10**6)]
    return distance <= torch.quantile(sample, share)


def prediction_of(label: Tensor, seed: int = 1) -> Tensor:
    """Return noisy probabilities of a network in training."""
    noise = torch.randn(label.shape, generator=torch.Generator().manual_seed(seed))
    return torch.sigmoid(6 * label.float() - 4 + noise)


# Correctness --------------------------------------------------------------------------------------


def random_case(number: int, largest: int) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """Return an image, a gradient and settings of the soft skeleton."""
    rng = random.Random(number)
    n_dims = rng.choice([2, 3])
    sizes = [rng.choice([1, rng.randint(2, largest), rng.randint(2, largest)]) for _ in "xyz"]
    shape = (rng.randint(1, 2), rng.randint(1, 3), *sizes[:n_dims])
    generator = torch.Generator().manual_seed(number)
    x, gradient = (torch.rand(shape, generator=generator) for _ in range(2))
    if number % 4 == 0:
        x, gradient = x.transpose(-1, -2), gradient.transpose(-1, -2)
    spacing = (2.0, 1.0, 1.0)[:n_dims] if rng.random() < 0.2 else None
    settings = {"iter_": rng.randint(0, 6), "core": rng.random() < 0.7, "spacing": spacing}
    return x, gradient, settings | {"border": rng.choice(["ignore", "ignore", "background"])}


def value_and_gradient(x: Tensor, gradient: Tensor, **settings: Any) -> tuple[Tensor, Tensor]:
    """Return the soft skeleton and the gradient of the image, on the CPU."""
    x = x.clone().requires_grad_()
    skeleton = soft_skeleton(x, **settings)
    skeleton.backward(gradient)
    assert x.grad is not None
    return skeleton.detach().cpu(), x.grad.cpu()


def loss_and_gradient(loss: nn.Module, x: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Return a loss and the gradient of its input, on the CPU."""
    x = x.clone().requires_grad_()
    value = loss(x, label)
    value.backward()
    assert x.grad is not None
    return value.detach().cpu(), x.grad.cpu()


def check_case(number: int, plan: Plan) -> Row:
    """Compare everything that has a path of its own on the GPU with the CPU, in one case."""
    x, gradient, settings = random_case(number, plan.largest)
    backend: Literal["auto", "eager"] = "auto" if plan.on_gpu else "eager"
    there = x.to(plan.device), gradient.to(plan.device)
    found = value_and_gradient(*there, **settings, backend=backend)
    expected = value_and_gradient(x, gradient, **settings)
    scale = max(1.0, float(expected[1].abs().max()))
    binary = (x > 0.5).float()
    ties = soft_skeleton(binary.to(plan.device), **settings, backend=backend).cpu()
    loss = SoftDiceclDiceLoss(settings["iter_"])
    here = loss_and_gradient(loss, x, binary)
    far = loss_and_gradient(loss, there[0], binary.to(plan.device))
    largest = here[1].abs().max().clamp(min=1e-3)
    mask = binary.bool().flatten(0, 1)
    thinned = thin_on_device(mask.to(plan.device)).cpu()
    betti = betti_on_device(mask.to(plan.device), "foreground-full").tolist()
    return {
        "value": float((found[0] - expected[0]).abs().max()),
        "gradient": float((found[1] - expected[1]).abs().max()) / scale,
        "value, binary": float((ties - soft_skeleton(binary, **settings)).abs().max()),
        "loss": float((here[0] - far[0]).abs()),
        "gradient of the loss": float((here[1] - far[1]).abs().max() / largest),
        "thinning": int(
            not np.array_equal(thinned.numpy(), skeletonize(binary.numpy()).reshape(mask.shape))
        ),
        "betti": int(betti != [list(betti_numbers(item.numpy())) for item in mask]),
    }


def correctness(plan: Plan, clock: Clock) -> list[Row]:
    """Return the worst of all cases; it stops after four minutes."""
    limits = {"value": 1e-6, "gradient": 1e-5, "value, binary": 1e-6, "loss": 1e-6}
    limits |= {"gradient of the loss": 1e-5, "thinning": 0, "betti": 0}
    found: list[Row] = []
    for number in range(plan.n_cases):
        if clock.spent() > 240:
            break
        found.append(check_case(number, plan))
    return [
        {
            "what": name,
            "cases": len(found),
            # Of floats, max would pass over a NaN.
            "worst difference from the CPU": float(np.max([case[name] for case in found])),
            "allowed": limit,
        }
        for name, limit in limits.items()
    ]


# Times --------------------------------------------------------------------------------------------


def bandwidth(plan: Plan, _clock: Clock) -> list[Row]:
    """Return the bytes a second of a large copy, read and written."""
    source = torch.ones(plan.copied_bytes, dtype=torch.uint8, device=plan.device)
    target = torch.empty_like(source)
    taken = median_seconds(lambda: target.copy_(source), plan, plan.repeats)
    return [{"what": "copy", "bytes": plan.copied_bytes, "GB/s": 2e-9 * plan.copied_bytes / taken}]


def loss_step(loss: nn.Module, prediction: Tensor, label: Tensor) -> None:
    """Run forward and backward."""
    loss(prediction.detach().requires_grad_(), label).backward()


def losses(plan: Plan, clock: Clock, gigabytes_a_second: float | None) -> Iterator[Row]:
    """Yield forward + backward of each case: ours, MONAI's, DiceLoss and the bandwidth floor."""
    for name, shape in plan.loss_shapes.items():
        label = vessels(shape, 0.05)
        pair = prediction_of(label).to(plan.device), label.float().to(plan.device)
        dice = functools.partial(loss_step, DiceLoss(), *pair)
        dice_s, _, _ = time_and_memory(dice, plan, plan.repeats)
        floor = ratio(label.numel() * FLOOR_BYTES / 1e9, gigabytes_a_second)
        for iter_ in plan.iterations:
            row: Row = {"case": f"{name}, iter {iter_}", "floor [ms]": scaled(floor, 1e3)}
            row["DiceLoss [ms]"] = scaled(dice_s, 1e3)
            for who, loss, cost in (
                ("ours", SoftclDiceLoss(iter_), 10),
                ("MONAI", MonaiclDice(iter_=iter_), 30),
            ):
                step = functools.partial(loss_step, loss, *pair)
                taken: tuple[float | None, int | None, str] = (None, None, "out of time")
                if clock.allows(60 + cost):
                    taken = time_and_memory(step, plan, plan.repeats if who == "ours" else 3)
                row[f"{who} [ms]"] = scaled(taken[0], 1e3)
                row[f"{who} [B/voxel]"] = scaled(taken[1], 1 / label.numel())
                row["note"] = row.get("note", "") + (f"{who}: {taken[2]}" if taken[2] else "")
            row["MONAI / ours"] = ratio(row["MONAI [ms]"], row["ours [ms]"])
            row["ours / floor"] = ratio(row["ours [ms]"], row["floor [ms]"])
            row["memory, ours / MONAI"] = ratio(row["ours [B/voxel]"], row["MONAI [B/voxel]"])
            yield row


def scaled(value: float | None, factor: float) -> float | None:
    """Return a product, or None for what is not measured."""
    return None if value is None else value * factor


def ratio(a: float | None, b: float | None) -> float | None:
    """Return a quotient, or None where one is not measured."""
    return None if a is None or not b else a / b


def networks(plan: Plan) -> Iterator[tuple[str, nn.Module]]:
    """Yield the networks that are trained for a few steps."""
    strides = (2,) * (len(plan.channels) - 1)
    yield "MONAI UNet", UNet(3, 1, 1, plan.channels, strides, num_res_units=2)
    yield "3D U-Net of the paper", paper_network("3d_unet", in_channels=1)


def training_step(
    network: nn.Module, optimizer: torch.optim.Optimizer, loss: nn.Module, image: Tensor, y: Tensor
) -> None:
    """Run one step in bfloat16, the loss in single precision."""
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        output = network(image)
    loss(output.float(), y).backward()
    optimizer.step()


def training(plan: Plan, clock: Clock) -> Iterator[Row]:
    """Yield what each loss adds to a training step with DiceLoss."""
    label = vessels(plan.patch, 0.05)
    y = label.float().to(plan.device)
    image = prediction_of(label).to(plan.device)
    for name, network in networks(plan):
        network.to(plan.device)
        optimizer = torch.optim.Adam(network.parameters())
        base: Row = {}
        for who, loss in (
            ("Dice", DiceLoss(sigmoid=True)),
            ("ours, iter 10", SoftDiceclDiceLoss(10, sigmoid=True)),
            ("MONAI, iter 10", MonaiDiceclDice(iter_=10, sigmoid=True)),
        ):
            row: Row = {"network": name, "loss": who}
            step = functools.partial(training_step, network, optimizer, loss, image, y)
            taken: tuple[float | None, int | None, str] = (None, None, "out of time")
            if clock.allows(60):
                taken = time_and_memory(step, plan, plan.training_rounds)
            row |= {"step [ms]": scaled(taken[0], 1e3), "memory [MB]": scaled(taken[1], 1e-6)}
            base = base or row
            for what, unit in (("step", "ms"), ("memory", "MB")):
                share = ratio(row[f"{what} [{unit}]"], base[f"{what} [{unit}]"])
                row[f"{what}, more than Dice [%]"] = None if share is None else 100 * (share - 1)
            yield row | {"note": taken[2]}


def topology(plan: Plan, _clock: Clock) -> Iterator[Row]:
    """Yield thinning and Betti numbers of a large network of vessels, on GPU, CPU and elsewhere."""
    mask = vessels((1, 1, *plan.volume), 0.02)[0, 0]
    array, there = mask.numpy(), mask.to(plan.device)
    steps: dict[str, tuple[Callable[[], Tensor], Step, Step]] = {
        "exact thinning": (
            lambda: thin_on_device(there[None])[0],
            lambda: skeletonize(array),
            lambda: scikit_skeletonize(array),
        ),
        "Betti numbers": (
            lambda: betti_on_device(there[None], "foreground-full")[0],
            lambda: list(betti_numbers(array)),
            lambda: (connected(array, connectivity=3), euler_number(array, connectivity=3)),
        ),
    }
    for name, (ours, on_cpu, scikit) in steps.items():
        taken, _, note = time_and_memory(ours, plan, min(5, plan.repeats))
        same = None
        if not note:
            same = np.array_equal(ours().cpu().numpy(), np.asarray(on_cpu()))
        yield {
            "what": f"{name}, {'x'.join(map(str, plan.volume))}, {100 * array.mean():.1f} % set",
            "on the device [s]": taken,
            "ours on the CPU [s]": seconds(on_cpu, torch.device("cpu")),
            "scikit-image on the CPU [s]": seconds(scikit, torch.device("cpu")),
            "same as on the CPU": same,
            "note": note,
        }


def inference(plan: Plan, _clock: Clock) -> Iterator[Row]:
    """Yield sliding-window inference by MONAI's inferer and by ours, on the device."""
    torch.manual_seed(0)
    network = next(networks(plan))[1].to(plan.device).eval()
    image = prediction_of(vessels(plan.scene, 0.05)).to(plan.device)
    roi = (plan.window,) * 3
    expected: Tensor | None = None
    for name, inferer in (
        ("MONAI's SlidingWindowInferer", SlidingWindowInferer(roi, 4, 0.5, mode="gaussian")),
        ("SlabInferer", SlabInferer(roi, 4, 0.5)),
    ):

        def run(inferer: Any = inferer) -> Tensor:
            with torch.inference_mode():
                return torch.as_tensor(inferer(image, network))

        taken, memory, note = time_and_memory(run, plan, min(3, plan.repeats))
        row = {"inferer": name, "time [s]": taken, "memory [MB]": scaled(memory, 1e-6)}
        if not note:
            output = run().cpu()
            expected = output if expected is None else expected
            row["largest difference"] = float((output - expected).abs().max())
        yield row | {"note": note}


# Verdict ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Goal:
    """One line of the verdict.

    Attributes:
        text: what is wanted.
        value: what was measured; None where it was not.
        met: whether that is enough.
    """

    text: str
    value: float | None
    met: bool

    def line(self) -> str:
        """Return the line: met, not met or not measured."""
        if self.value is None:
            return f"not measured: {self.text}"
        return f"{'met' if self.met else 'not met'}: {self.text} (measured {self.value:.3g})"


def at_most(text: str, values: list[float | None], limit: float) -> Goal:
    """Return a goal for the largest of some figures, all of which must be there."""
    known = [value for value in values if value is not None]
    if not values or len(known) < len(values):
        return Goal(text, None, False)
    worst = float(np.max(known))  # NaN where one is
    return Goal(text, worst, worst <= limit)


def goals(found: dict[str, list[Row]], plan: Plan) -> list[Goal]:
    """Return the verdict on every goal; on a CPU none is measured."""
    rows = {name: part if plan.on_gpu else [] for name, part in found.items()}
    cases = [row for row in rows["correctness"] if row["cases"] == plan.n_cases]
    n_done = max((row["cases"] for row in rows["correctness"]), default=0)
    too_few = Goal(f"results as on the CPU in all cases, {n_done} done", None, False)
    of_loss = [row for row in rows["losses"] if "^3" in row["case"]]
    ten = [row for row in of_loss if row["case"].endswith("iter 10")]
    three = [row for row in of_loss if row["case"].endswith("iter 3")]
    paper = [r for r in rows["training"] if "paper" in r["network"] and "ours" in r["loss"]]
    thinning = rows["topology"][:1]
    slower = [ratio(1.0, row["MONAI / ours"]) for row in ten]
    speed = at_most("", slower, 1 / 15)
    return [
        *(
            at_most(
                f"{row['what']} as on the CPU in {row['cases']} cases, to {row['allowed']:g}",
                [row["worst difference from the CPU"]],
                row["allowed"],
            )
            for row in cases
        ),
        *([] if cases else [too_few]),
        Goal(
            "loss >= 15x faster than MONAI's at iter 10, 3D",
            ratio(1.0, speed.value),
            speed.met,
        ),
        at_most(
            "loss in <= 1/20 of the memory of MONAI's at iter 10, 3D",
            [row["memory, ours / MONAI"] for row in ten],
            1 / 20,
        ),
        at_most(
            f"loss in <= 4x the bandwidth floor ({FLOOR_BYTES} B/voxel) at iter 3, 3D",
            [row["ours / floor"] for row in three],
            4,
        ),
        at_most(
            "training step <= 5 % longer than with Dice, 3D U-Net, iter 10",
            [row["step, more than Dice [%]"] for row in paper],
            5,
        ),
        at_most(
            "training step in <= 5 % more memory than with Dice, 3D U-Net, iter 10",
            [row["memory, more than Dice [%]"] for row in paper],
            5,
        ),
        at_most(
            "exact thinning of 325x304x600 in <= .15 s",
            [row["on the device [s]"] for row in thinning],
            0.15,
        ),
        at_most(
            "exact thinning of 325x304x600 identical to the CPU's (0: yes)",
            [
                None if (same := row["same as on the CPU"]) is None else float(not same)
                for row in thinning
            ],
            0,
        ),
    ]


def machine(plan: Plan) -> Row:
    """Return what the figures belong to."""
    card = torch.cuda.get_device_name(plan.device) if plan.on_gpu else None
    return {
        "mode": "on a GPU" if plan.on_gpu else "small sizes on the CPU, no goal is measured",
        "card": card,
        "processor": platform.processor() or platform.machine(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "torch": torch.__version__,
        "triton": triton_version(),
        "scikit-image": importlib.metadata.version("scikit-image"),
        "cldice_monai": cldice_monai.__version__,
        "kernels used": has_soft_kernels(plan.device),
    }


def triton_version() -> str | None:
    """Return the version of triton, None where it is not installed."""
    try:
        import triton
    except ImportError:
        return None
    return str(triton.__version__)


def table(rows: list[Row]) -> str:
    """Return rows as a Markdown table; a dash stands for what is not measured."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        lines.append("| " + " | ".join(cell(row.get(name)) for name in names) + " |")
    return "\n".join(lines)


def cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def written(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN and infinity as words."""
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


def measure(plan: Plan, about: Row) -> dict[str, list[Row]]:
    """Run all parts and return their rows; a part that fails keeps what it has and is named."""
    clock = Clock()
    found: dict[str, list[Row]] = {}
    parts: dict[str, Callable[[], Any]] = {
        "correctness": lambda: correctness(plan, clock),
        "bandwidth": lambda: bandwidth(plan, clock),
        "losses": lambda: losses(plan, clock, copied_gigabytes(found["bandwidth"])),
        "training": lambda: training(plan, clock),
        "topology": lambda: topology(plan, clock),
        "inference": lambda: inference(plan, clock),
    }
    for name, part in parts.items():
        start = clock.spent()
        found[name] = []
        try:
            for row in part():
                found[name].append(row)
        except Exception as error:  # the other parts are still worth their time
            about[f"{name} failed"] = f"{type(error).__name__}: {error}"
            print(f"{name} failed: {type(error).__name__}: {error}")
        print(f"{name:12} {clock.spent() - start:6.1f} s", flush=True)
    return found


def copied_gigabytes(rows: list[Row]) -> float | None:
    """Return the bandwidth, None where it could not be measured."""
    return float(rows[0]["GB/s"]) if rows else None


def write(found: dict[str, list[Row]], verdict: list[str], about: Row) -> None:
    """Write gpu_check.json and gpu_check.md into the working folder."""
    with replace_when_complete(Path("gpu_check.json")) as path:
        content = {"machine": about, "goals": verdict} | {
            name: [{key: written(value) for key, value in row.items()} for row in rows]
            for name, rows in found.items()
        }
        path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    lines = [f"{name}: {cell(value)}" for name, value in about.items()]
    parts = ["# GPU check", ", ".join(lines)]
    parts += [f"## {name}\n\n{table(rows)}" for name, rows in found.items() if rows]
    parts.append("## Goals\n\n" + "\n".join(f"- {line}" for line in verdict))
    with replace_when_complete(Path("gpu_check.md")) as path:
        path.write_text("\n\n".join(parts) + "\n")


def main() -> None:
    """Read the one argument, run, write and print the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cpu-smoke", action="store_true", help="run small sizes on the CPU")
    smoke = parser.parse_args().cpu_smoke
    if not smoke and not torch.cuda.is_available():
        sys.exit("no NVIDIA GPU is visible to torch; --cpu-smoke tries the script on the CPU")
    if not smoke and torch.version.hip is not None:
        sys.exit("this build of torch is for AMD GPUs, for which there are no kernels and no goals")
    plan = smoke_plan() if smoke else full_plan()
    torch.backends.cudnn.benchmark = True
    about = machine(plan)
    print("\n".join(f"{name:12} {cell(value)}" for name, value in about.items()))
    found = measure(plan, about)
    verdict = [goal.line() for goal in goals(found, plan)]
    write(found, verdict, about)
    print("written: gpu_check.json, gpu_check.md")
    print("\n".join(verdict))
    if any(name.endswith("failed") for name in about):
        sys.exit("a part failed, see above")


if __name__ == "__main__":
    main()
