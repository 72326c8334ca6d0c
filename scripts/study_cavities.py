"""clDice of masks whose cavities are filled: the part that holes in vessels did not raise.

A skeleton keeps a closed wall around every cavity. Inside a true vessel such walls are true
skeleton, beside which false vessels weigh less in Tprec; docs/methods.md shows it.
"""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from cldice_monai.evaluation.columns import Column
from cldice_monai.evaluation.find_pairs import find_pairs
from cldice_monai.topology import cldice, fill_cavities

__all__ = ["FILLED", "cldice_of_filled_masks"]

FILLED = Column(
    "cldice_filled",
    "filled clDice",
    "clDice after the cavities of the predicted mask were filled, whole volume",
    "larger",
    "volume",
)


def cldice_of_filled_masks(masks: Path, labels: Path) -> dict[str, float]:
    """Return clDice of every 3D mask of a folder after its cavities were filled, by its case.

    Args:
        masks: folder of predictions.
        labels: folder of their labels, on the same grids.

    Returns:
        NaN where the label is empty; masks of one slice are left out, since a hole in two
        dimensions is a loop, not a cavity.
    """
    pairs, _ = find_pairs(masks, labels)
    found = {}
    for pair in pairs:
        pred, label = (np.asarray(nib.load(path).dataobj) > 0 for path in (pair.pred, pair.label))
        if pred.ndim == 3 and min(pred.shape) > 1:
            found[pair.case_id] = cldice(fill_cavities(pred), label)
    return found
