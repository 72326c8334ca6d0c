"""A running mean of the weights, which generalises better than the weights of any one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cldice_monai.errors import InputError

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["WeightAverage", "averaged_copy"]

_Tensors = tuple[Tensor, ...] | list[Tensor]


def averaged_copy(
    network: nn.Module, *, decay: float | None, device: str | torch.device | None = None
) -> AveragedModel | None:
    """Return a copy of a network that will hold the exponential moving average of its weights.

    Buffers (the statistics of batch norm) are averaged too. With a fixed decay of 0.999 the first
    thousand steps would be a mean with the weights that nothing was learnt in; so the n-th
    step uses the smaller of ``decay`` and (1 + n) / (10 + n).

    Args:
        network: the network that is trained, not wrapped for several processes.
        decay: share of the old mean in the new one, between 0 and 1; None for no average.
        device: where the copy is kept.

    Returns:
        torch's AveragedModel, its ``module`` the network with the mean weights; None without decay.

    Raises:
        InputError: if the decay is not between 0 and 1.

    Example:
        >>> network = nn.Linear(1, 1)
        >>> mean = averaged_copy(network, decay=0.9)
        >>> mean.update_parameters(network)  # the first time, a copy
        >>> bool(mean.module.weight == network.weight)
        True

    Reference:
        Polyak and Juditsky, SIAM J. Control Optim. 1992; Tarvainen and Valpola, NeurIPS 2017.
    """
    if decay is None:
        return None
    if isinstance(decay, bool) or not isinstance(decay, int | float) or not 0 < decay < 1:
        raise InputError(
            f"ema_decay must be a number between 0 and 1, for example 0.999, got {decay}"
        )

    def update(mean: _Tensors, current: _Tensors, n_averaged: Tensor | int) -> None:
        n = int(n_averaged)
        get_ema_multi_avg_fn(min(float(decay), (1 + n) / (10 + n)))(mean, current, n)

    place = None if device is None else torch.device(device)
    return AveragedModel(network, device=place, multi_avg_fn=update, use_buffers=True)


class WeightAverage:
    """Handler of a trainer: takes the weights into the average after every step.

    Args:
        average: of `averaged_copy`.
        network: the network that is trained.

    Example:
        >>> from ignite.engine import Engine
        >>> network = nn.Linear(1, 1, bias=False)
        >>> mean = averaged_copy(network, decay=0.9)
        >>> trainer = Engine(lambda engine, weight: nn.init.constant_(network.weight, weight))
        >>> WeightAverage(mean, network).attach(trainer)
        >>> _ = trainer.run([0.0, 11.0])  # the second step keeps 2 / 11 of the mean
        >>> round(float(mean.module.weight.detach()), 4)
        9.0
    """

    def __init__(self, average: AveragedModel, network: nn.Module) -> None:
        self.average = average
        self.network = network

    def attach(self, engine: Engine) -> None:
        """Update after each iteration of ``engine``."""
        from ignite.engine import Events

        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self) -> None:
        """Take the weights as they are now into the average."""
        self.average.update_parameters(self.network)
