"""The StreetMover distance as a MONAI metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from monai.utils import MetricReduction

from cldice_monai.metrics.cases import Case, mean_of_measured, measure_cases
from cldice_monai.metrics.figures import FiguresMetric, check_choice, check_single_choice
from cldice_monai.metrics.networks import networks_of
from cldice_monai.topology.network import Network
from cldice_monai.topology.patches import PatchSampler
from cldice_monai.topology.streetmover import network_distance

__all__ = ["StreetMoverDistanceMetric", "StreetMoverName", "compute_streetmover_distance"]

StreetMoverName = Literal["distance", "one_empty"]


class StreetMoverDistanceMetric(FiguresMetric):
    """How far the predicted network must be moved to lie on the labelled one.

    Called with ``y_pred`` and ``y``, both (B, C, H, W) or (B, C, H, W, D) tensors or lists of
    channel-first tensors, binary. Smaller is better; 0 where both are empty, 1 where one is. See
    `cldice_monai.topology.streetmover_distance`, unit ``"patch"``.

    Masks on a GPU are thinned there; the networks are read and compared on the CPU.

    Args:
        include_background: whether channel 0 of several is measured. False with a single channel
            warns and measures it.
        reduction: one of MONAI's ``MetricReduction``.
        get_not_nans: whether `aggregate` returns (value, number of measured values).
        metric_name: ``"distance"``, or ``"one_empty"``, the share of patches in which one mask has
            a vessel and the other has none, or both: then a list in that order.
        n_points: points on each network.
        patches: measure these patches and take their mean a case, as the paper does; None measures
            whole volumes.

    Raises:
        ValueError: an unknown name or less than one point; when called, input that is not binary or
            has unequal shapes.

    Example:
        >>> label = torch.zeros(1, 1, 8, 8)
        >>> label[..., 2, 1:7] = 1
        >>> metric = StreetMoverDistanceMetric(metric_name=("distance", "one_empty"))
        >>> _ = metric(label.roll(2, dims=2), label)  # a quarter of the side apart
        >>> metric.aggregate()
        [tensor([0.0625]), tensor([0.])]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2; Belli and Kipf, 2019.
    """

    def __init__(
        self,
        include_background: bool = True,
        reduction: MetricReduction | str = MetricReduction.MEAN,
        get_not_nans: bool = False,
        metric_name: Sequence[StreetMoverName] | StreetMoverName = "distance",
        n_points: int = 100,
        patches: PatchSampler | None = None,
    ) -> None:
        _check_points(n_points)
        self.metric_name = check_choice(metric_name, get_args(StreetMoverName), name="metric_name")
        self.n_points = n_points
        super().__init__(
            include_background=include_background,
            reduction=reduction,
            get_not_nans=get_not_nans,
            single=isinstance(metric_name, str),
            patches=patches,
        )

    def measure(self, case: Case) -> Sequence[float]:
        """Return the figures of one case and channel.

        Args:
            case: its masks.

        Returns:
            One figure for each name.
        """
        figures = _figures(case, self.n_points)
        return [figures[name] for name in self.metric_name]


def compute_streetmover_distance(
    y_pred: torch.Tensor,
    y: torch.Tensor,
    include_background: bool = True,
    metric_name: StreetMoverName = "distance",
    n_points: int = 100,
) -> torch.Tensor:
    """Compute the StreetMover distance of every batch item and channel.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured.
        metric_name: ``"distance"`` or ``"one_empty"``, see `StreetMoverDistanceMetric`.
        n_points: points on each network.

    Returns:
        float32 tensor (B, C), or (B, C - 1) without background, on the device of ``y_pred``.

    Raises:
        TypeError: not tensors.
        ValueError: not binary, unequal shapes, another rank, an unknown name or less than one
            point.

    Example:
        >>> compute_streetmover_distance(torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8))
        tensor([[1.]])

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2; Belli and Kipf, 2019.
    """
    _check_points(n_points)
    name = check_single_choice(metric_name, get_args(StreetMoverName), name="metric_name")
    figures = measure_cases(
        lambda case: [_figures(case, n_points)[name]],
        y_pred,
        y,
        include_background=include_background,
    )
    return figures[..., 0]


def _check_points(n_points: int) -> None:
    if n_points < 1:
        raise ValueError(f"n_points must be at least 1, got {n_points}")


def _figures(case: Case, n_points: int) -> dict[str, float]:
    pairs = list(networks_of(case))
    return {
        "distance": mean_of_measured(_distance(*pair, n_points) for pair in pairs),
        "one_empty": mean_of_measured(a.is_empty() != b.is_empty() for a, b in pairs),
    }


def _distance(pred: Network, label: Network, n_points: int) -> float:
    return network_distance(pred, label, n_points=n_points, unit="patch", method="exact")
