"""The windows of one volume on the disk: how they are prepared, predicted and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from cldice_monai.errors import InputError
from cldice_monai.inferers.blend import blend_region, window_weights
from cldice_monai.inferers.windows import Region, region_shape, window_grid
from cldice_monai.volumes.large_volume import LargeOutput, LargeVolume
from cldice_monai.volumes.memory import PeakMemory
from cldice_monai.volumes.normalised import read_normalised

__all__ = ["LargeSettings", "Predictor", "SegmentationJob"]

_WRITTEN_AT_ONCE = 1 << 20  # voxels
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
        side_mm: voxel side that the weights want volumes of a microscope resampled to; such a
            volume is refused, since that needs it in memory. None takes every volume as it is.
        max_bytes: anonymous and shared memory that the process may take.
    """

    roi: tuple[int, ...]
    overlap: float | tuple[float, ...] = 0.5
    sw_batch_size: int = 1
    threshold: float = 0.5
    cutoff: float | tuple[float, ...] = 0.99
    lift: float = 0.0
    side_mm: float | None = None
    max_bytes: int = 2 * 10**9


class SegmentationJob:
    """The inference of one volume, or of some regions of it.

    Args:
        volume: the volume.
        settings: of windows and threshold.
        predict: the network.
        ranges: intensities that become 0 and 1 in each channel, from `channel_ranges`.

    Raises:
        InputError: if the window has another number of axes than the volume, or the volume would
            have to be resampled.
    """

    def __init__(
        self,
        volume: LargeVolume,
        settings: LargeSettings,
        predict: Predictor,
        ranges: Sequence[tuple[float, float]],
    ) -> None:
        if len(settings.roi) != len(volume.shape):
            raise InputError(
                f"{volume.path}: has {len(volume.shape)} axes of space, and roi "
                f"{list(settings.roi)} has {len(settings.roi)} numbers; they must agree"
            )
        _require_own_grid(volume, settings.side_mm)
        self.volume, self.settings, self._predict = volume, settings, predict
        self.grid = window_grid(volume.shape, settings.roi, settings.overlap)
        self.axis = volume.slow_axis
        self.ranges = list(ranges)

    def read(self, box: Region) -> np.ndarray:
        """Return a box as the network takes it."""
        return read_normalised(self.volume, box, self.ranges, lift=self.settings.lift)

    def predict(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the logits of windows, on the CPU."""
        with torch.no_grad():
            return self._predict(windows).detach().float().cpu()

    def try_out(self) -> tuple[int, int]:
        """Let the network see one batch of windows.

        Returns:
            The channels of its output, and the memory that the process took at most.
        """
        grid, settings = self.grid, self.settings
        box = tuple(slice(0, min(pair)) for pair in zip(grid.shape, grid.roi, strict=True))
        shape = (settings.sw_batch_size, self.volume.n_channels, *grid.roi)
        n_outputs = 0
        with PeakMemory() as busy:
            for _ in range(2):  # what is set up once is not taken for what every batch needs
                windows = torch.zeros(shape)
                windows[:, :, *box] = torch.from_numpy(self.read(box))
                n_outputs = self.predict(windows).shape[1]
                del windows
        return n_outputs, busy.n_bytes

    def run(
        self,
        regions: Sequence[Region],
        mask: LargeOutput,
        prob: LargeOutput | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Predict region by region, and write what is finished.

        Args:
            regions: boxes of the volume.
            mask: where the mask is written.
            prob: where the probability of a vessel is written; None writes none.
            progress: is told the finished share of the volume.
        """
        n_voxels, n_done = prod(self.grid.shape), 0

        def write(box: Region, values: torch.Tensor) -> None:
            nonlocal n_done
            for part, here in _thin_parts(box, values, self.axis):
                self._write_part(part, here, mask, prob)
            n_done += prod(region_shape(box))
            if progress is not None:
                progress(n_done / n_voxels)

        weights = window_weights(self.grid.roi, "gaussian")
        for region in regions:
            blend_region(
                region,
                self.grid,
                read=self.read,
                predict=self.predict,
                write=write,
                weights=weights,
                axis=self.axis,
                batch_size=self.settings.sw_batch_size,
            )

    def _write_part(
        self, box: Region, logits: torch.Tensor, mask: LargeOutput, prob: LargeOutput | None
    ) -> None:
        if len(logits) > 1:
            classes = logits.argmax(dim=0)
            found = 1 - torch.softmax(logits, dim=0)[0]
        else:
            found = torch.sigmoid(logits[0])
            classes = found >= self.settings.threshold
        mask.write(box, classes.to(torch.uint8).numpy())
        if prob is not None:
            prob.write(box, found.numpy())


def _thin_parts(
    box: Region, values: torch.Tensor, axis: int
) -> Iterator[tuple[Region, torch.Tensor]]:
    """Cut a box along an axis, so that what is computed of a part stays small."""
    sides = region_shape(box)
    n_layers = max(1, _WRITTEN_AT_ONCE * sides[axis] // prod(sides))
    for first in range(0, sides[axis], n_layers):
        n_here = min(n_layers, sides[axis] - first)
        part = list(box)
        part[axis] = slice(box[axis].start + first, box[axis].start + first + n_here)
        yield tuple(part), values.narrow(axis + 1, first, n_here)


def _require_own_grid(volume: LargeVolume, side_mm: float | None) -> None:
    if side_mm is None or len(volume.shape) < 3:
        return
    from monai.data import MetaTensor

    from cldice_monai.transforms import ResampleToWorkingGrid

    affine = torch.diag(torch.tensor([*volume.spacing_mm, 1.0], dtype=torch.float64))
    voxel = MetaTensor(torch.zeros(1, 1, 1, 1), affine=affine)
    if ResampleToWorkingGrid(side_mm).resamples(voxel):
        sides = " x ".join(f"{1000 * side:.3g}" for side in volume.spacing_mm)
        raise InputError(
            f"{volume.path}: voxels of {sides} um are resampled to {1000 * side_mm:g} um for these "
            "weights, which needs the volume in memory; raise --max-memory, crop it, or pass "
            "--weights that were trained on its own grid"
        )
