"""Train the zero-shot network on synthetic volumes; a run that was killed goes on where it was."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.inferers import SimpleInferer
from torch import nn

from cldice_monai.data.synthetic import GENERATOR_VERSION
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.inferers import AutocastInferer
from cldice_monai.losses import SoftDiceclDiceLoss
from cldice_monai.workflows.weight_average import averaged_copy
from cldice_monai.zero_shot.patches import SyntheticVolumes, draw_batch
from cldice_monai.zero_shot.recipe import TrainingPlan, make_network

__all__ = ["half_precision", "train_network"]

_STEPS_BETWEEN_SAVES = 50
_LARGEST_NORM = 5.0  # of a step's gradient
_RISING = 0.1  # share of the steps in which the learning rate rises


def train_network(
    volumes: SyntheticVolumes,
    *,
    plan: TrainingPlan,
    seed: int,
    checkpoint: str | os.PathLike[str],
    device: str = "cpu",
    progress: Callable[[str], None] | None = print,
) -> tuple[nn.Module, list[float], float]:
    """Train until the last step of a plan; no volume chooses among the steps.

    The network that is returned has the exponential average of the weights over the steps, as it
    is after the last one, where the plan has a decay for it.

    Every step draws its patches from the seed and its own number, so that a run that was broken
    off and goes on sees what one without a break sees.

    Args:
        volumes: synthetic volumes.
        plan: steps, batch, learning rate and loss.
        seed: of the first weights and of the patches.
        checkpoint: file of the whole state, written every 50 steps; where it exists, the run goes
            on after it.
        device: "cpu" or "cuda".
        progress: called with a line every 50 steps; None for silence.

    Returns:
        The network, the loss of every step, and the seconds of training, those before a break
        included.

    Raises:
        InputError: if the checkpoint is of another plan, seed or version of the generator.

    Example:
        >>> import tempfile
        >>> image = np.random.default_rng(0).random((32, 32, 32)).astype(np.float16)
        >>> volumes = SyntheticVolumes([image], [image > 0.9])
        >>> plan = TrainingPlan(
        ...     n_volumes=1, volume_side=32, patch_side=32, steps=1, batch_size=1, iter_=1
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoint = Path(folder, "checkpoint.pt")
        ...     network, losses, seconds = train_network(
        ...         volumes, plan=plan, seed=0, checkpoint=checkpoint, progress=None
        ...     )
        >>> len(losses), network(torch.zeros(1, 1, 32, 32, 32)).shape
        (1, torch.Size([1, 1, 32, 32, 32]))
    """
    parts = _make_parts(plan, seed, device)
    made_with = {**asdict(plan), "seed": seed, "generator_version": GENERATOR_VERSION}
    losses, before = _restored(Path(checkpoint), parts, made_with, device)
    network, average = parts["network"], parts.get("average")
    loss = _TrainingLoss(plan)
    start = time.perf_counter()
    while len(losses) < plan.steps:
        rng = np.random.default_rng([seed, len(losses)])
        arrays = draw_batch(volumes, plan=plan, rng=rng)
        image, label = (torch.from_numpy(array).to(device) for array in arrays)
        losses.append(_step(network, parts["optimizer"], loss, image, label))
        parts["schedule"].step()
        if average is not None:
            average.update_parameters(network)
        if len(losses) % _STEPS_BETWEEN_SAVES == 0 or len(losses) == plan.steps:
            seconds = before + time.perf_counter() - start
            _save(Path(checkpoint), parts, made_with, losses, seconds)
            if progress is not None:
                mean = np.mean(losses[-_STEPS_BETWEEN_SAVES:])
                progress(f"step {len(losses)} of {plan.steps}: loss {mean:.3f}, {seconds:.0f} s")
    trained = network if average is None else average.module
    return trained, losses, before + time.perf_counter() - start


class _TrainingLoss(nn.Module):
    """Overlaps over the whole batch, so that empty patches count in them, and cross-entropy."""

    def __init__(self, plan: TrainingPlan) -> None:
        super().__init__()
        self.overlap = SoftDiceclDiceLoss(
            alpha=plan.alpha, iter_=plan.iter_, sigmoid=True, batch=True
        )
        self.entropy = nn.BCEWithLogitsLoss()
        self.weight = plan.bce

    def forward(self, logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        value: torch.Tensor = self.overlap(logits, label)
        return value + self.weight * self.entropy(logits, label)


def _make_parts(plan: TrainingPlan, seed: int, device: str) -> dict[str, Any]:
    """Return the network and all else whose state a checkpoint holds, by name."""
    torch.manual_seed(seed)
    network = make_network().to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.lr, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, plan.lr, total_steps=plan.steps, pct_start=_RISING
    )
    parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
    average = averaged_copy(network, decay=plan.average_decay)
    return parts if average is None else {**parts, "average": average}


def _step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: nn.Module,
    image: torch.Tensor,
    label: torch.Tensor,
) -> float:
    network.train()
    with torch.autocast("cuda", torch.bfloat16, enabled=image.is_cuda):
        logits = AutocastInferer(SimpleInferer())(image, network)
    value = loss(logits.float(), label)
    optimizer.zero_grad()
    value.backward()
    nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_NORM)
    optimizer.step()
    return float(value.detach())


def half_precision(network: nn.Module) -> nn.Module:
    """Return the network with its convolutions in float16, half the size on disk.

    The statistics of batch norms stay in float32: a variance may be larger than float16 holds.

    Args:
        network: changed in place.

    Example:
        >>> next(half_precision(nn.Linear(2, 2)).parameters()).dtype
        torch.float16
    """
    for module in network.cpu().modules():
        if not isinstance(module, nn.modules.batchnorm._BatchNorm):
            for weights in module.parameters(recurse=False):
                weights.data = weights.data.half()
    return network


def _save(
    path: Path,
    parts: dict[str, Any],
    made_with: dict[str, Any],
    losses: list[float],
    seconds: float,
) -> None:
    state = {name: part.state_dict() for name, part in parts.items()}
    content = io.BytesIO()
    torch.save({**state, "made_with": made_with, "losses": losses, "seconds": seconds}, content)
    with replace_when_complete(path) as temporary:
        temporary.write_bytes(content.getvalue())


def _restored(
    path: Path, parts: dict[str, Any], made_with: dict[str, Any], device: str
) -> tuple[list[float], float]:
    """Load the state of a run that was broken off; return its losses and seconds."""
    if not path.is_file():
        return [], 0.0
    state = torch.load(path, map_location=device, weights_only=True)
    found = state.get("made_with", {})
    if differ := [name for name in made_with if found.get(name, ...) != made_with[name]]:
        raise InputError(
            f"{path}: is of a run with another {', '.join(differ)}; choose another checkpoint "
            "(--work-dir) or delete it"
        )
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return list(state["losses"]), float(state["seconds"])
