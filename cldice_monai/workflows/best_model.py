"""Keep the weights of the epoch with the best validation metric."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows.preparation import Preparation
from cldice_monai.workflows.weights import copy_weights, save_weights

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["BestModelSaver"]

_logger = logging.getLogger(__name__)


class BestModelSaver:
    """Handler of an evaluator: writes the network whenever its key metric reaches a new best.

    MONAI's CheckpointSaver overwrites the file in place, so that a full disk or a kill leaves
    neither the old weights nor the new; here the file is replaced only once it is complete. A
    metric that is NaN (every validation label empty, say) never counts as best. The epoch of the
    best network, all its metrics and the number of validations since then are kept too.

    Args:
        network: the network that is validated.
        path: file for its weights.
        preparation: how images are prepared for it; written beside the weights.
        writes: whether this process writes (rank 0 of a distributed training).

    Example:
        >>> import tempfile
        >>> from ignite.engine import Engine
        >>> scores = iter([0.7, 0.8, 0.6])
        >>> evaluator = Engine(lambda engine, _: engine.state.metrics.update(cldice=next(scores)))
        >>> evaluator.state.key_metric_name = "cldice"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     saver = BestModelSaver(nn.Linear(1, 1), Path(folder, "model.pt"))
        ...     saver.attach(evaluator)
        ...     _ = evaluator.run([0], max_epochs=3)
        >>> saver.best, saver.epoch, saver.n_since_best
        (0.8, 2, 1)

    Reference:
        Shit et al., CVPR 2021, supplement D (model with the highest validation clDice).
    """

    def __init__(
        self,
        network: nn.Module,
        path: str | os.PathLike[str],
        *,
        preparation: Preparation | None = None,
        writes: bool = True,
    ) -> None:
        self.network = network
        self.path = Path(path)
        self.preparation = preparation
        self.writes = writes
        self.best = -math.inf
        self.epoch = 0
        self.n_since_best = 0
        self.metrics: dict[str, float] = {}

    def require_saved(self) -> None:
        """Refuse to end a training in silence that has chosen no model.

        Raises:
            InputError: if no validation of this run gave a number.
        """
        if self.best == -math.inf:
            raise InputError(
                f"{self.path}: not written, because no validation of this run gave a clDice; "
                "use a val_interval of 1 or more and validation labels with vessels"
            )

    def state_dict(self) -> dict[str, Any]:
        """Return the best value so far and what belongs to it, for a checkpoint."""
        return {
            "best": self.best,
            "epoch": self.epoch,
            "n_since_best": self.n_since_best,
            "metrics": dict(self.metrics),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the best value of a checkpoint."""
        self.best = state["best"]
        self.epoch = state["epoch"]
        self.n_since_best = state["n_since_best"]
        self.metrics = dict(state["metrics"])

    def take_over(self, folder: Path) -> None:
        """Bring the best weights so far from beside the checkpoint that a training resumes from.

        Where they are missing the best is chosen anew, so that the weights are there at the end.

        Args:
            folder: that of the checkpoint.
        """
        found = folder / self.path.name
        if self.best == -math.inf:
            return
        if not found.is_file():
            _logger.info(
                "note: %s is missing, the best weights so far (epoch %d); the best is chosen anew",
                found,
                self.epoch,
            )
            self.best, self.epoch, self.n_since_best, self.metrics = -math.inf, 0, 0, {}
        elif self.writes and found.resolve() != self.path.resolve():
            copy_weights(found, self.path, preparation=self.preparation)

    def attach(self, engine: Engine) -> None:
        """Save at the end of each validation of ``engine`` that is the best so far."""
        from ignite.engine import Events

        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Compare the engine's key metric with the best one and save the network if it wins."""
        value = float(engine.state.metrics[engine.state.key_metric_name])
        self.n_since_best += 1
        if math.isnan(value):
            _logger.warning(
                "note: the validation %s could not be measured (is every validation label empty?); "
                "%s is not written",
                engine.state.key_metric_name,
                self.path,
            )
        elif value > self.best:
            self.best, self.epoch, self.n_since_best = value, engine.state.epoch, 0
            self.metrics = {name: float(figure) for name, figure in engine.state.metrics.items()}
            if self.writes:
                save_weights(self.network, self.path, preparation=self.preparation)
