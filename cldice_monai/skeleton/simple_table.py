"""Look-up tables of simple points, built from the definition and shipped in a few kilobytes.

A 3D table would have 2^26 entries. Its rows, one for each content of the first two planes of the
neighbourhood, take few distinct forms (126 under one connectivity, 143 under the other): a first
table maps the two planes to a class, a second one class and last plane to the flags.
"""

from __future__ import annotations

import base64
import textwrap
import zlib
from functools import cache
from typing import NamedTuple

import numpy as np

from cldice_monai.skeleton.connectivity import Connectivity
from cldice_monai.skeleton.simple_points import neighbourhood_flags
from cldice_monai.skeleton.simple_table_data import PACKED

__all__ = ["SimpleTable", "build_table", "load_table", "pack_table"]

_CENTRE = 1 << 13
_CHUNK = 2048  # first-table entries judged at once: the packed bits stay in the cache


class SimpleTable(NamedTuple):
    """Two tables: ``flags[classes[first two planes] * 512 + last plane]``.

    Attributes:
        classes: uint8 of 2^18 entries (2^9 in 2D, where a neighbourhood is one plane).
        flags: uint8, 512 entries a class; see `cldice_monai.skeleton.simple_points`. In 2D one an
            entry of ``classes``, which then is the neighbourhood itself.

    Example:
        >>> table = load_table(3)
        >>> table.classes.size == 2**18, table.flags.size // 512  # background is a class too
        (True, 127)
    """

    classes: np.ndarray
    flags: np.ndarray


@cache
def load_table(ndim: int, connectivity: Connectivity = "foreground-full") -> SimpleTable:
    """Return the table for 2D (built at once) or 3D (unpacked from the shipped text).

    A neighbourhood whose centre is background has no flags.

    Args:
        ndim: 2 or 3.
        connectivity: the foreground's.

    Returns:
        The tables, shared between callers: do not write to them.

    Example:
        >>> table = load_table(2)
        >>> int(table.flags[0b000_011_000]), int(table.flags[0b000_000_000])
        (1, 0)
    """
    if ndim == 2:
        planes = np.arange(512)
        flags = neighbourhood_flags(planes, ndim=2, connectivity=connectivity)
        return SimpleTable(planes, np.where(planes & (1 << 4), flags, 0).astype(np.uint8))
    raw = np.frombuffer(zlib.decompress(base64.b85decode(PACKED[connectivity])), np.uint8)
    return _with_background_class(raw[: 1 << 17], raw[1 << 17 :])


def build_table(connectivity: Connectivity = "foreground-full") -> SimpleTable:
    """Build the 3D table from the definition by judging all 2^26 neighbourhoods (a few seconds).

    Args:
        connectivity: the foreground's.

    Returns:
        The same tables as `load_table` of 3D.
    """
    lower = np.flatnonzero(np.arange(1 << 18) & _CENTRE).astype(np.int32)
    upper = np.arange(512, dtype=np.int32) << 18
    numbers: dict[bytes, int] = {}
    classes = np.empty(lower.size, np.uint8)
    for start in range(0, lower.size, _CHUNK):
        codes = lower[start : start + _CHUNK, None] | upper
        rows = neighbourhood_flags(codes, ndim=3, connectivity=connectivity)
        for place, row in enumerate(rows, start):
            classes[place] = numbers.setdefault(row.tobytes(), len(numbers))
    return _with_background_class(classes, np.frombuffer(b"".join(numbers), np.uint8))


def pack_table(table: SimpleTable) -> str:
    """Return the text that `simple_table_data` holds for a 3D table.

    Args:
        table: as `build_table` returns it.

    Returns:
        Base-85 text of the compressed tables.
    """
    with_centre = np.arange(1 << 18) & _CENTRE != 0
    raw = table.classes[with_centre].tobytes() + table.flags[:-512].tobytes()
    return base64.b85encode(zlib.compress(raw, 9)).decode()


def _with_background_class(classes: np.ndarray, flags: np.ndarray) -> SimpleTable:
    """Add the entries whose centre is background, as one more class without flags."""
    whole = np.full(1 << 18, flags.size // 512, np.uint8)
    whole[np.arange(1 << 18) & _CENTRE != 0] = classes
    return SimpleTable(whole, np.concatenate([flags, np.zeros(512, np.uint8)]))


def _module_text() -> str:
    """Return the source of `simple_table_data`."""
    lines = [
        '"""Packed look-up tables of simple points.',
        "",
        "Written by `python -m cldice_monai.skeleton.simple_table > simple_table_data.py`; a test",
        "rebuilds them.",
        '"""',
        "",
        "PACKED = {",
    ]
    names: tuple[Connectivity, ...] = ("foreground-full", "foreground-face")
    for connectivity in names:
        lines.append(f'    "{connectivity}": (')
        text = pack_table(build_table(connectivity))
        lines += [f'        "{part}"' for part in textwrap.wrap(text, 88)]
        lines.append("    ),")
    return "\n".join([*lines, "}"])


if __name__ == "__main__":
    print(_module_text())
