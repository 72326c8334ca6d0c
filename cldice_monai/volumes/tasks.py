"""What one worker does with one region of an OME-Zarr image; every task may be run again.

A task reads and writes whole files of a shared disk, keeps nothing but the network, and gives the
same bytes each time, so that a scheduler may lose a worker at any moment.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cldice_monai.boxes import Region, region_shape, shifted
from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume
from cldice_monai.data.boxwise.ome_zarr import open_level, open_ome_zarr
from cldice_monai.topology.block_centreline import BlockCentreline, block_centreline
from cldice_monai.topology.block_union import face_pairs
from cldice_monai.topology.blocks import Block, BlockSummary, summarise_block
from cldice_monai.volumes.intensity_range import UpperCounts, count_lower, count_upper
from cldice_monai.volumes.job import SegmentationJob
from cldice_monai.volumes.large_settings import LargeSettings, Predictor
from cldice_monai.volumes.working_volume import lowest_finite, on_working_grid

__all__ = [
    "ScanOnGrid",
    "Targets",
    "centreline_of",
    "count_lower_of",
    "count_upper_of",
    "lowest_of",
    "pairs_of",
    "segment_region",
    "summary_of",
    "total_of",
    "without_faces",
]


@dataclass(frozen=True)
class ScanOnGrid:
    """An image, and the grid on which the network sees it.

    Attributes:
        path: folder of the image.
        side_mm: side of the voxels that it is resampled to; None for its own grid.
        fills: what takes the place of NaN and infinity in each channel; None where they stay.
    """

    path: Path
    side_mm: float | None = None
    fills: tuple[float, ...] | None = None

    def open(self) -> LargeVolume:
        """Open the image on that grid."""
        volume = open_ome_zarr(self.path)
        if self.side_mm is None:
            return volume
        return on_working_grid(volume, self.side_mm, self.fills)


def lowest_of(scan: ScanOnGrid, boxes: Sequence[Region]) -> np.ndarray:
    """Return the smallest finite value of each channel in some boxes, see `lowest_finite`."""
    volume = scan.open()
    return np.min([lowest_finite(volume.read(box)) for box in boxes], axis=0)


def count_upper_of(scan: ScanOnGrid, channel: int, boxes: Sequence[Region]) -> UpperCounts:
    """Count some boxes of a channel for its range, see `count_upper`."""
    volume = scan.open()
    return count_upper(volume.read(box)[channel] for box in boxes)


def count_lower_of(
    scan: ScanOnGrid, channel: int, boxes: Sequence[Region], uppers: Sequence[int]
) -> np.ndarray:
    """Count some boxes of a channel in the second pass, see `count_lower`."""
    volume = scan.open()
    return count_lower((volume.read(box)[channel] for box in boxes), uppers)


class Targets(NamedTuple):
    """The groups that a region is written to.

    Attributes:
        mask: of the mask.
        prob: of the probability of a vessel; None writes none.
        skeleton: of the skeleton; None writes none.
    """

    mask: Path
    prob: Path | None = None
    skeleton: Path | None = None


def segment_region(
    scan: ScanOnGrid,
    targets: Targets,
    region: Region,
    packed_network: bytes,
    settings: LargeSettings,
    ranges: Sequence[tuple[float, float]],
) -> None:
    """Segment one region, and write its mask: whole chunks, which no other task writes.

    Args:
        scan: the image.
        targets: groups of the mask and of the probability.
        region: box of whole chunks.
        packed_network: pickle of a function that makes the network; called once in each worker.
        settings: of windows and threshold.
        ranges: of the intensities of the whole volume, on the grid that the network sees.
    """
    network = _network(packed_network)
    job = SegmentationJob(open_ome_zarr(scan.path), settings, network, fills=scan.fills)
    job.ranges = list(ranges)
    # collected first, so that each chunk is packed and written once
    mask, mask_output = _collected(region, np.uint8)
    prob, prob_output = _collected(region, np.float32)
    job.run([region], mask_output, None if targets.prob is None else prob_output)
    open_level(targets.mask, "0", mode="r+")[region] = mask
    if targets.prob is not None:
        open_level(targets.prob, "0", mode="r+")[region] = prob


def _collected(region: Region, dtype: type[np.generic]) -> tuple[np.ndarray, LargeOutput]:
    """Return an array of a region, and the output that fills it."""
    whole = np.zeros(region_shape(region), dtype)
    output = LargeOutput(
        write=lambda box, values: whole.__setitem__(shifted(box, region), values),
        read=lambda box: whole[shifted(box, region)],
    )
    return whole, output


def summary_of(folder: Path, block: Block) -> BlockSummary:
    """Label one block of a mask, see `summarise_block`.

    Args:
        folder: group of the mask.
        block: the block.
    """
    mask = open_level(folder, "0")[block.shared] > 0
    return summarise_block(mask, block, connectivity="foreground-full")


def pairs_of(first: BlockSummary, second: BlockSummary, axis: int) -> np.ndarray:
    """Return which parts of two neighbours along an axis are one, see `face_pairs`."""
    last_face, first_face = first.last_faces[axis], second.first_faces[axis]
    if last_face is None or first_face is None:
        raise ValueError(f"the blocks are no neighbours along axis {axis}")
    return face_pairs(last_face, first_face)


def without_faces(summary: BlockSummary) -> BlockSummary:
    """Return a summary without its faces, which are large and stay with the workers."""
    return replace(summary, first_faces=(), last_faces=())


def centreline_of(
    targets: Targets, block: Block, spacing_mm: Sequence[float], halo: int
) -> BlockCentreline:
    """Measure the centreline in one block of a mask, see `block_centreline`.

    Args:
        targets: groups of the mask, and of the skeleton, of which whole chunks are written.
        block: the block.
        spacing_mm: voxel size.
        halo: voxels around the block.
    """
    array = open_level(targets.mask, "0")
    skeleton = targets.skeleton
    return block_centreline(
        lambda box: array[box] > 0,
        array.shape,
        block,
        spacing_mm=spacing_mm,
        halo=halo,
        turned=True,
        write=None if skeleton is None else open_level(skeleton, "0", mode="r+").__setitem__,
    )


def total_of(counts: Sequence[Any]) -> Any:
    """Add up counts of parts."""
    return reduce(add, counts)


@lru_cache(maxsize=1)
def _network(packed: bytes) -> Predictor:
    """Make the network where this worker has not made it yet; equal bytes are one network."""
    network: Predictor = pickle.loads(packed)()
    return network
