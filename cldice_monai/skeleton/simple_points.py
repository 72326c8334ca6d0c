"""Which voxels may be deleted: simple points, decided from the definition for many at once.

A neighbourhood is a number of 9 bits in 2D and 27 bits in 3D: bit ``9 (dz+1) + 3 (dy+1) + (dx+1)``
is the voxel at that offset, the centre is bit 4 or 13. All tests run on packed bits, one bit a
neighbourhood, so that every one of the 2^26 can be judged in seconds.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity

__all__ = ["OPEN_AFTER", "OPEN_BEFORE", "SIMPLE", "neighbourhood_flags", "separates_background"]

SIMPLE = 1  # deleting the centre keeps the topology
OPEN_BEFORE = 2  # simple, no end of a curve, and background at a face on a negative side
OPEN_AFTER = 4  # simple, no end of a curve, and background at a face on a positive side

Offset = tuple[int, ...]
Bits = dict[Offset, np.ndarray]


def neighbourhood_flags(
    codes: np.ndarray, *, ndim: int, connectivity: Connectivity = "foreground-full"
) -> np.ndarray:
    """Judge neighbourhoods from the definition of a simple point.

    The centre is simple if its foreground neighbours form one component and its background
    neighbours one component that meets a face, each under its own connectivity. An end of a curve
    has exactly one foreground neighbour.

    Args:
        codes: integer array of neighbourhoods; the centre's bit is ignored.
        ndim: 2 or 3.
        connectivity: the foreground's, see `cldice_monai.skeleton.connectivity`.

    Returns:
        uint8 array of the same shape: a sum of `SIMPLE`, `OPEN_BEFORE` and `OPEN_AFTER`.

    Example:
        >>> end_of_a_line, middle_of_a_line = 0b000_011_000, 0b000_111_000
        >>> neighbourhood_flags(np.array([end_of_a_line, middle_of_a_line]), ndim=2)
        array([1, 0], dtype=uint8)

    Reference:
        Bertrand and Malandain, Pattern Recognition Letters 15, 1994.
    """
    flat = np.ascontiguousarray(codes).ravel()
    bits = {
        offset: np.packbits((flat >> position) & 1 != 0)
        for offset, position in _neighbour_positions(ndim).items()
    }
    opposite = {offset: ~values for offset, values in bits.items()}
    full, face = (bits, opposite) if connectivity == "foreground-full" else (opposite, bits)
    simple = _is_one_component(full) & _faces_are_one_component(face)
    ends_among = bits if connectivity == "foreground-full" else _faces(bits)
    removable = simple & ~_exactly_one(ends_among)
    flags = np.zeros(flat.size, np.uint8)
    flags |= SIMPLE * _unpack(simple, flat.size)
    for flag, side in ((OPEN_BEFORE, -1), (OPEN_AFTER, 1)):
        open_faces = [v for offset, v in _faces(opposite).items() if sum(offset) == side]
        flags |= flag * _unpack(removable & np.bitwise_or.reduce(open_faces), flat.size)
    return flags.reshape(codes.shape)


def separates_background(
    codes: np.ndarray, *, ndim: int, connectivity: Connectivity = "foreground-full"
) -> np.ndarray:
    """Tell where the background neighbours fall apart: the centre lies in a surface, not a curve.

    Args:
        codes: integer array of neighbourhoods; the centre's bit is ignored.
        ndim: 2 or 3. In 2D every curve separates.
        connectivity: the foreground's.

    Returns:
        Boolean array of the same shape.

    Example:
        >>> plane = sum(1 << (9 + bit) for bit in range(9))
        >>> line = (1 << 12) | (1 << 13) | (1 << 14)
        >>> separates_background(np.array([plane, line]), ndim=3)
        array([ True, False])
    """
    flat = np.ascontiguousarray(codes).ravel()
    background = {
        offset: ~np.packbits((flat >> position) & 1 != 0)
        for offset, position in _neighbour_positions(ndim).items()
    }
    by_face = connectivity == "foreground-full"
    meeting = _faces(background) if by_face else background
    one = _faces_are_one_component(background) if by_face else _is_one_component(background)
    split = np.bitwise_or.reduce(list(meeting.values())) & ~one
    return _unpack(split, flat.size).astype(bool).reshape(codes.shape)


@cache
def _neighbour_positions(ndim: int) -> dict[Offset, int]:
    offsets = list(product((-1, 0, 1), repeat=ndim))
    return {offset: position for position, offset in enumerate(offsets) if any(offset)}


def _faces(bits: Bits) -> Bits:
    return {offset: values for offset, values in bits.items() if np.abs(offset).sum() == 1}


def _is_one_component(bits: Bits) -> np.ndarray:
    """Tell where the set neighbours are one component of the full adjacency (none is not one)."""
    adjacent = {
        offset: [o for o in bits if o != offset and np.abs(np.subtract(o, offset)).max() <= 1]
        for offset in bits
    }
    reached = _first_of_each(bits)
    changed = True
    while changed:
        changed = False
        for offset, values in bits.items():
            grown = values & np.bitwise_or.reduce([reached[o] for o in adjacent[offset]])
            grown |= reached[offset]
            changed |= not np.array_equal(grown, reached[offset])
            reached[offset] = grown
    return _all_reached(bits, reached)


def _faces_are_one_component(bits: Bits) -> np.ndarray:
    """Tell where the set faces are linked, face by face, through set neighbours between two."""
    faces = _faces(bits)
    reached = _first_of_each(faces)
    changed = True
    while changed:
        changed = False
        for (a, values), b in product(faces.items(), faces):
            between = tuple(int(s) for s in np.add(a, b))
            if not any(between) or a == b:
                continue
            grown = reached[a] | (values & bits[between] & reached[b])
            changed |= not np.array_equal(grown, reached[a])
            reached[a] = grown
    return _all_reached(faces, reached)


def _first_of_each(bits: Bits) -> Bits:
    """Mark one set neighbour, the first, of every neighbourhood."""
    seen = np.zeros_like(next(iter(bits.values())))
    first = {}
    for offset, values in bits.items():
        first[offset] = values & ~seen
        seen = seen | values
    return first


def _all_reached(bits: Bits, reached: Bits) -> np.ndarray:
    some = np.bitwise_or.reduce(list(bits.values()))
    missed = np.bitwise_or.reduce([bits[offset] & ~reached[offset] for offset in bits])
    result: np.ndarray = some & ~missed
    return result


def _exactly_one(bits: Bits) -> np.ndarray:
    one = two = np.zeros_like(next(iter(bits.values())))
    for values in bits.values():
        two = two | (one & values)
        one = one | values
    return one & ~two


def _unpack(packed: np.ndarray, count: int) -> np.ndarray:
    return np.unpackbits(packed, count=count)
