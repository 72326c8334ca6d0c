"""Plain lines that tell how far a workflow is."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING

from cldice_monai.errors import InputError

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["InferenceProgress", "TrainingProgress"]

_logger = logging.getLogger(__name__)
_SECONDS_BETWEEN_LINES = 20.0


class TrainingProgress:
    """Handler of a trainer: one line an epoch, and one every 20 seconds within long epochs.

    A line holds the epoch, the mean loss, the latest validation metrics where there was a
    validation, and the time that is left.

    Args:
        evaluator: the validation engine, whose metrics are shown.
    """

    def __init__(self, evaluator: Engine | None = None) -> None:
        self.evaluator = evaluator
        self._losses: list[float] = []
        self._start = self._last_line = 0.0
        self._first_iteration = 0
        self._validated_epoch = 0

    def attach(self, engine: Engine) -> None:
        """Attach to the trainer; after the ValidationHandler, so that its metrics are fresh."""
        from ignite.engine import Events

        engine.add_event_handler(Events.STARTED, self._started)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._iteration)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._epoch)

    def _started(self, engine: Engine) -> None:
        self._start = self._last_line = time.monotonic()
        self._first_iteration = engine.state.iteration  # not 0 where a training is resumed
        _logger.info(
            "training %d epochs of %d steps on %s",
            engine.state.max_epochs,
            engine.state.epoch_length,
            engine.state.device,
        )

    def _iteration(self, engine: Engine) -> None:
        output = engine.state.output
        output = output[0] if isinstance(output, list) else output
        loss = float(output["loss"])
        if not math.isfinite(loss):
            raise InputError(
                f"the loss became {loss} in epoch {engine.state.epoch}; "
                "train again with a smaller --lr or with --precision float32"
            )
        self._losses.append(loss)
        step = (engine.state.iteration - 1) % engine.state.epoch_length + 1
        is_last = step == engine.state.epoch_length  # the line of the epoch follows at once
        if not is_last and time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._say(engine, f"step {step}/{engine.state.epoch_length}")

    def _epoch(self, engine: Engine) -> None:
        words = []
        if self.evaluator is not None and self.evaluator.state.epoch == engine.state.epoch:
            words = [
                f"{name} {float(value):.3f}"
                for name, value in sorted(self.evaluator.state.metrics.items())
            ]
        self._say(engine, *words)
        self._losses.clear()

    def _say(self, engine: Engine, *words: str) -> None:
        self._last_line = time.monotonic()
        left = engine.state.epoch_length * engine.state.max_epochs - engine.state.iteration
        done = engine.state.iteration - self._first_iteration
        seconds = (self._last_line - self._start) * left / done
        loss = sum(self._losses) / len(self._losses) if self._losses else math.nan
        epoch = f"epoch {engine.state.epoch:>3}/{engine.state.max_epochs}"
        _logger.info(
            "%s", "  ".join([epoch, f"loss {loss:.3f}", *words, f"{_duration(seconds)} left"])
        )


class InferenceProgress:
    """Handler of an evaluator: one line a volume."""

    def attach(self, engine: Engine) -> None:
        """Attach to the evaluator that segments the volumes."""
        from ignite.engine import Events

        engine.add_event_handler(Events.GET_BATCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Name the volume that is about to be segmented."""
        batch = engine.state.batch
        shape = "x".join(str(n) for n in batch["image"].shape[2:])
        _logger.info(
            "segmenting %s (%s voxels), volume %d of %d",
            batch["case_id"][0],
            shape,
            engine.state.iteration + 1,  # counted up only after the batch is there
            engine.state.epoch_length,
        )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
