"""Small steps of a loss' forward that have to do with how it is called."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

__all__ = ["FirstCalls", "named_pair"]


def named_pair(
    input: Tensor | None,
    target: Tensor | None,
    y_pred: Tensor | None,
    y_true: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Return input and target, also where they came under MONAI's deprecated names.

    Raises:
        TypeError: where one is missing or given twice.
    """
    pair = []
    for name, value, old_name, old in (
        ("input", input, "y_pred", y_pred),
        ("target", target, "y_true", y_true),
    ):
        if old is not None:
            if value is not None:
                raise TypeError(f"{name} came twice, also as {old_name}; keep {name}")
            message = f"Argument `{old_name}` has been deprecated; please use `{name}` instead."
            warnings.warn(message, FutureWarning, stacklevel=3)
            value = old
        if value is None:
            raise TypeError(f"{name} is missing; call the loss as loss(input, target)")
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
        pair.append(value)
    return pair[0], pair[1]


class FirstCalls:
    """Decides when the values are looked at: on an accelerator each look waits for the device."""

    def __init__(self, validate: bool | None) -> None:
        self._validate = validate
        self._seen: set[torch.device] = set()

    def wants_check(self, device: torch.device) -> bool:
        """Whether the values of tensors on ``device`` are to be checked in this call."""
        if self._validate is False or torch.compiler.is_compiling():
            return False
        if self._validate or device.type == "cpu":
            return True
        first = device not in self._seen
        self._seen.add(device)
        return first
