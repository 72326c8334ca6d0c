"""Segment an OME-Zarr image on many machines: the regions of one machine as tasks of Dask."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeVolume, reading_boxes
from cldice_monai.data.boxwise.ome_zarr import (
    create_levels,
    fill_coarser,
    n_levels,
    open_level,
    open_ome_zarr,
)
from cldice_monai.files import replace_folder_when_complete
from cldice_monai.topology.block_union import BlockUnion, WholeTopology
from cldice_monai.topology.blocks import Block, blocks_of
from cldice_monai.topology.centreline_union import CentrelineUnion, WholeCentreline
from cldice_monai.volumes import tasks
from cldice_monai.volumes.figures import joined_figures
from cldice_monai.volumes.intensity_range import range_of_counts
from cldice_monai.volumes.large_settings import LargeSettings, Predictor
from cldice_monai.volumes.normalised import cutoff_of_channels
from cldice_monai.volumes.plan import HALO
from cldice_monai.volumes.scheduler import connected
from cldice_monai.volumes.working_volume import needs_working_grid, require_finite

__all__ = ["predict_distributed"]

_logger = logging.getLogger(__name__)
_BOXES_A_TASK = 64  # boxes of the scan whose intensities one task counts
_SUMS_A_TASK = 16  # groups of boxes whose counts one task adds up


def predict_distributed(
    scan: Path,
    mask_path: Path,
    make_predict: Callable[[], Predictor],
    *,
    settings: LargeSettings,
    scheduler: str,
    prob_path: Path | None = None,
    skeleton_path: Path | None = None,
    progress: Callable[[float], None] | None = None,
    chunk: int = 128,
    chunks_a_side: int = 2,
) -> dict[str, Any]:
    """Segment an image on a Dask cluster.

    Mask and figures are those of `predict_large` on one machine. Each task writes whole chunks
    that no other task writes, and writes the same bytes when it is run again; so a worker that
    is lost costs its tasks and nothing else. All workers and this process see the same disk.

    Args:
        scan: folder of the OME-Zarr image.
        mask_path: folder to write, ending in .zarr; it appears when it is complete.
        make_predict: makes the network, see `SegmentationJob`; it is pickled, and called once in
            each worker.
        settings: of windows and threshold; ``max_bytes`` is left to the workers' own limits.
        scheduler: address of the cluster's scheduler, such as "tcp://10.0.0.1:8786".
        prob_path: folder for the probability of a vessel, whatever its class; None writes none.
        skeleton_path: folder for the skeleton of the mask; None writes none.
        progress: is told the finished share of the inference, 0 to 1.
        chunk: sides of the chunks of the mask.
        chunks_a_side: sides of a region in chunks.

    Returns:
        The figures of `blockwise_figures`.

    Raises:
        InputError: if the image cannot be used, the scheduler not reached, or Dask is missing.

    Example:
        >>> import distributed, tempfile
        >>> from cldice_monai.data.boxwise.ome_metadata import stack_image
        >>> from cldice_monai.data.boxwise.ome_zarr import write_ome_zarr
        >>> stack = stack_image(sides=(1, 1, 1), unit="millimeter")
        >>> vessel = np.zeros((32, 32, 32), np.float32)
        >>> vessel[15:18, 15:18] = 200
        >>> settings = LargeSettings(roi=(16, 16, 16))
        >>> with (
        ...     tempfile.TemporaryDirectory() as name,
        ...     distributed.LocalCluster(
        ...         n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ...     ) as cluster,
        ... ):
        ...     scan, mask = Path(name, "scan.zarr"), Path(name, "mask.zarr")
        ...     with write_ome_zarr(scan, shape=vessel.shape, image=stack, dtype="float32") as file:
        ...         file.write((slice(0, 32),) * 3, vessel)
        ...     found = predict_distributed(
        ...         scan, mask, lambda: lambda windows: 9 * windows - 4,
        ...         settings=settings, scheduler=cluster.scheduler_address,
        ...     )
        >>> found["betti_numbers"], found["vessel_volume_mm3"]
        ({'b0': 1, 'b1': 0, 'b2': 0}, 288.0)
    """
    volume = open_ome_zarr(scan)
    sides = tuple(chunk * chunks_a_side for _ in volume.shape)
    blocks = list(blocks_of(volume.shape, sides))
    with ExitStack() as stack:
        client = stack.enter_context(connected(scheduler))
        folder = _new_image(stack, mask_path, volume, dtype="uint8", chunk=chunk)
        prob = skeleton = None
        if prob_path:
            prob = _new_image(stack, prob_path, volume, dtype="float32", chunk=chunk)
        if skeleton_path:
            skeleton = _new_image(stack, skeleton_path, volume, dtype="uint8", chunk=chunk)
        # absolute, since workers may run in another folder
        targets = tasks.Targets(folder, prob, skeleton)
        cluster = _Cluster(client, tasks.ScanOnGrid(scan.resolve()), targets)
        if needs_working_grid(volume, settings.side_mm):
            cluster.resample(settings.side_mm)
        ranges = [
            cluster.channel_range(channel, cutoff, settings.floor)
            for channel, cutoff in enumerate(cutoff_of_channels(volume, settings.cutoff))
        ]
        _logger.info("%s: %d regions", scan.name, len(blocks))
        regions = [block.owned for block in blocks]
        cluster.segment(regions, make_predict, settings, ranges, progress)
        centreline = cluster.centreline(blocks, volume.spacing_mm)  # which writes the skeleton
        cluster.fill_pyramids()
        return joined_figures(cluster.topology(blocks), centreline, volume)


def _new_image(
    stack: ExitStack, path: Path, volume: LargeVolume, *, dtype: str, chunk: int
) -> Path:
    """Return a folder with the empty arrays of an image, which gets its name at the end."""
    folder = stack.enter_context(replace_folder_when_complete(path)).resolve()
    image = volume.metadata
    create_levels(folder, shape=volume.shape, image=image, dtype=dtype, name=path.stem, chunk=chunk)
    return folder


class _Cluster:
    """Sends the tasks of one volume, and puts together what comes back."""

    def __init__(self, client: Any, scan: tasks.ScanOnGrid, targets: tasks.Targets) -> None:
        self.client, self.scan, self.targets = client, scan, targets

    def resample(self, side_mm: float | None) -> None:
        """Go on with the scan on its working grid, once what stands for NaN is known."""
        volume = self.scan.open()
        lowest = self.client.gather(
            [
                self.client.submit(tasks.lowest_of, self.scan, boxes, pure=False)
                for boxes in _groups(list(reading_boxes(volume)), _BOXES_A_TASK)
            ]
        )
        fills = require_finite(np.min(lowest, axis=0), volume)
        self.scan = replace(self.scan, side_mm=side_mm, fills=tuple(fills))

    def channel_range(self, channel: int, cutoff: float, floor: float) -> tuple[float, float]:
        boxes = _groups(list(reading_boxes(self.scan.open())), _BOXES_A_TASK)

        def lower(uppers: Sequence[int]) -> Any:
            return self._sum(tasks.count_lower_of, boxes, channel, uppers)

        upper = self._sum(tasks.count_upper_of, boxes, channel)
        name = f"{self.scan.path}: channel {channel}"
        return range_of_counts(upper, lower, cutoff, floor, name=name)

    def segment(
        self,
        regions: Sequence[Region],
        make_predict: Callable[[], Predictor],
        settings: LargeSettings,
        ranges: Sequence[tuple[float, float]],
        progress: Callable[[float], None] | None,
    ) -> None:
        import cloudpickle
        from distributed import as_completed

        # sent once to each worker, not with each task
        network = self.client.scatter(cloudpickle.dumps(make_predict), broadcast=True)
        futures = [
            self.client.submit(
                tasks.segment_region,
                self.scan,
                self.targets,
                region,
                network,
                settings,
                ranges,
                pure=False,
            )
            for region in regions
        ]
        for n_done, future in enumerate(as_completed(futures), 1):
            future.result()
            if progress is not None:
                progress(n_done / len(futures))

    def fill_pyramids(self) -> None:
        for folder in filter(None, self.targets):
            for level in range(1, n_levels(folder)):
                array = open_level(folder, str(level))
                self._wait(
                    self.client.submit(fill_coarser, folder, level, block.owned, pure=False)
                    for block in blocks_of(array.shape, array.chunks)
                )

    def topology(self, blocks: Sequence[Block]) -> WholeTopology:
        """Join all blocks; their faces stay with the workers, pairs of numbers come here."""
        submit = self.client.submit
        summaries = {
            block.index: submit(tasks.summary_of, self.targets.mask, block, pure=False)
            for block in blocks
        }
        pairs = {
            (block.index, block.neighbour(axis, 1)): submit(
                tasks.pairs_of,
                summaries[block.index],
                summaries[block.neighbour(axis, 1)],
                axis,
                pure=False,
            )
            for block in blocks
            for axis, follows in enumerate(block.has_next)
            if follows
        }
        union = BlockUnion()
        small = [submit(tasks.without_faces, future, pure=False) for future in summaries.values()]
        for index, summary in zip(summaries, self.client.gather(small), strict=True):
            union.add(index, summary)
        for (index, next_index), found in self.client.gather(pairs).items():
            union.join(index, next_index, found)
        return union.result()

    def centreline(self, blocks: Sequence[Block], spacing_mm: Sequence[float]) -> WholeCentreline:
        submit, union = self.client.submit, CentrelineUnion()
        futures = [
            submit(tasks.centreline_of, self.targets, block, spacing_mm, HALO, pure=False)
            for block in blocks
        ]
        for some in _groups(futures, _BOXES_A_TASK):  # not all of them in this process at once
            for found in self.client.gather(some):
                union.add(found)
        return union.result()

    def _sum(
        self,
        count: Callable[..., Any],
        boxes: Sequence[Sequence[Region]],
        channel: int,
        *arguments: Any,
    ) -> Any:
        """Count in all boxes, and add up in groups, so that no process has all counts at once."""
        futures = [
            self.client.submit(count, self.scan, channel, part, *arguments, pure=False)
            for part in boxes
        ]
        while len(futures) > 1:
            futures = [
                self.client.submit(tasks.total_of, group, pure=False)
                for group in _groups(futures, _SUMS_A_TASK)
            ]
        return futures[0].result()

    def _wait(self, futures: Iterable[Any]) -> None:
        self.client.gather(list(futures))


def _groups(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[first : first + size] for first in range(0, len(items), size)]
