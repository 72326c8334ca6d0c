"""Average the predictions of an image and of its mirror images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import chain, combinations
from typing import Any

import torch
from monai.inferers import Inferer
from torch.nn.functional import log_softmax, logsigmoid

__all__ = ["FlipInferer"]


class FlipInferer(Inferer):
    """Wrap an inferer so that every window is seen in all its mirror images.

    This is test-time augmentation: the network runs on the 2^n mirror images of a window along n
    axes, the predictions are mirrored back and their probabilities averaged. What comes out are
    logits again, of the mean probability, so that everything after the network stays as it is: the
    sigmoid (or softmax) of the output is the mean of the sigmoids (softmaxes). It takes the memory
    of some windows more and 2^n times the time.

    Args:
        inferer: the MONAI inferer to run, for instance SlidingWindowInferer.
        axes: spatial axes to mirror along, 0 the first; None takes all, an empty list none.
        softmax: the channels exclude each other, as with a softmax; else each is a sigmoid's.

    Raises:
        ValueError: when called: for an axis that the image does not have.

    Example:
        >>> from monai.inferers import SimpleInferer
        >>> def left_is_vessel(x):
        ...     logits = torch.full_like(x, -30.0)
        ...     logits[..., 0] = 30.0
        ...     return logits
        >>> logits = FlipInferer(SimpleInferer())(torch.zeros(1, 1, 1, 2), left_is_vessel)
        >>> torch.sigmoid(logits)
        tensor([[[[0.5000, 0.5000]]]])
    """

    def __init__(
        self, inferer: Inferer, *, axes: Sequence[int] | None = None, softmax: bool = False
    ) -> None:
        super().__init__()
        self.inferer = inferer
        self.axes = None if axes is None else tuple(axes)
        self.softmax = softmax

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run the wrapped inferer.

        Args:
            inputs: (B, C, H, W) or (B, C, H, W, D).
            network: called with windows of ``inputs``; gives logits (B, K, ...) of their size.
            args: passed on.
            kwargs: passed on.

        Returns:
            What the wrapped inferer returns.
        """
        flips = _all_flips(self.axes, n_axes=inputs.dim() - 2)
        if len(flips) == 1:
            return self.inferer(inputs, network, *args, **kwargs)

        def run(window: torch.Tensor, *more: Any, **named: Any) -> torch.Tensor:
            outputs = (
                torch.flip(network(torch.flip(window, flip), *more, **named), flip)
                for flip in flips
            )
            return _logits_of_mean(outputs, softmax=self.softmax)

        return self.inferer(inputs, run, *args, **kwargs)


def _all_flips(axes: Sequence[int] | None, *, n_axes: int) -> list[tuple[int, ...]]:
    """Return every set of tensor dimensions to mirror, none of them first."""
    chosen = range(n_axes) if axes is None else axes
    if any(not 0 <= axis < n_axes for axis in chosen):
        raise ValueError(f"axes must be from 0 to {n_axes - 1}, got {list(chosen)}")
    dimensions = [axis + 2 for axis in chosen]
    sizes = range(len(dimensions) + 1)
    return list(chain.from_iterable(combinations(dimensions, size) for size in sizes))


def _logits_of_mean(outputs: Iterator[torch.Tensor], *, softmax: bool) -> torch.Tensor:
    """Average probabilities on a log scale, where a sure prediction loses no digits.

    For sigmoids log p and log(1 - p) are summed up, whose difference is the logit; the logarithm of
    a mean of softmaxes is a logit as it is.
    """
    if softmax:
        return reduce(torch.logaddexp, (log_softmax(output, dim=1) for output in outputs))
    both = (torch.stack([logsigmoid(output), logsigmoid(-output)]) for output in outputs)
    log_p, log_not_p = reduce(torch.logaddexp, both)
    return log_p - log_not_p
