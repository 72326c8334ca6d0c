"""Probabilities of a region as `ScaleAverageInferer` gives them, without the rest of the volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np
import torch

from cldice_monai.boxes import Region, cut_box, region_shape, shifted
from cldice_monai.inferers.blend import blend_region, window_weights
from cldice_monai.inferers.scales import SURE, coarser_shape
from cldice_monai.inferers.windows import WindowGrid, shorter_windows, window_grid
from cldice_monai.volumes.linear_steps import LinearStep, scaling_step
from cldice_monai.volumes.working_volume import cut_for_source

__all__ = ["Scale", "block_bytes", "mean_probability", "n_windows", "scales_of"]

_AT_ONCE = 1 << 18  # voxels that are read, or turned into probabilities, at once
_BESIDE = 32_000_000  # bytes for the parts that are interpolated at once; allowed, not measured
Reader = Callable[[Region], np.ndarray]
Predictor = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Scale:
    """One of the resolutions whose probabilities are averaged.

    Attributes:
        factor: how much longer the sides of its voxels are.
        grid: its windows.
        down: the step to its voxels; None where they are the volume's.
        up: the step back.
        weights: of a window.
    """

    factor: float
    grid: WindowGrid
    down: LinearStep | None
    up: LinearStep | None
    weights: torch.Tensor

    def target(self, region: Region) -> Region:
        """Return the voxels of this resolution that a region of the volume is made from."""
        return region if self.up is None else self.up.source_box(region)


def scales_of(
    shape: Sequence[int],
    factors: Sequence[float],
    roi: Sequence[int],
    overlap: float | Sequence[float],
    *,
    multiple_of: int | None,
) -> list[Scale]:
    """Return the resolutions of a volume, with the windows of `ScaleAverageInferer`.

    Args:
        shape: of the volume.
        factors: of the sides of the voxels.
        roi: longest sides of a window.
        overlap: share that two windows have in common.
        multiple_of: what the network divides sides by; windows are made shorter where the volume
            is. None pads the volume.
    """
    scales = []
    for factor in factors:
        coarse = coarser_shape(shape, factor)
        sides = tuple(roi)
        if multiple_of is not None:
            sides = shorter_windows(sides, coarse, multiple_of=multiple_of)
        grid = window_grid(coarse, sides, overlap)
        down = up = None
        if factor > 1:
            down, up = scaling_step(shape, coarse), scaling_step(coarse, shape)
        weights = window_weights(grid.roi, "gaussian")
        scales.append(Scale(factor, grid, down, up, weights))
    return scales


def n_windows(region: Region, scales: Sequence[Scale]) -> int:
    """Return how many windows a region takes.

    Args:
        region: box of the volume.
        scales: from `scales_of`.
    """
    starts = (scale.grid.starts_in(scale.target(region)) for scale in scales)
    return sum(prod(map(len, axes)) for axes in starts)


def mean_probability(
    region: Region,
    scales: Sequence[Scale],
    *,
    read: Reader,
    predict: Predictor,
    axis: int,
    batch_size: int,
) -> torch.Tensor:
    """Predict one region of a volume at all resolutions.

    Args:
        region: box of the volume.
        scales: from `scales_of`.
        read: gives a box of the volume, (C, ...), as the network takes it.
        predict: the network, windows to logits.
        axis: along which windows advance.
        batch_size: windows that the network sees at a time.

    Returns:
        float32 (K, ...): means of sigmoids where K is 1, else of softmaxes.
    """
    total = torch.zeros(0)

    def add(part: Region, logits: torch.Tensor) -> None:
        nonlocal total
        if not total.numel():
            total = torch.zeros((len(logits), *region_shape(region)))
        found = torch.softmax(logits, dim=0) if len(logits) > 1 else torch.sigmoid(logits)
        total[(slice(None), *shifted(part, region))] += found

    for scale in scales:
        target = scale.target(region)
        found = _Logits(target, keep=scale.up is not None, add=add)
        inner = scale.grid.input_of(target)
        image = _image(inner, scale, read)
        blend_region(
            target,
            scale.grid,
            read=lambda box, image=image, inner=inner: image[(slice(None), *shifted(box, inner))],  # type: ignore[misc]
            predict=predict,
            write=found.write,
            weights=scale.weights,
            axis=axis,
            batch_size=batch_size,
        )
        del image
        if scale.up is not None:
            for part in cut_for_source(region, scale.up):
                near = found.values[(slice(None), *shifted(scale.up.source_box(part), target))]
                add(part, torch.from_numpy(scale.up.apply(near, part)))
    return total if len(scales) == 1 else _kept_off_ends(total.div_(len(scales)))


class _Logits:
    """Takes the logits of a target: keeps them, or hands them on in parts."""

    def __init__(
        self, target: Region, *, keep: bool, add: Callable[[Region, torch.Tensor], None]
    ) -> None:
        self.target, self.keep, self.add = target, keep, add
        self.values = np.zeros(0, np.float32)

    def write(self, box: Region, values: torch.Tensor) -> None:
        if not self.keep:
            for part in cut_box(box, most=_AT_ONCE):
                self.add(part, values[(slice(None), *shifted(part, box))])
            return
        if not self.values.size:
            self.values = np.empty((len(values), *region_shape(self.target)), np.float32)
        self.values[(slice(None), *shifted(box, self.target))] = values.numpy()


def block_bytes(side: int, scales: Sequence[Scale], *, axis: int, sizes: tuple[int, int]) -> int:
    """Return the memory that `mean_probability` takes for a cube, at most.

    It does not depend on the size of a volume that is larger.

    Args:
        side: of the cube in voxels of the volume.
        scales: from `scales_of`.
        axis: along which windows advance.
        sizes: channels of the image and of the network's output.
    """
    n_channels, n_outputs = sizes
    most = 0
    for scale in scales:
        grid = scale.grid
        block = [min(ceil(side / scale.factor) + 2, n) for n in grid.shape]
        seen = [
            min(n + 2 * roi, size) for n, roi, size in zip(block, grid.roi, grid.shape, strict=True)
        ]
        open_part = prod(block) // block[axis] * min(grid.roi[axis], block[axis])
        kept = prod(block) * n_outputs if scale.up is not None else 0
        n_floats = n_channels * prod(seen) + (n_outputs + 1) * open_part + kept
        most = max(most, 4 * n_floats)
    return most + 4 * n_outputs * (side + 2) ** len(scales[0].grid.shape) + _BESIDE


def _image(box: Region, scale: Scale, read: Reader) -> np.ndarray:
    """Return a box of one resolution, part by part, so that no copy of it is made."""
    image = np.zeros(0, np.float32)
    down = scale.down
    parts = cut_box(box, most=_AT_ONCE) if down is None else cut_for_source(box, down)
    for part in parts:
        values = read(part) if down is None else down.apply(read(down.source_box(part)), part)
        if not image.size:
            image = np.empty((len(values), *region_shape(box)), np.float32)
        image[(slice(None), *shifted(part, box))] = values
    return image


def _kept_off_ends(mean: torch.Tensor) -> torch.Tensor:
    """Do to probabilities what a logit that is finite, and its sigmoid or softmax, do."""
    if len(mean) == 1:
        return mean.clamp_(SURE, 1 - SURE)
    mean.clamp_(min=SURE)
    return mean.div_(mean.sum(dim=0))
