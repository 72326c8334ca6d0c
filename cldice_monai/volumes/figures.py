"""The figures of a mask that is read block by block, named as those of a mask in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from cldice_monai.boxes import Region
from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume
from cldice_monai.data.boxwise.ome_metadata import OmeImage
from cldice_monai.skeleton.radius import PERCENTILES
from cldice_monai.topology import TooManyPartsError, WholeTopology, blockwise_topology
from cldice_monai.topology.blockwise import blockwise_centreline
from cldice_monai.topology.centreline_union import WholeCentreline
from cldice_monai.volumes.plan import HALO

__all__ = ["blockwise_figures", "joined_figures"]

_BYTES_PER_PART = 120
_BYTES_PER_OPEN = 200  # a link between blocks while pieces of the centreline are joined
_LISTED = 20  # components that are named, the largest first
_OF_NETWORK = ("n_branch_points", "n_end_points", "n_segments")
_TOO_MANY_OPEN = "too many vessels cross from block to block at once; raise --max-memory"
_TOO_THICK = (
    f"a vessel is so thick that {HALO} voxels around a block do not hold its background; raise "
    "--max-memory until the image is segmented as a whole"
)
_OF_TOPOLOGY = ("n_vessel_voxels", "vessel_fraction", "betti_numbers", "components")
_SHEARED = "the axes of the grid are not at right angles"


def blockwise_figures(
    read: Callable[[Region], np.ndarray],
    volume: LargeVolume,
    *,
    topology_side: int,
    thinning_side: int,
    parts_bytes: int,
    open_bytes: int,
    skeleton: LargeOutput | None = None,
) -> dict[str, Any]:
    """Measure a mask without having it in memory.

    Args:
        read: gives the boolean mask of a box.
        volume: on whose grid the mask is.
        topology_side: sides of the blocks in which components are labelled.
        thinning_side: sides of the blocks, without halo, in which the centreline is found.
        parts_bytes: memory for the components of all blocks before they are joined.
        open_bytes: memory for the pieces of the centreline that cross from block to block.
        skeleton: where the skeleton is written.

    Returns:
        Names and values; a figure that cannot be had is None, and "not_measured" says why.

    Example:
        >>> import nibabel, tempfile
        >>> from pathlib import Path
        >>> from cldice_monai.volumes import open_volume
        >>> mask = np.zeros((32, 32, 32), np.uint8)
        >>> mask[15:18, 15:18] = 1
        >>> sizes = {"topology_side": 16, "thinning_side": 16}
        >>> memory = {"parts_bytes": 10**6, "open_bytes": 10**6}
        >>> with tempfile.TemporaryDirectory() as name:
        ...     folder = Path(name)
        ...     nibabel.save(nibabel.Nifti1Image(mask, np.eye(4)), folder / "mask.nii")
        ...     with open_volume([folder / "mask.nii"], folder) as volume:
        ...         found = blockwise_figures(
        ...             lambda box: mask[box] > 0, volume, **sizes, **memory
        ...         )
        >>> found["vessel_volume_mm3"], found["betti_numbers"], found["n_end_points"]
        (288.0, {'b0': 1, 'b1': 0, 'b2': 0}, 2)
    """
    centreline = blockwise_centreline(
        read,
        volume.shape,
        spacing_mm=volume.spacing_mm,
        block_shape=_cube(thinning_side, volume.shape),
        halo=HALO,
        max_open=open_bytes // _BYTES_PER_OPEN,
        turned=isinstance(volume.metadata, OmeImage),
        write=None if skeleton is None else skeleton.write,
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
        return joined_figures(None, centreline, volume, reason=reason)
    return joined_figures(whole, centreline, volume)


def joined_figures(
    whole: WholeTopology | None,
    centreline: WholeCentreline,
    volume: LargeVolume,
    *,
    reason: str = "",
) -> dict[str, Any]:
    """Return the figures of a mask from what its blocks said together.

    Args:
        whole: topology of the mask, None where it is not known.
        centreline: of the mask.
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
    reasons: dict[str, str] = {}
    if whole is None:
        reasons |= dict.fromkeys((*_OF_TOPOLOGY, size), reason)
    else:
        figures |= _of_topology(whole, n_voxels) | {size: whole.n_voxels * volume.voxel_mm}
    figures["centreline_halo_voxels"] = HALO
    if not volume.at_right_angles:
        reasons |= dict.fromkeys(("centreline_length_mm", density, "radius_mm"), _SHEARED)
    else:
        figures["centreline_length_mm"] = centreline.length_mm
        figures[density] = centreline.length_mm / (n_voxels * volume.voxel_mm)
        is_full = whole is not None and whole.n_voxels == n_voxels
        if (no_radius := _no_radius(centreline, is_full=is_full)) is None:
            figures["radius_mm"] = _of_radii(centreline)
        else:
            reasons["radius_mm"] = no_radius
    if centreline.n_segments is None:
        reasons |= dict.fromkeys(_OF_NETWORK, _TOO_MANY_OPEN)
    else:
        figures |= {name: getattr(centreline, name) for name in _OF_NETWORK}
    return figures | dict.fromkeys(reasons) | {"not_measured": reasons}


def _no_radius(centreline: WholeCentreline, *, is_full: bool) -> str | None:
    """Return why a radius cannot be had."""
    if is_full:
        return "every voxel is vessel"
    if centreline.n_too_thick:
        return _TOO_THICK
    return None if len(centreline.radii) else "the mask is empty"


def _of_radii(centreline: WholeCentreline) -> dict[str, float]:
    mean = float((centreline.radii * centreline.counts).sum() / centreline.counts.sum())
    values = centreline.percentiles(PERCENTILES)
    return {"mean": mean, **{f"p{p}": v for p, v in zip(PERCENTILES, values, strict=True)}}


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
