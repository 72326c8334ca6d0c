"""The numbers of the zero-shot weights, fixed before these weights were scored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows.preparation import Preparation

__all__ = [
    "BUDGETS",
    "RECIPE",
    "TrainingPlan",
    "ZeroShotRecipe",
    "make_network",
    "with_changes",
]

_SIDES = 8  # the network halves a patch three times
_Settings = TypeVar("_Settings", "ZeroShotRecipe", "TrainingPlan")


@dataclass(frozen=True, kw_only=True)
class ZeroShotRecipe(Preparation):
    """How a volume is prepared and how its probabilities become a mask.

    `Preparation` says what its attributes mean; they are written beside the weights.

    Attributes:
        window: sides of the sliding window in voxels.
        overlap: share that two windows have in common along each axis.

    Example:
        >>> ZeroShotRecipe(threshold=0.5).window  # the other numbers are those of the weights
        64
    """

    side_mm: float | None = 0.002
    cutoff: float | Sequence[float] = 0.999
    lift: float = 50.0
    floor: float = 0.4
    factors: Sequence[float] = (1.0, 1.5)
    pad_windows: bool = False
    threshold: float = 0.35
    window: int = 64
    overlap: float = 0.5


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """How long and on what the network is trained.

    Attributes:
        n_volumes: synthetic volumes, drawn anew for every seed.
        volume_side: their sides in voxels.
        steps: optimiser steps.
        batch_size: patches a step.
        patch_side: sides of a patch in voxels.
        lr: highest learning rate; it rises for a tenth of the steps and falls to 0 as a cosine.
        alpha: share of clDice in the loss.
        iter_: iterations of its soft skeleton.
        bce: weight of the binary cross-entropy that is added: overlaps alone say next to nothing
            of a patch without vessels.
        gamma_spread: standard deviation of the logarithm of a random exponent of the intensities.
        scale_spread: standard deviation of the logarithm of a random factor of them.
        zoom_chance: share of the patches that are cut larger or smaller and interpolated.
        zoom_spread: largest logarithm of how much larger or smaller.
        stretch_spread: standard deviation of the logarithm of a factor for each axis beside it.
        average_decay: of the exponential average of the weights over the steps, which is what a
            training returns; None for the weights of the last step alone.

    Raises:
        InputError: for a number that no training can have.

    Example:
        >>> TrainingPlan(patch_side=50)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: patch_side must be a multiple of 8 and at most ...
    """

    n_volumes: int = 200
    volume_side: int = 96
    steps: int = 3000
    batch_size: int = 5
    patch_side: int = 48
    lr: float = 0.003
    alpha: float = 0.5
    iter_: int = 5
    bce: float = 0.5
    gamma_spread: float = 0.3
    scale_spread: float = 0.2
    zoom_chance: float = 0.7
    zoom_spread: float = 0.5
    stretch_spread: float = 0.15
    average_decay: float | None = 0.99

    def __post_init__(self) -> None:
        for name in ("n_volumes", "volume_side", "steps", "batch_size", "patch_side", "iter_"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"{name} must be a whole number of 1 or more, got {value!r}")
        if self.patch_side % _SIDES or self.patch_side > self.volume_side:
            raise InputError(
                f"patch_side must be a multiple of {_SIDES} and at most volume_side "
                f"{self.volume_side}, got {self.patch_side}"
            )
        if not isinstance(self.lr, int | float) or not self.lr > 0:
            raise InputError(f"lr must be above 0, got {self.lr!r}; for example 0.003")


RECIPE = ZeroShotRecipe()
"""The recipe of the weights that come with the bundle."""

BUDGETS = {
    "cpu": TrainingPlan(),
    "gpu": TrainingPlan(n_volumes=1000, steps=8000, batch_size=8, patch_side=64),
}
"""Plans for two cores of a CPU, below 75 minutes a seed, and for a GPU."""


def make_network(norm: str = "BATCH") -> nn.Module:
    """Return the bundle's network with random weights, as the recipe trains it.

    Args:
        norm: "BATCH", the recipe's, or "INSTANCE", that of other trainings of the bundle.

    Returns:
        A `monai.networks.nets.UNet` of (B, 1, X, Y, Z) images, whose output are logits of that
        shape; X, Y and Z are multiples of 8.

    Example:
        >>> sum(weights.numel() for weights in make_network().parameters()) // 1000
        1186
    """
    from monai.networks.nets import UNet

    settings: dict[str, Any] = {"norm": norm, "num_res_units": 2}
    return UNet(3, 1, 1, channels=(16, 32, 64, 128), strides=(2, 2, 2), **settings)


def with_changes(settings: _Settings, changes: Iterable[str], *, argument: str) -> _Settings:
    """Return a recipe or a plan with other numbers, to repeat a trial.

    Args:
        settings: where to begin.
        changes: words NAME=VALUE, the value in JSON.
        argument: what to call the words in an error.

    Returns:
        A copy with the other numbers.

    Raises:
        InputError: for a word that is no NAME=VALUE, or a name that the settings lack.

    Example:
        >>> with_changes(RECIPE, ["factors=[1, 3]"], argument="--recipe").factors
        (1.0, 3.0)
    """
    values: dict[str, Any] = {}
    names = list(asdict(settings))
    for change in changes:
        name, sign, text = change.partition("=")
        if not sign or name not in names:
            raise InputError(f"{argument} {change}: write NAME=VALUE, NAME one of {names}")
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InputError(
                f"{argument} {change}: the value must be JSON, as 0.5 or null"
            ) from error
        values[name] = tuple(value) if isinstance(value, list) else value
    return replace(settings, **values)
