"""Every epoch starts from a seed of its own, so that a resumed training repeats the rest."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["EpochSeeds"]


class EpochSeeds:
    """Handler of a trainer: seeds Python, numpy, torch and the random transforms for each epoch.

    What an epoch draws (order of the items, crops, augmentation, dropout) then depends on ``seed``
    and the number of the epoch alone, not on the epochs before, and no random state needs to be
    saved. Workers of a DataLoader draw their seeds from torch when they start: they must start
    anew each epoch (``persistent_workers=False``).

    Args:
        seed: seed of the training; None leaves everything as it is.
        dataset: its random transforms are seeded too, for a DataLoader without workers.
        sampler: its ``set_epoch`` is called where it has one (DistributedSampler).
        rank: number of the process in a distributed training: each augments differently.

    Example:
        >>> from ignite.engine import Engine
        >>> drawn = []
        >>> trainer = Engine(lambda engine, batch: drawn.append(random.random()))
        >>> EpochSeeds(7).attach(trainer)
        >>> _ = trainer.run([0], max_epochs=2), trainer.run([0], max_epochs=2)
        >>> drawn[:2] == drawn[2:], drawn[0] == drawn[1]
        (True, False)
    """

    def __init__(
        self, seed: int | None, *, dataset: Any = None, sampler: Any = None, rank: int = 0
    ) -> None:
        self.seed = seed
        self.dataset = dataset
        self.sampler = sampler
        self.rank = rank

    def attach(self, engine: Engine) -> None:
        """Seed at the start of each epoch of ``engine``."""
        from ignite.engine import Events

        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Seed for the epoch that starts."""
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(engine.state.epoch)
        if self.seed is None:
            return
        entropy = [self.seed, engine.state.epoch, self.rank]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        if self.dataset is not None:
            from monai.data.utils import set_rnd

            set_rnd(self.dataset, seed)
