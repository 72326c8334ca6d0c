"""Average what a network says at several sizes of the voxel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from monai.inferers import Inferer
from torch.nn.functional import interpolate

from cldice_monai.inferers.fallback import FallbackInferer
from cldice_monai.inferers.windows import shorter_windows
from cldice_monai.transforms.working_grid import was_resampled

__all__ = ["SURE", "ScaleAverageInferer", "coarser_shape"]

SURE = 1e-6
"""How far a mean of probabilities is kept off 0 and 1, so that its logit is finite."""


def coarser_shape(shape: Sequence[int], factor: float) -> tuple[int, ...]:
    """Return the shape of a volume whose voxels are longer.

    Args:
        shape: in space.
        factor: how much longer their sides are.

    Example:
        >>> coarser_shape((64, 20, 1), 3.0)
        (21, 7, 1)
    """
    return tuple(max(1, round(n / factor)) for n in shape)


class ScaleAverageInferer(Inferer):
    """Slide a window over a volume at several resolutions and average the probabilities.

    A network knows vessels of some radii in voxels, and sees little of one that is wider than its
    window. On coarser voxels a thick vessel is as thin as those it knows; capillaries are found on
    the finest. Each coarser volume is interpolated from the one that is given, and the network's
    logits back to its grid. Where memory runs out, less of it is used, see `FallbackInferer`.

    Args:
        roi_size: longest sides of the window in voxels. Where a volume is shorter the window is,
            too, in multiples of ``multiple_of``: padding would take part in instance norms.
        factors: how much longer the sides of the voxels are at each resolution; 1 is the volume
            as it is.
        resampled_only: takes the factors only for a volume that
            `cldice_monai.transforms.ResampleToWorkingGrid` has resampled, and any other as it is:
            where nobody knows how long a voxel is, a coarser one may lose the vessels.
        softmax: the channels exclude each other, as with a softmax; else each is a sigmoid's.
        pad_windows: pads a shorter volume to the window, as SlidingWindowInferer does.
        sw_batch_size: windows that the network sees at a time.
        overlap: share that two windows have in common along each axis.
        multiple_of: what the network divides the sides by; no window is shorter than twice that.

    Raises:
        ValueError: without factors, or for one that is below 1.

    Example:
        >>> inferer = ScaleAverageInferer((16, 16, 16), factors=(1.0, 2.0))
        >>> inferer(torch.zeros(1, 1, 24, 20, 9), torch.nn.Identity()).shape
        torch.Size([1, 1, 24, 20, 9])
    """

    def __init__(
        self,
        roi_size: Sequence[int],
        *,
        factors: Sequence[float] = (1.0, 1.5, 2.0, 3.0),
        resampled_only: bool = False,
        softmax: bool = False,
        pad_windows: bool = False,
        sw_batch_size: int = 4,
        overlap: float | Sequence[float] = 0.5,
        multiple_of: int = 8,
    ) -> None:
        super().__init__()
        if not factors or min(factors) < 1:
            raise ValueError(f"factors must be numbers of 1 or more, got {factors!r}")
        self.roi_size = tuple(roi_size)
        self.factors = tuple(float(factor) for factor in factors)
        self.resampled_only = resampled_only
        self.softmax = softmax
        self.pad_windows = pad_windows
        self.sw_batch_size = sw_batch_size
        self.overlap = overlap
        self.multiple_of = multiple_of

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Segment a batch.

        Args:
            inputs: (B, C, X, Y, Z) or (B, C, X, Y).
            network: gives logits.
            args: passed on.
            kwargs: passed on.

        Returns:
            Logits of the mean probabilities on the grid of ``inputs``.
        """
        factors = self.factors
        if self.resampled_only and not was_resampled(inputs):
            factors = (1.0,)
        if factors == (1.0,):
            return self._slide(inputs, network, *args, **kwargs)
        size = tuple(inputs.shape[2:])
        mode = "trilinear" if len(size) == 3 else "bilinear"
        found = torch.zeros(())
        for factor in factors:
            coarse = coarser_shape(size, factor)
            volume = interpolate(inputs, size=coarse, mode=mode) if factor > 1 else inputs
            logits = self._slide(volume, network, *args, **kwargs)
            logits = interpolate(logits, size=size, mode=mode) if factor > 1 else logits
            found = found.to(logits.device) + self._probabilities(logits.float())
        mean = found / len(factors)
        return torch.log(mean.clamp(min=SURE)) if self.softmax else torch.logit(mean, eps=SURE)

    def _probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.softmax(logits, dim=1) if self.softmax else torch.sigmoid(logits)

    def _slide(
        self, volume: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        window = self.roi_size
        if not self.pad_windows:
            window = shorter_windows(window, volume.shape[2:], multiple_of=self.multiple_of)
        slide = FallbackInferer(window, self.sw_batch_size, self.overlap)
        return slide(volume, network, *args, **kwargs)
