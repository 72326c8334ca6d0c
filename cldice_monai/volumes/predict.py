"""Segment a volume that is larger than memory: file in, mask and figures out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cldice_monai.errors import InputError
from cldice_monai.inferers.blend import blend_region, window_weights
from cldice_monai.inferers.windows import Region, region_shape, window_grid
from cldice_monai.volumes.figures import blockwise_figures
from cldice_monai.volumes.formats import open_volume, write_volume
from cldice_monai.volumes.large_volume import LargeOutput, LargeVolume
from cldice_monai.volumes.memory import PeakMemory, give_freed_memory_back, memory_in_use
from cldice_monai.volumes.normalised import channel_ranges, read_normalised
from cldice_monai.volumes.plan import MemoryPlan, plan_memory

__all__ = ["LargeResult", "LargeSettings", "predict_large"]

_logger = logging.getLogger(__name__)
_WRITTEN_AT_ONCE = 1 << 20  # voxels


@dataclass(frozen=True, kw_only=True)
class LargeSettings:
    """How a volume is prepared and its windows are placed.

    Attributes:
        roi: sides of a window.
        overlap: share that two windows have in common.
        sw_batch_size: windows that the network sees at a time.
        threshold: probability from which a voxel is vessel, of a network with one output; several
            outputs are classes, of which the largest counts.
        cutoff: quantile, as for `cldice_monai.transforms.ScaleIntensityCutoff`.
        lift: as there.
        max_bytes: anonymous and shared memory that the process may take.
    """

    roi: tuple[int, ...]
    overlap: float | tuple[float, ...] = 0.5
    sw_batch_size: int = 1
    threshold: float = 0.5
    cutoff: float = 0.99
    lift: float = 0.0
    max_bytes: int = 2 * 10**9


@dataclass(frozen=True)
class LargeResult:
    """What came of it.

    Attributes:
        mask: the file that was written.
        figures: of the mask, see `blockwise_figures`.
        n_columns: columns that the volume was cut into; 1 for slabs.
        peak_bytes: the most anonymous and shared memory that the process took.
        smallest_bytes: the least ``max_bytes`` that would have been accepted.
    """

    mask: Path
    figures: dict[str, Any]
    n_columns: int
    peak_bytes: int
    smallest_bytes: int


def predict_large(
    paths: Sequence[Path],
    mask_path: Path,
    predict: Callable[[torch.Tensor], torch.Tensor],
    *,
    settings: LargeSettings,
    prob_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> LargeResult:
    """Segment one volume on its own grid without ever having it in memory.

    The mask is that of the same network in memory; see `SlabInferer`.

    Args:
        paths: NIfTI files in the order of the channels, or the folder of one OME-Zarr image.
        mask_path: file to write in the format of its ending: .nii, .nii.gz or .zarr.
        predict: windows (n, C, ...), float32 on the CPU, to logits (n, K, ...) on any device.
        settings: of the windows and the memory.
        prob_path: file for the probability of a vessel, whatever its class; None writes none.
        progress: is told the finished share of the inference, 0 to 1.

    Returns:
        The mask, its figures and the memory that it took.

    Raises:
        InputError: if a file cannot be used or written, or the memory is too small.
    """
    give_freed_memory_back()
    with (
        PeakMemory(interval_s=0.005) as peak,
        open_volume(paths, mask_path.parent) as volume,
    ):
        job = _Job(volume, settings, predict)
        plan = job.plan()
        if len(plan.regions) > 1:
            _logger.info("%s: in %d columns", volume.path.name, len(plan.regions))
        with ExitStack() as stack:
            mask = stack.enter_context(write_volume(mask_path, like=volume))
            prob = None
            if prob_path is not None:
                prob = stack.enter_context(write_volume(prob_path, like=volume, dtype="float32"))
            job.run(plan.regions, mask, prob, progress or (lambda _: None))
            figures = blockwise_figures(
                lambda box: mask.read(box) > 0,
                volume.shape,
                spacing_mm=volume.spacing_mm,
                topology_side=plan.topology_side,
                thinning_side=plan.thinning_side,
            )
    return LargeResult(mask_path, figures, len(plan.regions), peak.n_bytes, plan.smallest_bytes)


class _Job:
    """The inference of one volume: its ranges, its windows, and how a window is predicted."""

    def __init__(
        self,
        volume: LargeVolume,
        settings: LargeSettings,
        predict: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        if len(settings.roi) != len(volume.shape):
            raise InputError(
                f"{volume.path}: has {len(volume.shape)} axes of space, and roi "
                f"{list(settings.roi)} has {len(settings.roi)} numbers; they must agree"
            )
        self.volume, self.settings, self._predict = volume, settings, predict
        self.grid = window_grid(volume.shape, settings.roi, settings.overlap)
        self.axis = volume.slow_axis
        self.ranges = channel_ranges(volume, settings.cutoff)

    def read(self, box: Region) -> np.ndarray:
        return read_normalised(self.volume, box, self.ranges, lift=self.settings.lift)

    def predict(self, windows: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return self._predict(windows).detach().float().cpu()

    def plan(self) -> MemoryPlan:
        """Let the network see one batch of windows, and plan with what that takes."""
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
        give_freed_memory_back()
        return plan_memory(
            self.grid,
            axis=self.axis,
            n_outputs=n_outputs,
            max_bytes=self.settings.max_bytes,
            idle_bytes=memory_in_use(),
            busy_bytes=busy.n_bytes,
        )

    def run(
        self,
        regions: Sequence[Region],
        mask: LargeOutput,
        prob: LargeOutput | None,
        progress: Callable[[float], None],
    ) -> None:
        """Predict column by column, and write what is finished."""
        n_voxels, n_done = prod(self.grid.shape), 0

        def write(box: Region, values: torch.Tensor) -> None:
            nonlocal n_done
            for part, here in _thin_parts(box, values, self.axis):
                self._write_part(part, here, mask, prob)
            n_done += prod(region_shape(box))
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
