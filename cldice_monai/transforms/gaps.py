"""Cut gaps into the image of vessels, on plain numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from cldice_monai.skeleton.distance import squared_distances
from cldice_monai.topology.betti import euler_characteristic
from cldice_monai.transforms._voxel_paths import VoxelPaths, voxel_paths

__all__ = ["cut_gaps"]

_TRIES_PER_GAP = 20
_SHIFTS = 200  # places that are looked at for a patch of background


@dataclass(frozen=True)
class _Vessels:
    """What gaps are cut into."""

    label: np.ndarray
    paths: VoxelPaths
    radius: np.ndarray  # at each voxel of the paths
    step: tuple[float, ...]
    margin: float


@dataclass(frozen=True)
class _Cut:
    """One gap: a box around it, and the voxels of the box to be filled."""

    box: tuple[slice, ...]
    region: np.ndarray


def cut_gaps(
    image: np.ndarray,
    label: np.ndarray,
    skeleton: np.ndarray,
    *,
    n_gaps: int,
    gap_length: tuple[float, float],
    margin: float,
    spacing: Sequence[float],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Interrupt vessels in an image and fill the gaps with the background beside them.

    A gap is a piece of the skeleton without junction, everything of the vessel that is nearer to
    this piece than to the rest of the skeleton, and the blur around it, up to ``margin`` from the
    vessel. It is made only if it parts the vessel there and takes exactly one connection. It is
    filled with a patch of background copied from close by, so that texture and noise go on; where
    no patch of that form fits, with single voxels of the nearest background.

    Args:
        image: (C, X, Y) or (C, X, Y, Z).
        label: boolean, the image's spatial shape.
        skeleton: boolean, the skeleton of ``label``.
        n_gaps: how many gaps to cut; fewer are, if the vessels have no room for them.
        gap_length: smallest and largest length along the skeleton, in the unit of the spacing.
        margin: distance from the vessel up to which its blur is taken away, in the same unit.
        spacing: voxel size along each axis.
        rng: source of randomness.

    Returns:
        A copy of the image, and where it was changed: boolean, the image's spatial shape.

    Example:
        >>> line = np.zeros((7, 30), bool)
        >>> line[3] = True
        >>> once = {"n_gaps": 1, "gap_length": (4, 4), "margin": 1, "spacing": (1, 1)}
        >>> rng = np.random.default_rng(0)
        >>> cut, gaps = cut_gaps(line[None] * 1.0, line, line, **once, rng=rng)
        >>> int((cut[0, 3] == 0).sum()), int(gaps.sum())
        (4, 12)
    """
    cut_image, gaps = image.copy(), np.zeros(label.shape, bool)
    paths = voxel_paths(skeleton & label, spacing=spacing)
    if not paths.steps.nnz:
        return cut_image, gaps
    radius = _radius_at(paths.voxels, label, spacing)
    vessels = _Vessels(label, paths, radius, tuple(spacing), margin)
    made = 0
    for start in rng.permutation(len(radius))[: n_gaps * _TRIES_PER_GAP]:
        if made == n_gaps:
            break
        cut = _cut_at(start, rng.uniform(*gap_length), vessels, gaps)
        if cut is not None and _fill(cut_image, cut, vessels, rng):
            gaps[cut.box] |= cut.region
            made += 1
    return cut_image, gaps


def _radius_at(voxels: np.ndarray, label: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """Return the distance to the background at each voxel of the skeleton."""
    padded = np.pad(label, 1)
    index = np.flatnonzero(padded)
    square = squared_distances(index, shape=padded.shape, spacing=spacing)
    at = np.ravel_multi_index(tuple((voxels + 1).T), padded.shape)
    radius: np.ndarray = np.sqrt(square[np.searchsorted(index, at)])
    return radius


def _piece_of_path(
    start: int, length: float, paths: VoxelPaths
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return a piece of that length and its two neighbours; None at a junction or near an end."""
    distance = dijkstra(paths.steps, indices=start, limit=length + 2.0 * paths.steps.data.max())
    order = np.argsort(distance, kind="stable")
    order = order[: int(np.isfinite(distance).sum())]
    reach = distance[order]
    if len(order) < 4:
        return None
    # the last two voxels lie at either end, and each covers half a step beyond its centre
    extent = reach[1:] + reach[:-1] + reach[1]
    n = 2 + int(np.searchsorted(extent, length - 1e-6)) if length > reach[1] else 1
    piece = order[:n]
    if n + 2 > len(order) or (paths.degree[piece] != 2).any():
        return None
    around = np.unique(paths.steps[piece].indices)
    beside = np.setdiff1d(around, piece)
    return (piece, beside) if len(beside) == 2 else None


def _cut_at(start: int, length: float, vessels: _Vessels, gaps: np.ndarray) -> _Cut | None:
    """Plan a gap around one voxel of the skeleton; None where it cannot be."""
    paths, step = vessels.paths, vessels.step
    found = _piece_of_path(start, length, paths)
    if found is None:
        return None
    piece, beside = paths.voxels[found[0]], paths.voxels[found[1]]
    thick = float(vessels.radius[found[0]].max())
    reach = 2 * thick + vessels.margin
    box = _box_around(piece, 2 * reach, gaps.shape, step)
    corner, shape = np.array([s.start for s in box]), gaps[box].shape
    here, line = _drawn(piece - corner, shape), _drawn(paths.voxels - corner, shape)
    vessel = vessels.label[box]
    nearest = ndimage.distance_transform_edt(
        ~line, sampling=step, return_distances=False, return_indices=True
    )
    of_piece = here[tuple(nearest)]
    away = ndimage.distance_transform_edt(~here, sampling=step)
    core = _touching(of_piece & vessel & (away <= 2 * thick), here)
    core |= _crumbs(vessel & ~core, line, core)
    near = away <= reach + length
    if not _parts(vessel & ~core & near, beside - corner) or _connections(vessel, core) != 1:
        return None
    halo = ndimage.distance_transform_edt(~core, sampling=step) <= vessels.margin
    region = core | (halo & of_piece & ~vessel)
    apart = np.ones((5,) * region.ndim)  # gaps that touch by a corner would be one
    if gaps[box][ndimage.binary_dilation(region, structure=apart)].any():
        return None
    return _Cut(box, region)


def _drawn(voxels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array with the voxels set that lie in it."""
    drawn = np.zeros(shape, bool)
    drawn[tuple(voxels[((voxels >= 0) & (voxels < shape)).all(axis=1)].T)] = True
    return drawn


def _box_around(
    voxels: np.ndarray, distance: float, shape: Sequence[int], step: Sequence[float]
) -> tuple[slice, ...]:
    room = np.ceil(distance / np.asarray(step, float)).astype(int)
    low = np.maximum(voxels.min(axis=0) - room, 0)
    high = np.minimum(voxels.max(axis=0) + room + 1, shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _touching(mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Return the connected parts of a mask that hold a seed."""
    pieces, _ = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    kept = np.unique(pieces[seeds & mask])
    found: np.ndarray = np.isin(pieces, kept[kept > 0])
    return found


def _crumbs(rest: np.ndarray, line: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Return what would be left over beside a gap: pieces without skeleton that touched it."""
    full = np.ones((3,) * rest.ndim)
    pieces, n = ndimage.label(rest, structure=full)
    loose = np.zeros(n + 1, bool)
    loose[pieces[ndimage.binary_dilation(core, structure=full)]] = True
    loose[pieces[line]] = False
    loose[0] = False
    found: np.ndarray = loose[pieces]
    return found


def _connections(vessel: np.ndarray, core: np.ndarray) -> int:
    """How many connections a gap takes: components more plus loops less plus cavities more."""
    return euler_characteristic(vessel & ~core) - euler_characteristic(vessel)


def _parts(rest: np.ndarray, beside: np.ndarray) -> bool:
    """Whether the two voxels beside a gap are no longer connected around it."""
    pieces, _ = ndimage.label(rest, structure=np.ones((3,) * rest.ndim))
    first, second = (pieces[tuple(voxel)] for voxel in beside)
    return bool(first and second and first != second)


def _fill(image: np.ndarray, cut: _Cut, vessels: _Vessels, rng: np.random.Generator) -> bool:
    """Fill a gap in place; False, and nothing done, where no background is near."""
    step = vessels.step
    part = image[(slice(None), *cut.box)]
    clear = ndimage.distance_transform_edt(~vessels.label[cut.box], sampling=step)
    background = clear > vessels.margin
    to = np.argwhere(cut.region)
    source = _patch_beside(to, background, step, rng)
    if source is None:
        places = np.argwhere(background)
        if not len(places):
            return False
        away = ndimage.distance_transform_edt(~cut.region, sampling=step)[tuple(places.T)]
        nearest = places[np.argsort(away, kind="stable")[: max(50, len(to))]]
        source = nearest[rng.integers(len(nearest), size=len(to))]
    part[(slice(None), *to.T)] = part[(slice(None), *source.T)]
    return True


def _patch_beside(
    to: np.ndarray, background: np.ndarray, step: Sequence[float], rng: np.random.Generator
) -> np.ndarray | None:
    """Return the nearest of some shifts of a region that lies in the background altogether."""
    shape = np.array(background.shape)
    low, high = -to.min(axis=0), shape - to.max(axis=0)
    shifts = rng.integers(low, high, size=(_SHIFTS, len(shape)))
    for shift in shifts[np.argsort(((shifts * step) ** 2).sum(axis=1))]:
        moved = to + shift
        if background[tuple(moved.T)].all():
            return moved
    return None
