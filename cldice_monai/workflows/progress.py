"""Plain lines that tell how far a workflow is."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING

from cldice_monai.clock import clock

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["InferenceProgress", "TrainingProgress"]

_logger = logging.getLogger(__name__)
_SECONDS_BETWEEN_LINES = 20.0
_COLUMNS = 80


class TrainingProgress:
    """Handler of a trainer: a line an epoch, and one every 20 seconds within long epochs.

    A line holds the epoch, the mean loss that `LossMonitor` keeps, the time that has passed and the
    time that is left. After a validation its metrics follow. No line is wider than 80 columns.

    Args:
        evaluator: the validation engine, whose metrics are shown.

    Example:
        >>> from unittest import TestCase
        >>> from ignite.engine import Engine
        >>> trainer = Engine(lambda engine, batch: engine.state.metrics.update(loss=0.25))
        >>> trainer.state.device = "cpu"  # as MONAI's trainer sets it
        >>> TrainingProgress().attach(trainer)
        >>> with TestCase().assertLogs(_logger) as log:
        ...     _ = trainer.run([0, 1], max_epochs=2)
        >>> log.records[-1].getMessage()[:23]
        'epoch   2/2  loss 0.250'
    """

    def __init__(self, evaluator: Engine | None = None) -> None:
        self.evaluator = evaluator
        self._start = self._last_line = 0.0
        self._first_iteration = 0

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
        step = (engine.state.iteration - 1) % engine.state.epoch_length + 1
        is_last = step == engine.state.epoch_length  # the line of the epoch follows at once
        if not is_last and time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._say(engine, f"step {step}/{engine.state.epoch_length}")

    def _epoch(self, engine: Engine) -> None:
        self._say(engine)
        if self.evaluator is not None and self.evaluator.state.epoch == engine.state.epoch:
            for line in _metric_lines(self.evaluator):
                _logger.info("%s", line)

    def _say(self, engine: Engine, *words: str) -> None:
        self._last_line = time.monotonic()
        left = engine.state.epoch_length * engine.state.max_epochs - engine.state.iteration
        done = engine.state.iteration - self._first_iteration
        gone = self._last_line - self._start
        loss = engine.state.metrics.get("loss", math.nan)
        epoch = f"epoch {engine.state.epoch:>3}/{engine.state.max_epochs}"
        times = f"{clock(gone)} gone, {clock(gone * left / done)} left"
        _logger.info("%s", "  ".join([epoch, *words, f"loss {loss:.3f}", times]))


class InferenceProgress:
    """Handler of an evaluator: one line a volume.

    Example:
        >>> from types import SimpleNamespace
        >>> from unittest import TestCase
        >>> from ignite.engine import Engine
        >>> evaluator = Engine(lambda engine, batch: None)
        >>> InferenceProgress().attach(evaluator)
        >>> batch = {"image": SimpleNamespace(shape=(1, 1, 96, 96, 40)), "case_id": ["a"]}
        >>> with TestCase().assertLogs(_logger) as log:
        ...     _ = evaluator.run([batch])
        >>> log.records[0].getMessage()
        'segmenting a (96x96x40 voxels), volume 1 of 1'
    """

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


def _metric_lines(evaluator: Engine) -> list[str]:
    """Return the metrics, that which chooses the best model first, in lines of 80 columns."""
    metrics = dict(evaluator.state.metrics)
    key = evaluator.state.key_metric_name
    ordered = {key: metrics.pop(key), **metrics} if key in metrics else metrics
    lines = [""]
    for name, figure in ordered.items():
        word = f"  {name} {_number(float(figure))}"
        if len(lines[-1] + word) > _COLUMNS:
            lines.append("")
        lines[-1] += word
    return lines


def _number(figure: float) -> str:
    """Return a share with three digits, an error with one."""
    if 0 < figure < 1:
        return f"{figure:.3f}"
    return f"{figure:.1f}" if figure < 100 else f"{figure:.0f}"
