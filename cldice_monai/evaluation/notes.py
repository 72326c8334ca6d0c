"""What a reader of the figures has to know about the masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.evaluation.mask_folder import short_name

__all__ = ["Note", "cavity_notes", "loop_notes"]


@dataclass(frozen=True)
class Note:
    """What a reader of the figures has to know about a file.

    Args:
        path: the file.
        kind: what it is, in the same words for every file.
        detail: numbers of this file.

    Example:
        >>> str(Note(Path("masks/a.nii.gz"), "holds other values", "2 of 8 slices"))
        'masks/a.nii.gz: holds other values (2 of 8 slices)'
    """

    path: Path
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{short_name(self.path)}: {self.kind}" + (
            f" ({self.detail})" if self.detail else ""
        )


def loop_notes(
    path: Path, lost: npt.NDArray[np.float64], class_number: int | None = None
) -> list[Note]:
    """Say in how many patches a network has other loops than its mask.

    Args:
        path: the mask's file.
        lost: a patch's b1 of the mask - cycle rank of its network.
        class_number: the class that was measured; None where everything above 0 was taken.

    Returns:
        One note or none.

    Example:
        >>> (note,) = loop_notes(Path("a.nii.gz"), np.array([0.0, 1.0, 0.0, 2.0]))
        >>> note.detail
        '2 of 4 patches; loops of mask - loops of network: 1 to 2'
    """
    wrong = lost[lost != 0]
    if not wrong.size:
        return []
    words = (
        "the network of some patches has other loops than the mask, where junctions run into each "
        "other or walls enclose a cavity, which SMD and Opt-J F1 then do not see"
    )
    least, most = int(wrong.min()), int(wrong.max())
    reach = f"{least}" if least == most else f"{least} to {most}"
    detail = f"{wrong.size} of {lost.size} patches; loops of mask - loops of network: {reach}"
    return [Note(path, words, _of_class(class_number) + detail)]


def cavity_notes(
    path: Path, figures: Mapping[str, float], name: str, class_number: int | None = None
) -> list[Note]:
    """Say that the skeleton of a mask has walls, which a thinning keeps around each cavity.

    Args:
        path: the mask's file.
        figures: of the whole volume; b2 is missing in 2D.
        name: ``"pred"`` or ``"label"``.
        class_number: the class that was measured; None where everything above 0 was taken.

    Returns:
        One note or none.

    Example:
        >>> [note.detail for note in cavity_notes(Path("a.nii"), {"b2_pred": 3.0}, "pred")]
        ['cavities: 3']
    """
    n_cavities = int(figures.get(f"b2_{name}", 0))
    if not n_cavities:
        return []
    words = (
        "encloses cavities: length, ghosts, misses and clDice include the walls that the skeleton "
        "keeps around them; "
    )
    if class_number is None:
        words += "fill them, for example with scipy.ndimage.binary_fill_holes"
    else:
        # a lumen of one class inside a wall of another is no fault of either
        words += "another class may lie in them, or they are to be filled"
    return [Note(path, words, _of_class(class_number) + f"cavities: {n_cavities}")]


def _of_class(number: int | None) -> str:
    return "" if number is None else f"class {number}; "
