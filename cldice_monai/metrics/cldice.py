"""clDice, Tprec and Tsens as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from monai.metrics import CumulativeIterationMetric
from monai.utils import MetricReduction

from cldice_monai.metrics.channels import measure_channels
from cldice_monai.metrics.reduce import ReducedMetric, reduce_buffers
from cldice_monai.topology.overlap import OverlapScores, overlap_scores

__all__ = ["ClDiceMetric", "ClDiceName", "compute_cldice"]

ClDiceName = Literal["cldice", "tprec", "tsens"]


class ClDiceMetric(CumulativeIterationMetric):
    """Centreline Dice of binary segmentations, accumulated over batches as MONAI's DiceMetric.

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary: one-hot classes or one foreground channel. `aggregate` reduces
    over what is not NaN; where nothing was measured it gives NaN.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        ignore_empty: what an empty label gives. True: NaN, left out. False: 1 if the prediction is
            empty too, else 0. An empty prediction of a label that is not empty is 0 either way.
        metric_name: ``"cldice"``, ``"tprec"`` or ``"tsens"``, or several: then a call and
            `aggregate` return a list in that order.

    Raises:
        ValueError: an unknown name; when called, input that is not binary or has unequal shapes.

    Example:
        >>> label = torch.zeros(1, 1, 3, 9)
        >>> label[..., 1, :] = 1
        >>> pred = label.clone()
        >>> pred[..., 6:] = 0
        >>> metric = ClDiceMetric(metric_name=["cldice", "tprec"])
        >>> _ = metric(pred, label)
        >>> metric.aggregate()
        [tensor([0.8000]), tensor([1.])]

    Reference:
        Shit et al., clDice, CVPR 2021, equations 1 and 2.
    """

    def __init__(
        self,
        include_background: bool = True,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        ignore_empty: bool = True,
        metric_name: Sequence[ClDiceName] | ClDiceName = "cldice",
    ) -> None:
        super().__init__()
        self.include_background = include_background
        self.reduction = reduction
        self.get_not_nans = get_not_nans
        self.ignore_empty = ignore_empty
        self.single = isinstance(metric_name, str)
        self.metric_name = _check_names(metric_name)

    def _compute_tensor(
        self, y_pred: torch.Tensor, y: torch.Tensor
    ) -> torch.Tensor | list[torch.Tensor]:
        scores = _all_scores(y_pred, y, self.include_background, self.ignore_empty)
        chosen = [scores[..., OverlapScores._fields.index(name)] for name in self.metric_name]
        return chosen[0] if self.single else chosen

    def aggregate(
        self, reduction: MetricReduction | str | None = None
    ) -> ReducedMetric | list[ReducedMetric]:
        """Reduce the values of all batches (and processes) so far.

        Args:
            reduction: overrides the one given to the constructor.

        Returns:
            One tensor for one name, a list for several; each with its count if ``get_not_nans``.

        Raises:
            ValueError: nothing was measured yet, or the reduction is unknown.
        """
        return reduce_buffers(
            self.get_buffer(),
            single=self.single,
            reduction=reduction or self.reduction,
            get_not_nans=self.get_not_nans,
        )


def compute_cldice(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    include_background: bool = True,
    ignore_empty: bool = True,
    metric_name: ClDiceName = "cldice",
) -> torch.Tensor:
    """Compute clDice, Tprec or Tsens of every batch item and channel.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured.
        ignore_empty: what an empty label gives, see `ClDiceMetric`.
        metric_name: ``"cldice"``, ``"tprec"`` or ``"tsens"``.

    Returns:
        float32 tensor (B, C), or (B, C - 1) without background, on the device of ``y_pred``.

    Raises:
        TypeError: not tensors.
        ValueError: not binary, unequal shapes, another rank, or an unknown name.

    Example:
        >>> x = torch.ones(1, 1, 4, 4)
        >>> compute_cldice(x, x)
        tensor([[1.]])

    Reference:
        Shit et al., clDice, CVPR 2021, equation 2.
    """
    (name,) = _check_names(metric_name)
    scores = _all_scores(y_pred, y, include_background, ignore_empty)
    return scores[..., OverlapScores._fields.index(name)]


def _all_scores(
    y_pred: torch.Tensor, y: torch.Tensor, include_background: bool, ignore_empty: bool
) -> torch.Tensor:
    return measure_channels(
        lambda pred, label: overlap_scores(pred, label, ignore_empty=ignore_empty),
        y_pred,
        y,
        include_background=include_background,
    )


def _check_names(metric_name: Sequence[str] | str) -> tuple[str, ...]:
    names = (metric_name,) if isinstance(metric_name, str) else tuple(metric_name)
    unknown = [name for name in names if name not in get_args(ClDiceName)]
    if unknown or not names:
        raise ValueError(
            f"metric_name must be one or several of {', '.join(get_args(ClDiceName))}, "
            f"got {metric_name!r}"
        )
    return names
