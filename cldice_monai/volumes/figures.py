"""The figures of a mask that is read block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from cldice_monai.inferers.windows import Region
from cldice_monai.topology import (
    TooManyPartsError,
    WholeTopology,
    blockwise_length_mm,
    blockwise_topology,
)
from cldice_monai.volumes.plan import HALO

__all__ = ["NOT_BLOCKWISE", "blockwise_figures", "joined_figures"]

NOT_BLOCKWISE = "not computed block by block; leave out --max-memory where the volume fits"
"""Why a figure of a volume larger than memory is null."""

_BYTES_PER_PART = 120
_MISSING = ("n_branch_points", "n_end_points", "radius_percentiles_mm")
_OF_TOPOLOGY = (
    "vessel_volume_mm3",
    "vessel_fraction",
    "betti_numbers",
    "euler_characteristic",
    "n_components_at_border",
)


def blockwise_figures(
    read: Callable[[Region], np.ndarray],
    shape: Sequence[int],
    *,
    spacing_mm: Sequence[float],
    topology_side: int,
    thinning_side: int,
    max_parts_bytes: int = 100_000_000,
) -> dict[str, Any]:
    """Measure a mask without having it in memory.

    Args:
        read: gives the boolean mask of a box.
        shape: in space.
        spacing_mm: voxel size.
        topology_side: sides of the blocks in which components are labelled.
        thinning_side: sides of the blocks, without halo, in which the centreline is found.
        max_parts_bytes: memory for the components of all blocks before they are joined.

    Returns:
        Names and values; a figure that cannot be had is None, and "reasons" says why.
    """
    length = blockwise_length_mm(
        read, shape, spacing_mm=spacing_mm, block_shape=_cube(thinning_side, shape), halo=HALO
    )
    try:
        whole = blockwise_topology(
            read,
            shape,
            block_shape=_cube(topology_side, shape),
            max_parts=max_parts_bytes // _BYTES_PER_PART,
        )
    except TooManyPartsError as error:
        reason = f"{error}, which need more memory; raise --max-memory"
        return joined_figures(None, length, shape=shape, spacing_mm=spacing_mm, reason=reason)
    return joined_figures(whole, length, shape=shape, spacing_mm=spacing_mm)


def joined_figures(
    whole: WholeTopology | None,
    length_mm: float,
    *,
    shape: Sequence[int],
    spacing_mm: Sequence[float],
    reason: str = "",
) -> dict[str, Any]:
    """Return the figures of a mask from what its blocks said together.

    Args:
        whole: topology of the mask, None where it is not known.
        length_mm: of the centreline.
        shape: of the volume in space.
        spacing_mm: voxel size.
        reason: why the topology is not known.

    Returns:
        As `blockwise_figures`.
    """
    voxel_mm3 = prod(spacing_mm)
    volume_mm3 = voxel_mm3 * prod(shape)
    reasons = dict.fromkeys(_MISSING, NOT_BLOCKWISE)
    figures: dict[str, Any] = {
        "centreline_length_mm": length_mm,
        "length_density_per_mm2": length_mm / volume_mm3,
        "halo_voxels": HALO,
    }
    if whole is None:
        reasons |= dict.fromkeys(_OF_TOPOLOGY, reason)
    else:
        values = (
            whole.n_voxels * voxel_mm3,
            whole.n_voxels * voxel_mm3 / volume_mm3,
            list(whole.betti_numbers),
            whole.euler_characteristic,
            int(whole.touches_border.sum()),
        )
        figures |= zip(_OF_TOPOLOGY, values, strict=True)
    return figures | dict.fromkeys(reasons) | {"reasons": reasons}


def _cube(side: int, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(min(side, size) for size in shape)
