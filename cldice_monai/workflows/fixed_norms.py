"""Batch norms that keep their statistics while a network is fine-tuned."""

from __future__ import annotations

from typing import Self

from torch import nn

__all__ = ["has_fixed_norms", "with_fixed_norms"]


class _FixedNorm2d(nn.BatchNorm2d):
    """Normalises by the statistics that it has, in training too."""

    def train(self, mode: bool = True) -> Self:
        """Stay as in prediction, whatever the mode."""
        return super().train(mode=False)


class _FixedNorm3d(nn.BatchNorm3d):
    """The same in 3D."""

    def train(self, mode: bool = True) -> Self:
        """Stay as in prediction, whatever the mode."""
        return super().train(mode=False)


_FIXED: dict[type, type] = {nn.BatchNorm2d: _FixedNorm2d, nn.BatchNorm3d: _FixedNorm3d}


def with_fixed_norms(network: nn.Module) -> nn.Module:
    """Let batch norms keep their statistics in training; what they scale by is still learnt.

    A few labelled patches, most of them cropped around vessels, have other statistics than the
    volumes that will be segmented. Networks with other norms stay as they are.

    Args:
        network: changed in place; its weights keep their names.

    Returns:
        The network.

    Example:
        >>> network = with_fixed_norms(nn.Sequential(nn.Conv3d(1, 4, 3), nn.BatchNorm3d(4)))
        >>> network.train()[1].training
        False
    """
    for module in network.modules():
        if type(module) in _FIXED:
            module.__class__ = _FIXED[type(module)]
            module.eval()
    return network


def has_fixed_norms(network: nn.Module) -> bool:
    """Return whether batch norms of the network keep their statistics.

    Args:
        network: any.

    Example:
        >>> has_fixed_norms(with_fixed_norms(nn.BatchNorm3d(4))), has_fixed_norms(nn.ReLU())
        (True, False)
    """
    return any(isinstance(module, tuple(_FIXED.values())) for module in network.modules())
