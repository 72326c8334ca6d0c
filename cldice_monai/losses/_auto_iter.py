"""The number of iterations of a loss: fixed, or found in the first batch that has a vessel."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cldice_monai.losses._sync import largest_over_ranks
from cldice_monai.losses.suggest_iter import erosions_needed

__all__ = ["Iterations"]

_LOG = logging.getLogger(__name__)
_UNRESOLVED = -1


class Iterations(nn.Module):
    """Holds ``iter_`` and, for "auto", what it was resolved to, which state_dict keeps.

    Args:
        iter_: number of iterations, or "auto".
        spacing: voxel size along each spatial axis, or None.
    """

    def __init__(self, iter_: int | str, spacing: Sequence[float] | None) -> None:
        super().__init__()
        self.fallback = 3
        self.resolved: Tensor
        self.spacing = spacing
        self.value: int | None = None if isinstance(iter_, str) else iter_
        if isinstance(iter_, str):
            self.register_buffer("resolved", torch.tensor(_UNRESOLVED))

    def for_target(self, target: Tensor, *, background_first: bool) -> int:
        """Return the number of iterations, resolving "auto" from a target that is not empty.

        All processes have to call it in the same step, and it waits for the device, until it is
        resolved; later calls cost nothing. Until then, on empty targets, the default 3 is used.

        Args:
            target: (B, C, ...), 0 where a voxel does not count.
            background_first: whether channel 0 is the background.
        """
        if self.value is None:
            self._resolve(target[:, 1:] if background_first else target)
        return self.fallback if self.value is None else self.value

    @torch.compiler.disable
    def _resolve(self, foreground: Tensor) -> None:
        need = erosions_needed((foreground.detach() >= 0.5).flatten(0, 1), self.spacing) - 1
        need = largest_over_ranks(need, foreground.device)
        if need < 0:
            return
        self.value = need
        self.resolved.fill_(need)
        _LOG.info('iter_="auto" is %d from here on, the need of the first labels', need)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        if hasattr(self, "resolved"):
            loaded = int(self.resolved.item())
            self.value = None if loaded == _UNRESOLVED else loaded
