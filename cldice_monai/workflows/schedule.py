"""How the learning rate changes from epoch to epoch, by name."""

from __future__ import annotations

from typing import Literal, get_args

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, PolynomialLR

from cldice_monai.errors import InputError

__all__ = ["ScheduleName", "learning_rate_schedule"]

ScheduleName = Literal["cosine", "poly", "constant"]
_POLY_POWER = 0.9


def learning_rate_schedule(
    optimizer: Optimizer, name: ScheduleName = "cosine", *, epochs: int
) -> LRScheduler:
    """Return the schedule that is stepped once after each epoch.

    Args:
        optimizer: its learning rate is that of the first epoch.
        name: "cosine" falls to 0 along half a cosine; "poly" falls as (1 - epoch / epochs) ** 0.9;
            "constant" stays.
        epochs: length of the training.

    Returns:
        A scheduler of torch.

    Raises:
        InputError: for another name.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        >>> type(learning_rate_schedule(optimizer, "poly", epochs=10)).__name__
        'PolynomialLR'

    Reference:
        Loshchilov and Hutter, SGDR, ICLR 2017 (cosine); Chen et al., DeepLab, TPAMI 2018 (poly).
    """
    if name == "cosine":
        return CosineAnnealingLR(optimizer, T_max=epochs)
    if name == "poly":
        return PolynomialLR(optimizer, total_iters=epochs, power=_POLY_POWER)
    if name == "constant":
        return ConstantLR(optimizer, factor=1.0, total_iters=0)
    raise InputError(f"lr_schedule must be one of {', '.join(get_args(ScheduleName))}, got {name}")
