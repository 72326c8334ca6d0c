"""The figures of a mask that is read block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cldice_monai.inferers.windows import Region
from cldice_monai.topology import TooManyPartsError, blockwise_length_mm, blockwise_topology
from cldice_monai.volumes.plan import HALO

__all__ = ["NOT_BLOCKWISE", "blockwise_figures"]

NOT_BLOCKWISE = "not computed block by block; leave out --max-memory where the volume fits"
"""Why a figure of a volume larger than memory is null."""

_BYTES_PER_PART = 120


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
    voxel_mm3 = float(np.prod(spacing_mm))
    volume_mm3 = voxel_mm3 * float(np.prod(np.array(shape, dtype=float)))
    length = blockwise_length_mm(
        read, shape, spacing_mm=spacing_mm, block_shape=_cube(thinning_side, shape), halo=HALO
    )
    figures: dict[str, Any] = {
        "centreline_length_mm": length,
        "length_density_per_mm2": length / volume_mm3,
        "halo_voxels": HALO,
    }
    missing = {
        name: NOT_BLOCKWISE for name in ("n_branch_points", "n_end_points", "radius_percentiles_mm")
    }
    figures |= dict.fromkeys(missing)
    try:
        whole = blockwise_topology(
            read,
            shape,
            block_shape=_cube(topology_side, shape),
            max_parts=max_parts_bytes // _BYTES_PER_PART,
        )
    except TooManyPartsError as error:
        reason = f"{error}, which need more memory; raise --max-memory"
        names = ("vessel_volume_mm3", "betti_numbers", "euler_characteristic", "n_at_border")
        return figures | dict.fromkeys(names) | {"reasons": missing | dict.fromkeys(names, reason)}
    return figures | {
        "vessel_volume_mm3": whole.n_voxels * voxel_mm3,
        "vessel_fraction": whole.n_voxels * voxel_mm3 / volume_mm3,
        "betti_numbers": list(whole.betti_numbers),
        "euler_characteristic": whole.euler_characteristic,
        "n_at_border": int(whole.touches_border.sum()),
        "reasons": missing,
    }


def _cube(side: int, shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(min(side, size) for size in shape)
