"""The windows of one volume on the disk: how they are prepared, predicted and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from cldice_monai.boxes import Region, shifted
from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume, writing_boxes
from cldice_monai.errors import InputError
from cldice_monai.inferers.blend import blend_region
from cldice_monai.inferers.columns import column_regions, smallest_sum_bytes
from cldice_monai.volumes.block_plan import block_regions, smallest_block_bytes
from cldice_monai.volumes.large_settings import LargeSettings, Predictor
from cldice_monai.volumes.memory import PeakMemory
from cldice_monai.volumes.normalised import read_normalised
from cldice_monai.volumes.scaled import mean_probability, n_windows, scales_of
from cldice_monai.volumes.working_volume import (
    cut_for_source,
    needs_working_grid,
    on_working_grid,
    way_back,
)

__all__ = ["SegmentationJob"]

Told = Callable[[float], None]


class SegmentationJob:
    """The inference of one volume, or of some regions of it.

    Args:
        volume: the volume.
        settings: of windows and threshold.
        predict: the network.
        fills: what takes the place of NaN and infinity before a volume is resampled.

    Attributes:
        working: the volume on the grid that the network sees; itself where it is not resampled.
        ranges: intensities that become 0 and 1 in each channel of ``working``, from
            `channel_ranges`; to be set before `run`.

    Raises:
        InputError: if the window has another number of axes than the volume, or resampling it to
            its working grid makes no sense.
    """

    def __init__(
        self,
        volume: LargeVolume,
        settings: LargeSettings,
        predict: Predictor,
        *,
        fills: Sequence[float] | None = None,
    ) -> None:
        if len(settings.roi) != len(volume.shape):
            raise InputError(
                f"{volume.path}: has {len(volume.shape)} axes of space, and roi "
                f"{list(settings.roi)} has {len(settings.roi)} numbers; they must agree"
            )
        self.volume, self.settings, self._predict = volume, settings, predict
        self.working, self._back = volume, None
        factors: tuple[float, ...] = (1.0,)
        side = settings.side_mm
        if side is not None and needs_working_grid(volume, side):
            self.working, self._back = on_working_grid(volume, side, fills), way_back(volume, side)
            factors = settings.factors
        self.scales = scales_of(
            self.working.shape,
            factors,
            settings.roi,
            settings.overlap,
            multiple_of=None if settings.pad_windows else settings.multiple_of,
        )
        self.axis = volume.slow_axis
        self.ranges = [(0.0, 1.0)] * volume.n_channels

    @property
    def is_resampled(self) -> bool:
        """Whether the network sees another grid than that of the file."""
        return self._back is not None

    def read(self, box: Region) -> np.ndarray:
        """Return a box of the working grid as the network takes it."""
        return read_normalised(self.working, box, self.ranges, lift=self.settings.lift)

    def predict(self, windows: torch.Tensor) -> torch.Tensor:
        """Return the logits of windows, on the CPU."""
        with torch.no_grad():
            return self._predict(windows).detach().float().cpu()

    def try_out(self) -> tuple[int, int]:
        """Let the network see one batch of windows.

        Returns:
            The channels of its output, and the memory that the process took at most.
        """
        grid, settings = self.scales[0].grid, self.settings
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

    def smallest_bytes(self, n_outputs: int) -> int:
        """Return the memory beside the network's that every volume can be computed in."""
        if self._back is None:
            return smallest_sum_bytes(self.scales[0].grid, axis=self.axis, n_outputs=n_outputs)
        return smallest_block_bytes(self.scales, axis=self.axis, sizes=self._sizes(n_outputs))

    def regions(self, n_outputs: int, max_bytes: int) -> list[Region]:
        """Cut the volume so that no part takes more memory beside the network's.

        Columns along the axis of the windows; blocks where the volume is resampled.
        """
        if self._back is None:
            return column_regions(
                self.scales[0].grid, axis=self.axis, n_outputs=n_outputs, max_bytes=max_bytes
            )
        return block_regions(
            self.volume,
            self.scales,
            axis=self.axis,
            sizes=self._sizes(n_outputs),
            max_bytes=max_bytes,
        )

    def run(
        self,
        regions: Sequence[Region],
        mask: LargeOutput,
        prob: LargeOutput | None = None,
        progress: Told | None = None,
    ) -> None:
        """Predict region by region, and write what is finished.

        Args:
            regions: boxes of the volume.
            mask: where the mask is written.
            prob: where the probability of a vessel is written; None writes none.
            progress: is told the finished share of the windows.
        """
        inner = [part if self._back is None else self._back.source_box(part) for part in regions]
        predict: Predictor = self.predict
        if progress is not None:
            n_all = sum(n_windows(part, self.scales) for part in inner)
            predict = _telling(predict, n_all, progress)
        for region, part in zip(regions, inner, strict=True):
            if self._back is None:
                self._run_column(region, predict, mask, prob)
            else:
                self._run_block(region, part, predict, mask, prob)

    def _run_column(
        self, region: Region, predict: Predictor, mask: LargeOutput, prob: LargeOutput | None
    ) -> None:
        def write(box: Region, values: torch.Tensor) -> None:
            for part in writing_boxes(box, mask.chunks, axis=self.axis):
                logits = values[(slice(None), *shifted(part, box))]
                found = torch.softmax(logits, 0) if len(logits) > 1 else torch.sigmoid(logits)
                self._write(part, found, mask, prob)

        scale = self.scales[0]
        blend_region(
            region,
            scale.grid,
            read=self.read,
            predict=predict,
            write=write,
            weights=scale.weights,
            axis=self.axis,
            batch_size=self.settings.sw_batch_size,
        )

    def _run_block(
        self,
        region: Region,
        inner: Region,
        predict: Predictor,
        mask: LargeOutput,
        prob: LargeOutput | None,
    ) -> None:
        back = self._back
        if back is None:
            raise ValueError("only a volume that is resampled is computed in blocks")
        found = mean_probability(
            inner,
            self.scales,
            read=self.read,
            predict=predict,
            axis=self.axis,
            batch_size=self.settings.sw_batch_size,
        ).numpy()
        for part in cut_for_source(region, back):
            near = found[(slice(None), *shifted(back.source_box(part), inner))]
            self._write(part, torch.from_numpy(back.apply(near, part)), mask, prob)

    def _write(
        self, box: Region, found: torch.Tensor, mask: LargeOutput, prob: LargeOutput | None
    ) -> None:
        """Write the probabilities (K, ...) of a box as classes."""
        if len(found) > 1:
            classes, vessel = found.argmax(dim=0), 1 - found[0]
        else:
            classes, vessel = found[0] >= self.settings.threshold, found[0]
        mask.write(box, classes.to(torch.uint8).numpy())
        if prob is not None:
            prob.write(box, vessel.numpy())

    def _sizes(self, n_outputs: int) -> tuple[int, int]:
        return self.volume.n_channels, n_outputs


def _telling(predict: Predictor, n_windows_: int, progress: Told) -> Predictor:
    """Return the network, which says after each batch what share of all windows is done."""
    n_done = 0

    def run(windows: torch.Tensor) -> torch.Tensor:
        nonlocal n_done
        found = predict(windows)
        n_done += len(windows)
        progress(min(1.0, n_done / n_windows_))
        return found

    return run
