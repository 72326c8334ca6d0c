"""Voxel sizes as people write them: three numbers and the unit they are in."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cldice_monai.errors import InputError

__all__ = ["UNITS", "Spacing", "spacing_from_text"]

UNITS = {"nm": 1e-6, "um": 1e-3, "mm": 1.0, "cm": 10.0, "m": 1000.0}
"""Units by the name that users write, and their length in mm."""

_OTHER_NAMES = {
    **{"µm": "um", "\u03bcm": "um", "micron": "um", "microns": "um", "micrometer": "um"},
    **{"millimeter": "mm", "nanometer": "nm", "meter": "m"},
}
_TEXT = re.compile(r"(?P<numbers>[-+\d.eE]+(?:,[-+\d.eE]+)*)\s*(?P<unit>[a-zA-Zµ\u03bc]*)")
_EXAMPLE = "--spacing 5,0.994,0.994um"


@dataclass(frozen=True)
class Spacing:
    """The size of a voxel along the axes of an array, in the array's order.

    Args:
        sizes: two or three lengths.
        unit: a key of `UNITS`, or another usual name of one.

    Raises:
        InputError: if there are not two or three positive numbers, or the unit is not known.

    Example:
        >>> Spacing((5, 1, 1), "um").in_mm
        (0.005, 0.001, 0.001)
    """

    sizes: tuple[float, ...]
    unit: str

    def __post_init__(self) -> None:
        unit = _OTHER_NAMES.get(self.unit, self.unit)
        if unit not in UNITS:
            raise InputError(
                f"spacing: unit {self.unit!r} is not known; use one of {', '.join(UNITS)}"
            )
        sizes = _as_sizes(self.sizes)
        if len(sizes) not in (2, 3):
            raise InputError(
                f"spacing: needs a number for each axis, two or three, got {len(sizes)}; "
                f"write {_EXAMPLE}"
            )
        if not all(math.isfinite(size) and size > 0 for size in sizes):
            raise InputError(f"spacing: sizes must be above 0, got {list(sizes)}; write {_EXAMPLE}")
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "sizes", sizes)

    @property
    def in_mm(self) -> tuple[float, ...]:
        """The sizes in mm."""
        return tuple(size * UNITS[self.unit] for size in self.sizes)

    def in_header_unit(self) -> tuple[tuple[float, ...], str]:
        """Return the sizes in a unit that a `Volume` can have, and its name.

        The numbers stay as they were written where the unit is um or mm.
        """
        if self.unit in ("um", "mm"):
            return self.sizes, {"um": "micron", "mm": "mm"}[self.unit]
        if self.unit == "nm":
            return tuple(size / 1000.0 for size in self.sizes), "micron"
        return self.in_mm, "mm"


def spacing_from_text(text: str) -> Spacing:
    """Read a spacing of the command line.

    Args:
        text: numbers with commas between them and the unit behind the last, such as
            ``5,0.994,0.994um``.

    Returns:
        The spacing, in the order of the array's axes.

    Raises:
        InputError: if the unit is missing or the numbers cannot be used.

    Example:
        >>> spacing_from_text("5,0.994,0.994um")
        Spacing(sizes=(5.0, 0.994, 0.994), unit='um')
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise InputError(f"spacing {text!r}: not understood; write {_EXAMPLE}")
    if not found["unit"]:
        raise InputError(f"spacing {text}: the unit is missing; write {_EXAMPLE}")
    try:
        sizes = tuple(float(number) for number in found["numbers"].split(","))
    except ValueError as error:
        raise InputError(f"spacing {text!r}: not understood; write {_EXAMPLE}") from error
    return Spacing(sizes, found["unit"])


def _as_sizes(sizes: Sequence[float]) -> tuple[float, ...]:
    try:
        return tuple(float(size) for size in sizes)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"spacing: must be one number an axis, got {sizes!r}; for example (5, 0.994, 0.994)"
        ) from error
