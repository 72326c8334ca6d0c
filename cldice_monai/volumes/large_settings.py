"""What a large volume is segmented with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["LargeSettings", "Predictor"]

Predictor = Callable[[torch.Tensor], torch.Tensor]
"""Windows (n, C, ...), float32 on the CPU, to logits (n, K, ...) on any device."""


@dataclass(frozen=True, kw_only=True)
class LargeSettings:
    """How a volume is prepared and its windows are placed.

    Attributes:
        roi: sides of a window.
        overlap: share that two windows have in common.
        sw_batch_size: windows that the network sees at a time.
        threshold: probability from which a voxel is vessel, of a network with one output; several
            outputs are classes, of which the largest counts.
        cutoff: quantile, one or one a channel, as for
            `cldice_monai.transforms.ScaleIntensityCutoff`.
        lift: as there.
        floor: as there.
        side_mm: voxel side that the weights want volumes of a microscope resampled to, see
            `cldice_monai.transforms.ResampleToWorkingGrid`. None takes every volume as it is.
        factors: resolutions whose probabilities are averaged, of a volume that is resampled, see
            `cldice_monai.inferers.ScaleAverageInferer`.
        pad_windows: pads a volume that is shorter than a window; else the window is shorter, too.
        multiple_of: what the network divides the sides of a window by.
        max_bytes: anonymous and shared memory that the process may take.

    Example:
        >>> LargeSettings(roi=(64, 64, 64), max_bytes=10**9).overlap
        0.5
    """

    roi: tuple[int, ...]
    overlap: float | tuple[float, ...] = 0.5
    sw_batch_size: int = 1
    threshold: float = 0.5
    cutoff: float | tuple[float, ...] = 0.99
    lift: float = 0.0
    floor: float = 0.0
    side_mm: float | None = None
    factors: tuple[float, ...] = (1.0,)
    pad_windows: bool = True
    multiple_of: int = 8
    max_bytes: int = 2 * 10**9
