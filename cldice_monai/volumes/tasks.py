"""What one worker does with one region of an OME-Zarr image; every task may be run again.

A task reads and writes whole files of a shared disk, keeps nothing but the network, and gives the
same bytes each time, so that a scheduler may lose a worker at any moment.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from cldice_monai.inferers.windows import Region
from cldice_monai.topology.block_union import face_pairs
from cldice_monai.topology.blocks import Block, BlockSummary, summarise_block
from cldice_monai.topology.blockwise import block_length_mm
from cldice_monai.volumes.intensity_range import UpperCounts, count_lower, count_upper
from cldice_monai.volumes.job import LargeSettings, Predictor, SegmentationJob
from cldice_monai.volumes.large_volume import LargeOutput
from cldice_monai.volumes.ome_zarr import open_level, open_ome_zarr

__all__ = [
    "count_lower_of",
    "count_upper_of",
    "length_of",
    "pairs_of",
    "segment_region",
    "summary_of",
    "total_of",
    "without_faces",
]


def count_upper_of(scan: Path, channel: int, boxes: Sequence[Region]) -> UpperCounts:
    """Count some boxes of a channel for its range, see `count_upper`."""
    volume = open_ome_zarr(scan)
    return count_upper(volume.read(box)[channel] for box in boxes)


def count_lower_of(
    scan: Path, channel: int, boxes: Sequence[Region], uppers: Sequence[int]
) -> np.ndarray:
    """Count some boxes of a channel in the second pass, see `count_lower`."""
    volume = open_ome_zarr(scan)
    return count_lower((volume.read(box)[channel] for box in boxes), uppers)


def segment_region(
    scan: Path,
    folder: Path,
    region: Region,
    packed_network: bytes,
    settings: LargeSettings,
    ranges: Sequence[tuple[float, float]],
) -> None:
    """Segment one region, and write its mask: whole chunks, which no other task writes.

    Args:
        scan: the image.
        folder: group of the mask.
        region: box of whole chunks.
        packed_network: pickle of a function that makes the network; called once in each worker.
        settings: of windows and threshold.
        ranges: of the intensities of the whole volume.
    """
    job = SegmentationJob(open_ome_zarr(scan), settings, _network(packed_network), ranges)
    whole = np.zeros([part.stop - part.start for part in region], np.uint8)

    def within(box: Region) -> Region:
        return tuple(
            slice(part.start - first.start, part.stop - first.start)
            for part, first in zip(box, region, strict=True)
        )

    # collected first, so that each chunk is packed and written once
    job.run(
        [region],
        LargeOutput(
            write=lambda box, values: whole.__setitem__(within(box), values),
            read=lambda box: whole[within(box)],
        ),
    )
    open_level(folder, "0", mode="r+")[region] = whole


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


def length_of(folder: Path, block: Block, spacing_mm: Sequence[float], halo: int) -> float:
    """Measure the centreline in one block of a mask, see `block_length_mm`.

    Args:
        folder: group of the mask.
        block: the block.
        spacing_mm: voxel size.
        halo: voxels around the block.
    """
    array = open_level(folder, "0")
    return block_length_mm(
        lambda box: array[box] > 0, array.shape, block, spacing_mm=spacing_mm, halo=halo
    )


def total_of(counts: Sequence[Any]) -> Any:
    """Add up counts of parts."""
    return reduce(add, counts)


@lru_cache(maxsize=1)
def _network(packed: bytes) -> Predictor:
    """Make the network where this worker has not made it yet; equal bytes are one network."""
    network: Predictor = pickle.loads(packed)()
    return network
