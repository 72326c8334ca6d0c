"""Reduce a metric's buffer as MONAI does, without inventing a value where none was measured."""

from __future__ import annotations

import torch
from monai.metrics.utils import do_metric_reduction
from monai.utils import MetricReduction

__all__ = ["ReducedMetric", "reduce_buffer"]

ReducedMetric = torch.Tensor | tuple[torch.Tensor, torch.Tensor]


def reduce_buffer(
    data: torch.Tensor, *, reduction: MetricReduction | str, get_not_nans: bool
) -> ReducedMetric:
    """Reduce per-item, per-channel values over what is not NaN.

    MONAI's reduction gives 0 where every value is NaN. For an error that would read as perfect, for
    a score as the worst; here it is NaN: nothing was measured.

    Args:
        data: (B, C) tensor, NaN where not measured.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether to return the number of measured values too.

    Returns:
        The reduced tensor, or it and the counts.

    Raises:
        ValueError: the reduction is unknown.

    Example:
        >>> nan = float("nan")
        >>> reduce_buffer(torch.tensor([[1.0], [nan]]), reduction="mean", get_not_nans=True)
        (tensor([1.]), tensor(1.))
        >>> reduce_buffer(torch.tensor([[nan], [nan]]), reduction="mean", get_not_nans=False)
        tensor([nan])
    """
    # MONAI overwrites NaN in place; the caller's tensor stays as it is.
    value, not_nans = do_metric_reduction(data.clone(), reduction)
    value = torch.where(not_nans > 0, value, torch.nan)
    return (value, not_nans) if get_not_nans else value
