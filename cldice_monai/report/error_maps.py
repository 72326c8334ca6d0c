"""Where ghosts and misses are, as label maps that open over the image in a viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cldice_monai.data.nifti import write_like
from cldice_monai.evaluation.case import masks_of_case
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.skeleton.binary import skeletonize

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
    names = {method.name for method in evaluation.methods}
    for method in evaluation.methods:
        place = folder / method.name.replace("/", "_") if len(names) > 1 else folder
        for case in method.cases:
            pred, label = masks_of_case(case)
            map_ = GHOST * (skeletonize(pred) & ~label).astype(np.uint8)
            map_[skeletonize(label) & ~pred] = MISS
            ending = "" if case.class_number is None else f"_class{case.class_number}"
            path = place / f"{case.case_id}{ending}_ghosts_misses.nii.gz"
            shape = map_.shape if map_.ndim == 3 else (*map_.shape, 1)
            paths.append(write_like(map_.reshape(shape), path, like=case.pair.label))
    return paths
