"""A metric with several figures in MONAI's engines, computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from monai.handlers import IgniteMetricHandler
from monai.metrics import CumulativeIterationMetric

__all__ = ["SeveralMetrics"]


class SeveralMetrics(IgniteMetricHandler):
    """Handler of a metric that gives several figures, each of which the engine gets by a name.

    MONAI's handler keeps the first one alone; clDice with Tprec and Tsens would be thinned three
    times.

    Args:
        metric_fn: for instance ClDiceMetric with several names, or BettiErrorMetric with several
            dimensions.
        more: names of the figures after the first one, which is called as the handler is.
        output_transform: see IgniteMetricHandler.

    Example:
        >>> import torch
        >>> from ignite.engine import Engine
        >>> from cldice_monai import ClDiceMetric
        >>> label = torch.zeros(1, 1, 3, 9)
        >>> label[..., 1, :] = 1
        >>> evaluator = Engine(lambda engine, batch: (batch, label))
        >>> evaluator.state.metric_details = {}  # as MONAI's evaluator has it
        >>> metric = ClDiceMetric(metric_name=("cldice", "tprec", "tsens"))
        >>> SeveralMetrics(metric, ["tprec", "tsens"]).attach(evaluator, "cldice")
        >>> evaluator.run([label * (torch.arange(9) < 6)]).metrics
        {'cldice': 0.800000011920929, 'tprec': 1.0, 'tsens': 0.6666666865348816}
    """

    def __init__(
        self,
        metric_fn: CumulativeIterationMetric,
        more: Sequence[str],
        output_transform: Callable[[Any], Any] = lambda output: output,
    ) -> None:
        super().__init__(metric_fn=metric_fn, output_transform=output_transform)
        self.more = tuple(more)

    def compute(self) -> float:
        """Put the figures into ``metrics`` and ``metric_details`` of the engine's state.

        Returns:
            The first figure.

        Raises:
            ValueError: if the metric gives another number of figures than there are names.
        """
        state = self._engine.state
        names = (self._name, *self.more)
        figures, details = self.metric_fn.aggregate(), self.metric_fn.get_buffer()
        for name, figure, detail in zip(names, figures, details, strict=True):
            state.metrics[name] = float(figure)
            state.metric_details[name] = detail
        self._is_reduced = True
        return float(figures[0])
