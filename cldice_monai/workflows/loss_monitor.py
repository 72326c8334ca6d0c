"""Watch the loss: its mean over the epoch, and the moment when it is no number any more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from cldice_monai.errors import InputError

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["LossMonitor"]

_REMEDY = "train again with a smaller --lr or with --precision float32"


class LossMonitor:
    """Handler of a trainer: keeps the epoch's mean loss, and stops where it is not finite.

    The mean over the steps so far, and over all processes, is in ``engine.state.metrics["loss"]``.
    A loss that is not finite stops all processes before it reaches the weights, and names the cases
    of its batch; weights that a last step broke stop them before anything is validated or saved.

    Raises:
        InputError: while the training runs: the loss or a weight became NaN or infinite.

    Example:
        >>> from monai.engines import SupervisedTrainer
        >>> network = torch.nn.Linear(1, 1)
        >>> one = torch.ones(1, 1)
        >>> bad = {"image": one, "label": torch.nan * one, "case_id": ["c7"]}
        >>> optimizer, mse = torch.optim.SGD(network.parameters()), torch.nn.MSELoss()
        >>> trainer = SupervisedTrainer(torch.device("cpu"), 1, [bad], network, optimizer, mse)
        >>> LossMonitor().attach(trainer)
        >>> trainer.run()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: the loss became nan in epoch 1, step 1, on c7; look at ...
    """

    def __init__(self) -> None:
        self._sum = 0.0
        self._n_steps = 0

    def attach(self, engine: Engine) -> None:
        """Attach to MONAI's trainer."""
        from ignite.engine import Events
        from monai.engines.utils import IterationEvents

        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self._look_at_loss)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._look_at_weights)

    def _start(self) -> None:
        self._sum, self._n_steps = 0.0, 0

    def _look_at_loss(self, engine: Engine) -> None:
        loss = engine.state.output["loss"].detach()
        mean = _mean_over_processes(loss)
        if not math.isfinite(mean):
            cases = _gathered([] if math.isfinite(float(loss)) else _case_ids(engine.state.batch))
            step = (engine.state.iteration - 1) % engine.state.epoch_length + 1
            raise InputError(
                f"the loss became {mean} in epoch {engine.state.epoch}, step {step}, "
                f"on {', '.join(cases) or 'cases without a name'}; "
                f"look at these files, or {_REMEDY}"
            )
        self._sum += mean
        self._n_steps += 1
        engine.state.metrics["loss"] = self._sum / self._n_steps

    def _look_at_weights(self, engine: Engine) -> None:
        """Look once an epoch, before it is validated: in between, the next loss would tell."""
        if engine.state.iteration % engine.state.epoch_length:
            return
        state = engine.network.state_dict().values()
        broken = [t for t in state if t.is_floating_point() and not torch.isfinite(t).all()]
        if not math.isfinite(_mean_over_processes(_flag(bool(broken), engine.state.device))):
            raise InputError(
                f"the weights became NaN or infinite at the end of epoch {engine.state.epoch}, "
                f"nothing of them is saved; {_REMEDY}"
            )


def _flag(raised: bool, device: torch.device) -> torch.Tensor:
    return torch.tensor(math.nan if raised else 0.0, device=device)


def _mean_over_processes(value: torch.Tensor) -> float:
    if not dist.is_initialized():
        return float(value)
    total = value.detach().clone().float()
    dist.all_reduce(total)
    return float(total) / dist.get_world_size()


def _gathered(own: list[str]) -> list[str]:
    """Return the names of all processes, sorted."""
    found: list[list[str] | None] = [own]
    if dist.is_initialized():
        found = [None] * dist.get_world_size()
        dist.all_gather_object(found, own)
    return sorted({name for names in found for name in names or []})


def _case_ids(batch: object) -> list[str]:
    names = batch.get("case_id", []) if isinstance(batch, Mapping) else []
    return sorted(set(names))
