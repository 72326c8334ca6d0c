"""What the numbers in a mask stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.errors import InputError
from cldice_monai.evaluation.notes import Note

__all__ = ["class_values"]

_Values = npt.NDArray[np.float32]
_WHITE = 255  # what 1 is written as in pictures and TIFF files, so that it is seen


def class_values(path: Path, values: _Values, classes: Sequence[int]) -> tuple[_Values, list[Note]]:
    """Return the values of a mask as classes, and what was done with them where it is not plain.

    Where classes are measured apart and a mask holds 0 and 255 alone, 255 is class 1, as which
    pictures and TIFF files hold it; not where 255 is a class itself.

    Args:
        path: the mask's file.
        values: what is in it.
        classes: values that are measured apart; none where everything above 0 is vessel.

    Returns:
        The values, whole numbers from 0 on, and one note or none.

    Raises:
        InputError: a value is none of these numbers.

    Example:
        >>> values, notes = class_values(Path("a.png"), np.array([0, 255], np.float32), (1, 2))
        >>> values.tolist(), notes[0].kind
        ([0.0, 1.0], 'holds 0 and 255 alone; 255 is taken as class 1, and no voxel as class 2')
    """
    odd = values[~((values >= 0) & (values == np.rint(values)))]  # NaN is odd too
    if odd.size:
        raise InputError(
            f"{path}: holds other values than whole numbers from 0 on, {odd[0]:.4g} for one; "
            "threshold it first"
        )
    found = np.unique(values[values > 0]).astype(int).tolist()
    if not found:
        return values, [Note(path, "empty, no voxel is above 0")]
    if 1 in classes and _WHITE not in classes and found == [_WHITE]:
        words = f"holds 0 and {_WHITE} alone; {_WHITE} is taken as class 1"
        others = [str(number) for number in classes if number != 1]
        more = f", and no voxel as class {', '.join(others)}" if others else ""
        return (values > 0).astype(np.float32), [Note(path, words + more)]
    missing = [str(number) for number in classes if number not in found]
    if missing:
        return values, [Note(path, f"no voxel of class {', '.join(missing)}")]
    if classes or found in ([1], [_WHITE]):
        return values, []
    shown = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    words = f"holds the values {shown}; everything above 0 is taken as vessel (--classes measures "
    return values, [Note(path, words + "them apart)")]
