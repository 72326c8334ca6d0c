"""Settings that a training that goes on must have kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

__all__ = ["FixedSettings"]


class FixedSettings:
    """Part of a checkpoint: refuses to go on with other settings than the training began with.

    An optimizer's saved state would override another learning rate without a word, and another
    seed would draw cases for validation that were trained on.

    Args:
        **settings: numbers, words, None, lists of them, and losses, which are compared by how they
            print.

    Example:
        >>> saved = FixedSettings(lr=0.01, roi=[64, 64]).state_dict()
        >>> FixedSettings(lr=0.1, roi=[64, 64]).load_state_dict(saved)
        Traceback (most recent call last):
        ...
        ValueError: lr was 0.01 and is now 0.1
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = {name: _plain(value) for name, value in settings.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the settings, for a checkpoint."""
        return dict(self.settings)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Compare with the settings of a checkpoint.

        Raises:
            ValueError: naming the first one that differs.
        """
        for name, now in self.settings.items():
            if state[name] != now:
                raise ValueError(f"{name} was {state[name]} and is now {now}")


def _plain(value: Any) -> Any:
    if isinstance(value, nn.Module):
        return " ".join(repr(value).split())
    return list(value) if isinstance(value, list | tuple) else value
