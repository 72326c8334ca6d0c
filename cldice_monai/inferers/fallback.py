"""Sliding windows that come down to less memory by themselves when it runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from monai.inferers import Inferer, SlidingWindowInferer

from cldice_monai.errors import InputError
from cldice_monai.inferers.slab import SlabInferer

__all__ = ["FallbackInferer", "is_out_of_memory"]

_logger = logging.getLogger(__name__)
_ALLOCATION_FAILED = ("not enough memory", "can't allocate memory", "cannot allocate memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that memory ran out, on a GPU or in the machine.

    Args:
        error: any exception.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("wrong shape"))
        (True, False)
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error).lower() for words in _ALLOCATION_FAILED
    )


class FallbackInferer(Inferer):
    """Sliding windows with the sums where the image is, else in main memory, else slab by slab.

    Each step down is logged as a warning. The results of the three differ by rounding only.

    Args:
        roi_size: sides of a window, one number an axis of space.
        sw_batch_size: windows that the network sees at a time.
        overlap: share that two windows have in common, one number or one an axis.

    Raises:
        InputError: when called: if the memory is not even enough for slabs.

    Example:
        >>> inferer = FallbackInferer((8, 8, 8), overlap=0.5)
        >>> inferer(torch.ones(1, 1, 20, 9, 5), torch.nn.Identity()).shape
        torch.Size([1, 1, 20, 9, 5])
    """

    def __init__(
        self,
        roi_size: Sequence[int],
        sw_batch_size: int = 4,
        overlap: float | Sequence[float] = 0.5,
    ) -> None:
        super().__init__()
        self.roi_size = tuple(roi_size)
        self.sw_batch_size = sw_batch_size
        self.overlap = overlap

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run the network over a batch.

        Args:
            inputs: (B, C, H, W) or (B, C, H, W, D), float.
            network: called with windows of ``inputs``.
            args: passed on.
            kwargs: passed on.

        Returns:
            (B, K, ...), on the device of ``inputs`` or, after a step down, on the CPU.
        """
        steps = self._steps(inputs.device)
        for (place, inferer), (next_place, _) in pairwise(steps):
            try:
                return inferer(inputs, network, *args, **kwargs)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            # outside the handler, whose exception keeps the tensors of the failed step alive
            _logger.warning("note: no memory left %s; going on %s", place, next_place)
            if inputs.is_cuda:
                torch.cuda.empty_cache()
        try:
            return steps[-1][1](inputs, network, *args, **kwargs)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise InputError(
                "the memory is too small even slab by slab; use a smaller roi or --max-memory, "
                "or close other programs"
            ) from error

    def _steps(self, device: torch.device) -> list[tuple[str, Inferer]]:
        """Return the inferers to try, in order, each with the words for where its sums are."""
        windows = (self.roi_size, self.sw_batch_size, self.overlap)
        steps: list[tuple[str, Inferer]] = []
        if device.type != "cpu":
            steps.append(
                (f"with sums on {device}", SlidingWindowInferer(*windows, mode="gaussian"))
            )
        in_memory = SlidingWindowInferer(*windows, mode="gaussian", device="cpu", sw_device=device)
        steps.append(("with sums in main memory", in_memory))
        steps.append(("slab by slab", SlabInferer(*windows, sum_device="cpu")))
        return steps
