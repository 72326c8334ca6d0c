"""The frame of every metric here: named figures of binary masks, kept apart and reduced alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from monai.metrics import CumulativeIterationMetric
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, measure_cases
from cldice_monai.metrics.reduce import ReducedMetric, reduce_buffer
from cldice_monai.topology.patches import PatchSampler

__all__ = ["FiguresMetric", "check_choice"]

_Choice = TypeVar("_Choice", str, int)


class FiguresMetric(CumulativeIterationMetric):
    """Accumulate one or several figures of each case and channel; subclasses say which.

    A single figure gives one tensor, several give a list in their order, as MONAI's
    ConfusionMatrixMetric.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        single: whether the user asked for one figure by its bare name.
        patches: measure these patches of each case instead of the whole volume.

    Example:
        >>> class Volume(FiguresMetric):
        ...     def measure(self, case): return [float(case.pred.sum())]
        >>> settings = {"reduction": "mean", "get_not_nans": False, "patches": None}
        >>> metric = Volume(include_background=True, single=True, **settings)
        >>> _ = metric(torch.ones(2, 1, 4, 4), torch.ones(2, 1, 4, 4))
        >>> float(metric.aggregate())
        16.0
    """

    def __init__(
        self,
        *,
        include_background: bool,
        reduction: MetricReduction | str,
        get_not_nans: bool,
        single: bool,
        patches: PatchSampler | None,
    ) -> None:
        super().__init__()
        self.include_background = include_background
        self.reduction = reduction
        self.get_not_nans = get_not_nans
        self.single = single
        self.patches = patches

    @abstractmethod
    def measure(self, case: Case) -> Sequence[float]:
        """Return the figures of one case and channel, in the order asked for.

        Args:
            case: its masks.

        Returns:
            As many numbers as figures were asked for, NaN where not measured.
        """

    def _compute_tensor(
        self, y_pred: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor | list[torch.Tensor]:
        figures = measure_cases(
            self.measure,
            y_pred,
            y,
            include_background=self.include_background,
            patches=self.patches,
        )
        return figures[..., 0] if self.single else list(figures.unbind(dim=-1))

    def aggregate(
        self, reduction: MetricReduction | str | None = None
    ) -> ReducedMetric | list[ReducedMetric]:
        """Reduce the values of all batches (and processes) so far.

        Args:
            reduction: overrides the one given to the constructor.

        Returns:
            One tensor for one figure, a list for several; each with its count if ``get_not_nans``.
            NaN where nothing was measured.

        Raises:
            ValueError: nothing was measured yet, or the reduction is unknown.
        """
        data = self.get_buffer()
        if data is None:
            raise ValueError("the metric has no values to aggregate; call it on y_pred and y first")
        how = reduction or self.reduction
        results = [
            reduce_buffer(values, reduction=how, get_not_nans=self.get_not_nans)
            for values in (data if isinstance(data, list) else [data])
        ]
        return results[0] if self.single else results


def check_choice(
    choice: Sequence[_Choice] | _Choice, allowed: Sequence[_Choice], *, name: str
) -> tuple[_Choice, ...]:
    """Return one or several choices as a tuple, or raise where one is unknown.

    Args:
        choice: one or several of ``allowed``.
        allowed: what there is.
        name: how the caller's argument is called, for the message.

    Returns:
        The choices in their order.

    Raises:
        ValueError: none, or one that is not allowed.

    Example:
        >>> check_choice("tprec", ("cldice", "tprec"), name="metric_name")
        ('tprec',)
    """
    chosen: tuple[_Choice, ...]
    if isinstance(choice, str | int | np.integer) or choice is None:
        chosen = (choice,)
    else:
        chosen = tuple(choice)
    if not chosen or any(one not in allowed for one in chosen):
        raise ValueError(
            f"{name} must be one or several of {', '.join(str(a) for a in allowed)}, got {choice!r}"
        )
    return chosen


def check_single_choice(choice: _Choice, allowed: Sequence[_Choice], *, name: str) -> _Choice:
    """Return the one choice that a function measures, or raise where it is none or several.

    Args:
        choice: one of ``allowed``.
        allowed: what there is.
        name: how the caller's argument is called, for the message.

    Returns:
        The choice.

    Raises:
        ValueError: none, several, or one that is not allowed.

    Example:
        >>> check_single_choice("tprec", ("cldice", "tprec"), name="metric_name")
        'tprec'
    """
    chosen = check_choice(choice, allowed, name=name)
    if len(chosen) > 1:
        raise ValueError(f"{name} must be one name, got {choice!r}; use the metric for several")
    return chosen[0]
