"""clDice, Tprec and Tsens as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, mean_of_measured, measure_cases
from cldice_monai.metrics.figures import FiguresMetric, check_choice, check_single_choice
from cldice_monai.topology.overlap import overlap_scores
from cldice_monai.topology.patches import PatchSampler

__all__ = ["ClDiceMetric", "ClDiceName", "compute_cldice"]

ClDiceName = Literal["cldice", "tprec", "tsens"]


class ClDiceMetric(FiguresMetric):
    """Centreline Dice of binary segmentations, accumulated over batches as MONAI's DiceMetric.

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary: one-hot classes or one foreground channel.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        ignore_empty: what an empty label gives. True: NaN, left out. False: 1 if the prediction is
            empty too, else 0. An empty prediction of a label that is not empty is 0 either way.
        metric_name: ``"cldice"``, ``"tprec"`` or ``"tsens"``, or several: then a call and
            `aggregate` return a list in that order.
        patches: measure these patches and take their mean a case; None measures whole volumes, as
            the paper does.

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
        patches: PatchSampler | None = None,
    ) -> None:
        self.metric_name = check_choice(metric_name, get_args(ClDiceName), name="metric_name")
        self.ignore_empty = ignore_empty
        super().__init__(
            include_background=include_background,
            reduction=reduction,
            get_not_nans=get_not_nans,
            single=isinstance(metric_name, str),
            patches=patches,
        )

    def measure(self, case: Case) -> Sequence[float]:
        """Return the scores of one case and channel.

        Args:
            case: its masks.

        Returns:
            One score for each name.
        """
        scores = _scores(case, self.ignore_empty)
        return [scores[name] for name in self.metric_name]


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
    name = check_single_choice(metric_name, get_args(ClDiceName), name="metric_name")
    figures = measure_cases(
        lambda case: [_scores(case, ignore_empty)[name]],
        y_pred,
        y,
        include_background=include_background,
    )
    return figures[..., 0]


def _scores(case: Case, ignore_empty: bool) -> dict[str, float]:
    pairs = zip(case.pred, case.label, strict=True)
    each = [overlap_scores(pred, label, ignore_empty=ignore_empty) for pred, label in pairs]
    return {name: mean_of_measured(getattr(s, name) for s in each) for name in get_args(ClDiceName)}
