"""The figures of a mask that is read block by block, named as those of a mask in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeVolume
from cldice_monai.topology import (
    TooManyPartsError,
    WholeTopology,
    blockwise_length_mm,
    blockwise_topology,
)
from cldice_monai.volumes.plan import HALO

__all__ = ["NOT_BLOCKWISE", "blockwise_figures", "joined_figures"]

NOT_BLOCKWISE = (
    "measured only on a mask that is in memory as a whole; raise --max-memory where the machine "
    "has the memory"
)
"""Why a figure of a volume larger than memory is None."""

_BYTES_PER_PART = 120
_LISTED = 20  # components that are named, the largest first
_MISSING = ("n_branch_points", "n_end_points", "n_segments", "radius_mm")
_OF_TOPOLOGY = ("n_vessel_voxels", "vessel_fraction", "betti_numbers", "components")
_SHEARED = "the axes of the grid are not at right angles"


def blockwise_figures(
    read: Callable[[Region], np.ndarray],
    volume: LargeVolume,
    *,
    topology_side: int,
    thinning_side: int,
    parts_bytes: int,
) -> dict[str, Any]:
    """Measure a mask without having it in memory.

    Args:
        read: gives the boolean mask of a box.
        volume: on whose grid the mask is.
        topology_side: sides of the blocks in which components are labelled.
        thinning_side: sides of the blocks, without halo, in which the centreline is found.
        parts_bytes: memory for the components of all blocks before they are joined.

    Returns:
        Names and values; a figure that cannot be had is None, and "not_measured" says why.
    """
    length = None
    if volume.at_right_angles:
        length = blockwise_length_mm(
            read,
            volume.shape,
            spacing_mm=volume.spacing_mm,
            block_shape=_cube(thinning_side, volume.shape),
            halo=HALO,
        )
    try:
        whole = blockwise_topology(
            read,
            volume.shape,
            block_shape=_cube(topology_side, volume.shape),
            max_parts=parts_bytes // _BYTES_PER_PART,
        )
    except TooManyPartsError as error:
        reason = f"{error}, which need more memory; raise --max-memory"
        return joined_figures(None, length, volume, reason=reason)
    return joined_figures(whole, length, volume)


def joined_figures(
    whole: WholeTopology | None,
    length_mm: float | None,
    volume: LargeVolume,
    *,
    reason: str = "",
) -> dict[str, Any]:
    """Return the figures of a mask from what its blocks said together.

    Args:
        whole: topology of the mask, None where it is not known.
        length_mm: of the centreline, None where the grid is sheared.
        volume: on whose grid the mask is.
        reason: why the topology is not known.

    Returns:
        As `blockwise_figures`.
    """
    flat = len(volume.shape) == 2
    size = "vessel_area_mm2" if flat else "vessel_volume_mm3"
    density = "length_density_mm_per_mm2" if flat else "length_density_mm_per_mm3"
    n_voxels = prod(volume.shape)
    figures: dict[str, Any] = {
        "shape": list(volume.shape),
        "spacing_mm": [round(side, 9) for side in volume.spacing_mm],
    }
    reasons = dict.fromkeys(_MISSING, NOT_BLOCKWISE)
    if whole is None:
        reasons |= dict.fromkeys((*_OF_TOPOLOGY, size), reason)
    else:
        figures |= _of_topology(whole, n_voxels) | {size: whole.n_voxels * volume.voxel_mm}
    if length_mm is None:
        reasons |= dict.fromkeys(("centreline_length_mm", density), _SHEARED)
    else:
        figures["centreline_length_mm"] = length_mm
        figures["centreline_halo_voxels"] = HALO
        figures[density] = length_mm / (n_voxels * volume.voxel_mm)
    return figures | dict.fromkeys(reasons) | {"not_measured": reasons}


def _of_topology(whole: WholeTopology, n_voxels: int) -> dict[str, Any]:
    order = np.argsort(-whole.component_voxels, kind="stable")[:_LISTED]
    largest = [
        {
            "voxels": int(whole.component_voxels[n]),
            "touches_border": bool(whole.touches_border[n]),
        }
        for n in order
    ]
    return {
        "n_vessel_voxels": whole.n_voxels,
        "vessel_fraction": whole.n_voxels / n_voxels,
        "betti_numbers": {f"b{n}": number for n, number in enumerate(whole.betti_numbers)},
        "components": {
            "n": whole.betti_numbers[0],
            "n_touching_border": int(whole.touches_border.sum()),
            "largest": largest,
        },
    }


def _cube(side: int, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(min(side, size) for size in shape)
