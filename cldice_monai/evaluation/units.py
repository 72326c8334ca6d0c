"""Keys of files that say in which unit a length is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from cldice_monai.evaluation.frame import LengthUnit

__all__ = ["in_unit"]

_Value = TypeVar("_Value")


def in_unit(figures: Mapping[str, _Value], unit: LengthUnit | None) -> dict[str, _Value]:
    """Name lengths by the unit that they are in.

    Args:
        figures: by name, those of lengths with ``mm`` in it.
        unit: what they are in; None: in several units.

    Returns:
        The figures, ``mm`` replaced by ``voxels`` where it has to be; of several units by nothing.

    Example:
        >>> in_unit({"dice": 0.5, "hd95_mm": 2.0, "length_mm_pred": 3.0}, "voxels")
        {'dice': 0.5, 'hd95_voxels': 2.0, 'length_voxels_pred': 3.0}
    """
    word = {"mm": "_mm", "voxels": "_voxels", None: ""}[unit]
    return {name.replace("_mm", word): value for name, value in figures.items()}
