"""Where ghosts and misses are, as label maps that open over the image in a viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cldice_monai.data.nifti import write_like
from cldice_monai.evaluation.case import masks_of_case
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.topology.overlap import ghosts_and_misses

__all__ = ["GHOST", "MISS", "write_error_maps"]

GHOST, MISS = 1, 2


def write_error_maps(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write ``<case>_ghosts_misses.nii.gz`` for each case: 1 is a ghost, 2 is a miss.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        folder: where to write, with a folder a method where there are several.

    Returns:
        The files, on the grid of the labels.

    Raises:
        InputError: a file cannot be written.
    """
    paths = []
    for method in evaluation.methods:
        place = folder / method.name.replace("/", "_") if len(evaluation.methods) > 1 else folder
        for case in method.cases:
            pred, label = masks_of_case(case)
            found = ghosts_and_misses(pred, label)
            map_ = np.where(found.ghosts, GHOST, np.where(found.misses, MISS, 0))
            path = place / f"{case.title.replace(' ', '_')}_ghosts_misses.nii.gz"
            shape = map_.shape if map_.ndim == 3 else (*map_.shape, 1)
            paths.append(write_like(map_.reshape(shape), path, like=case.pair.label))
    return paths
