"""Stop a training that no longer gets better."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cldice_monai.errors import InputError

if TYPE_CHECKING:
    from ignite.engine import Engine

    from cldice_monai.workflows.best_model import BestModelSaver

__all__ = ["EarlyStopping"]

_logger = logging.getLogger(__name__)


class EarlyStopping:
    """Handler of a trainer: ends it after a number of validations without a new best model.

    What is best, and for how many validations, is known to the `BestModelSaver` and kept in the
    checkpoint with it; the metric is that of all processes, so that all stop together. A training
    that was stopped so and is resumed stops at once. Attach it after the checkpoint and the
    progress.

    Args:
        best: the saver of the best model.
        patience: validations without a new best after which the training ends.

    Raises:
        InputError: if the patience is not a whole number of 1 or more.

    Example:
        >>> from ignite.engine import Engine
        >>> from torch import nn
        >>> from cldice_monai.workflows.best_model import BestModelSaver
        >>> best = BestModelSaver(nn.Linear(1, 1), "model.pt")
        >>> def validate(*_): best.n_since_best += 1  # as one that is no better does
        >>> trainer = Engine(validate)
        >>> EarlyStopping(best, patience=3).attach(trainer)
        >>> trainer.run([0], max_epochs=100).epoch
        3
    """

    def __init__(self, best: BestModelSaver, *, patience: int) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise InputError(
                f"patience must be a whole number of validations, 1 or more, got {patience}"
            )
        self.best = best
        self.patience = patience

    def attach(self, engine: Engine) -> None:
        """Look when ``engine`` starts (a resumed one may be done) and after each of its epochs."""
        from ignite.engine import Events

        engine.add_event_handler(Events.STARTED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """End the training if the patience is used up."""
        if self.best.n_since_best < self.patience:
            return
        _logger.info(
            "stopped early after epoch %d: no better model in %d validations "
            "(the best is of epoch %d)",
            engine.state.epoch,
            self.best.n_since_best,
            self.best.epoch,
        )
        engine.terminate()
