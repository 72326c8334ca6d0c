"""What a reader of the figures has to know about the masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["Note", "cavity_notes", "loop_notes", "value_notes"]


@dataclass(frozen=True)
class Note:
    """What a reader of the figures has to know about a file.

    Args:
        path: the file.
        kind: what it is, in the same words for every file.
        detail: numbers of this file.
    """

    path: Path
    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


def value_notes(path: Path, values: npt.NDArray[np.float32], classes: Sequence[int]) -> list[Note]:
    """Say what was done with the values of a mask, where it is not plain.

    Args:
        path: the mask's file.
        values: whole numbers from 0 on.
        classes: values that are measured apart; none where everything above 0 is vessel.

    Returns:
        One note or none.
    """
    found = np.unique(values[values > 0]).astype(int).tolist()
    if not found:
        return [Note(path, "empty, no voxel is above 0")]
    missing = [str(number) for number in classes if number not in found]
    if missing:
        return [Note(path, f"no voxel of class {', '.join(missing)}")]
    if classes or found in ([1], [255]):
        return []
    shown = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    return [
        Note(
            path,
            f"holds the values {shown}; everything above 0 is taken as vessel (--classes "
            "measures them apart)",
        )
    ]


def loop_notes(path: Path, lost: npt.NDArray[np.float64]) -> list[Note]:
    """Say in how many patches a network has other loops than its mask.

    Args:
        path: the mask's file.
        lost: a patch's b1 of the mask - cycle rank of its network.

    Returns:
        One note or none.
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
    return [Note(path, words, detail)]


def cavity_notes(path: Path, figures: Mapping[str, float], name: str) -> list[Note]:
    """Say that the skeleton of a mask has walls, which a thinning keeps around each cavity.

    Args:
        path: the mask's file.
        figures: of the whole volume; b2 is missing in 2D.
        name: ``"pred"`` or ``"label"``.

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
        "keeps around them; fill them, for example with scipy.ndimage.binary_fill_holes"
    )
    return [Note(path, words, f"cavities: {n_cavities}")]
