"""Checks of constructor arguments that several losses share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from cldice_monai.losses._counts import Smoothing

__all__ = [
    "check_activations",
    "check_alpha",
    "check_iter",
    "check_spacing",
    "check_sync",
    "checked_smoothing",
    "checked_weight",
    "refuse_leftovers",
]

_DICE_ONLY = "acts on a Dice term, which {name} has not: use SoftDiceclDiceLoss, or remove it"
_CROSS_ENTROPY = (
    "belongs to a cross-entropy term, which {name} has not: write "
    "CompoundclDiceLoss(base_loss=DiceCELoss(...), alpha=...), or remove it"
)
# name: (the value with which nothing is asked for, what to write instead)
_LEFTOVERS: dict[str, tuple[Any, str]] = {
    "squared_pred": (False, _DICE_ONLY),
    "jaccard": (False, _DICE_ONLY),
    "soft_label": (False, _DICE_ONLY),
    "lambda_dice": (
        None,
        "weighs a Dice against a cross-entropy term: the weight of {name} is alpha "
        "(0 is the base loss alone, 1 is clDice alone)",
    ),
    "lambda_ce": (0.0, _CROSS_ENTROPY),
    "label_smoothing": (0.0, _CROSS_ENTROPY),
}


def refuse_leftovers(name: str, leftovers: Mapping[str, Any]) -> None:
    """Raise a TypeError for what the configuration of another loss left behind.

    Args:
        name: the class, for the message.
        leftovers: keyword arguments that the class does not have.

    Raises:
        TypeError: naming the argument and what to write instead; a value that asks for nothing,
            such as ``label_smoothing=0``, passes.
    """
    for key, value in leftovers.items():
        if key not in _LEFTOVERS:
            raise TypeError(f"{name} has no argument {key!r}, got {key}={value!r}; remove it")
        neutral, advice = _LEFTOVERS[key]
        if neutral is None or value != neutral:
            raise TypeError(f"{key}={value!r} {advice.format(name=name)}")


def check_activations(sigmoid: bool, softmax: bool, other_act: Callable[..., Any] | None) -> None:
    """Raise where more than one activation is asked for, or one that cannot be called.

    Raises:
        TypeError: where ``other_act`` is neither None nor callable.
        ValueError: for more than one of the three.
    """
    if other_act is not None and not callable(other_act):
        raise TypeError(f"other_act must be None or callable but is {type(other_act).__name__}.")
    if int(sigmoid) + int(softmax) + int(other_act is not None) > 1:
        raise ValueError(
            "Incompatible values: more than 1 of [sigmoid=True, softmax=True, other_act is not "
            "None]; keep one of them."
        )


def check_alpha(alpha: float) -> None:
    """Raise a ValueError unless ``alpha`` lies in [0, 1]."""
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must be in [0, 1] but got {alpha}.")


def check_iter(iter_: int | str, *, auto: bool) -> None:
    """Raise unless ``iter_`` is a non-negative integer, or "auto" where that is allowed.

    Raises:
        TypeError: for another type.
        ValueError: for a negative number or another word.
    """
    if auto and isinstance(iter_, str):
        if iter_ != "auto":
            raise ValueError(f'iter_ must be an integer or "auto" but got {iter_!r}.')
        return
    # MONAI's form takes True for 1, as MONAI does.
    if not isinstance(iter_, int) or (auto and isinstance(iter_, bool)):
        raise TypeError(f"iter_ must be an integer but got {type(iter_).__name__}.")
    if iter_ < 0:
        raise ValueError(f"iter_ must be a non-negative integer but got {iter_}.")


def check_spacing(spacing: Sequence[float] | None, *, soft: bool) -> None:
    """Raise a ValueError unless ``spacing`` is 2 or 3 positive numbers, and the skeleton soft."""
    if spacing is None:
        return
    if not hasattr(spacing, "__len__") or getattr(spacing, "ndim", 1) != 1:
        raise ValueError(f"spacing must be one positive number a spatial axis, got {spacing!r}")
    if len(spacing) not in (2, 3) or not all(0 < float(step) < float("inf") for step in spacing):
        raise ValueError(f"spacing must be one positive number a spatial axis, got {spacing!r}")
    if not soft:
        raise ValueError(
            f'spacing acts on skeleton="soft" only, got {spacing!r}; remove it, or bind it in '
            "your function with functools.partial"
        )


def check_sync(sync_ranks: bool, batch: bool) -> None:
    """Raise a ValueError where ranks are to be summed but the items of a batch are not."""
    if sync_ranks and not batch:
        raise ValueError(
            "sync_ranks=True sums over the batches of all ranks, got batch=False; set batch=True"
        )


def checked_smoothing(
    smooth_nr: float | None, smooth_dr: float | None, smooth: float | None
) -> Smoothing:
    """Return the constants with defaults filled in; a ValueError for a negative one."""
    defaults = Smoothing()
    values = []
    for name, value, default in (
        ("smooth_nr", smooth_nr, defaults.numerator),
        ("smooth_dr", smooth_dr, defaults.denominator),
        ("smooth", smooth, defaults.mean),
    ):
        if value is not None and not value >= 0:
            raise ValueError(f"{name} must be 0 or more but got {value}.")
        values.append(default if value is None else float(value))
    return Smoothing(*values)


def checked_weight(weight: Sequence[float] | float | Tensor | None) -> Tensor | None:
    """Return the weights as a tensor; a ValueError for a negative one."""
    if weight is None:
        return None
    weights = torch.as_tensor(weight)
    if weights.ndim > 1 or not bool(((weights >= 0) & weights.isfinite()).all()):
        raise ValueError(f"weight must be one value or one a class, 0 or more, got {weight}")
    return weights
