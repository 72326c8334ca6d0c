"""How a volume is cut so that the whole process stays below a given memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from cldice_monai.boxes import Region
from cldice_monai.errors import InputError
from cldice_monai.volumes.job import SegmentationJob
from cldice_monai.volumes.memory import format_bytes

__all__ = ["HALO", "MemoryPlan", "plan_memory"]

HALO = 32
"""Voxels around a block whose centreline is measured."""

_STEP = 16_000_000  # the smallest amount is named in these steps, which hide a run's own variation
_SLACK = 24_000_000  # for what is written and read beside the sums
_TOPOLOGY_BYTES = 20  # a voxel of a block, measured: 16
_FACE_BYTES = 5  # a voxel of a layer: numbers of four bytes, and what is shared
_THINNING_BYTES = 72  # a voxel of a block with its halo, measured: 59 where all is vessel
_OPEN_BYTES = 16_000_000  # least for the vessels that cross from block to block
_SMALLEST_BLOCK, _LARGEST_BLOCK = 64, 256


@dataclass(frozen=True)
class MemoryPlan:
    """How a volume is cut.

    Attributes:
        regions: columns along the axis of the windows, one where slabs fit; blocks of a volume
            that is resampled.
        topology_side: sides of the blocks in which components are labelled.
        thinning_side: sides of the blocks, without halo, in which the centreline is found.
        parts_bytes: memory for the components of all blocks before they are joined.
        open_bytes: memory for the pieces of the centreline that cross from block to block.
        smallest_bytes: the least memory that would have been accepted.
    """

    regions: list[Region]
    topology_side: int
    thinning_side: int
    parts_bytes: int
    open_bytes: int
    smallest_bytes: int


def plan_memory(
    job: SegmentationJob, *, n_outputs: int, max_bytes: int, idle_bytes: int, busy_bytes: int
) -> MemoryPlan:
    """Choose columns and blocks for a volume.

    Args:
        job: the inference of the volume.
        n_outputs: channels of the network's output.
        max_bytes: memory that the process may take.
        idle_bytes: what it takes with the network loaded and nothing running.
        busy_bytes: what it took at most while the network saw one batch of windows.

    Returns:
        The plan.

    Raises:
        InputError: if the memory is too small; it names the least that is enough.
    """
    sums = job.smallest_bytes(n_outputs)
    thinning = _THINNING_BYTES * (_SMALLEST_BLOCK + 2 * HALO) ** 3
    # one layer of faces between blocks waits until the next blocks are labelled
    faces = _FACE_BYTES * prod(job.volume.shape[1:])
    labelling = faces + 2 * _TOPOLOGY_BYTES * _SMALLEST_BLOCK**3
    needed = max(busy_bytes + sums, idle_bytes + max(thinning + _OPEN_BYTES, labelling)) + _SLACK
    smallest = (-(-needed // _STEP) + 1) * _STEP
    if needed > max_bytes:
        raise InputError(
            f"--max-memory {format_bytes(max_bytes)} is too small for windows of "
            f"{'x'.join(map(str, job.settings.roi))}; --max-memory {format_bytes(smallest)} is the "
            "least that works, or use a smaller --roi"
        )
    left = max_bytes - idle_bytes - _SLACK
    parts = (left - faces) // 4
    return MemoryPlan(
        regions=job.regions(n_outputs, max_bytes - busy_bytes - _SLACK),
        topology_side=_side(left - faces - parts, _TOPOLOGY_BYTES),
        thinning_side=_side(left - max(_OPEN_BYTES, left // 8), _THINNING_BYTES, halo=HALO),
        parts_bytes=parts,
        open_bytes=max(_OPEN_BYTES, left // 8),
        smallest_bytes=smallest,
    )


def _side(n_bytes: int, per_voxel: int, *, halo: int = 0) -> int:
    """Return the side of the largest cube that fits, within bounds.

    It is even: thinning takes even and odd coordinates in turn, and blocks that begin at even ones
    are thinned as the whole is.
    """
    side = int((n_bytes / per_voxel) ** (1 / 3)) - 2 * halo
    return max(_SMALLEST_BLOCK, min(side - side % 2, _LARGEST_BLOCK))
