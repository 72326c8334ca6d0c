"""Reduce a metric's buffers as MONAI does, without inventing a value where none was measured."""

from __future__ import annotations

import torch
from monai.metrics.utils import do_metric_reduction
from monai.utils import MetricReduction

__all__ = ["ReducedMetric", "reduce_buffer", "reduce_buffers"]

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


def reduce_buffers(
    data: torch.Tensor | list[torch.Tensor] | None,
    *,
    single: bool,
    reduction: MetricReduction | str,
    get_not_nans: bool,
) -> ReducedMetric | list[ReducedMetric]:
    """Reduce one buffer to one result, or several (one a figure) to a list in the same order.

    Args:
        data: what ``Cumulative.get_buffer`` returned.
        single: whether the user asked for one figure by its bare name.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether each result comes with the number of measured values.

    Returns:
        One result if ``single``, else a list.

    Raises:
        ValueError: nothing was measured yet, or the reduction is unknown.

    Example:
        >>> reduce_buffers(torch.ones(2, 1), single=True, reduction="mean", get_not_nans=False)
        tensor([1.])
    """
    if data is None:
        raise ValueError("the metric has no values to aggregate; call it on y_pred and y first")
    buffers = data if isinstance(data, list) else [data]
    results = [reduce_buffer(b, reduction=reduction, get_not_nans=get_not_nans) for b in buffers]
    return results[0] if single else results
