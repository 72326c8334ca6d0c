"""Where ghosts and misses are, as label maps that open over the image in a viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cldice_monai.data.nifti import write_like
from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.data.nifti_grid import NiftiGrid
from cldice_monai.data.nifti_write import write_new
from cldice_monai.evaluation.case import masks_of_case
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.files import replace_when_complete
from cldice_monai.report.panel import COLOURS
from cldice_monai.skeleton.binary import skeletonize

__all__ = ["GHOST", "MISS", "write_error_maps"]

GHOST, MISS = 1, 2
_NAMES = {GHOST: "ghost", MISS: "miss"}


def write_error_maps(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write ``<case>_ghosts_misses.nii.gz`` for each case: 1 is a ghost, 2 is a miss.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        folder: where to write, with a folder a method where there are several.

    Returns:
        The maps, on the grid of the labels. Beside them lie names and colours of both values, for
        ITK-SNAP (Segmentation > Import Label Descriptions) and for 3D Slicer (as a colour table).

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
            paths.append(_write(case.frame.in_file(map_), path, case.frame.grid))
    for name, text in (
        ("labels_itksnap.txt", _for_itksnap()),
        ("labels_slicer.ctbl", _for_slicer()),
    ):
        with replace_when_complete(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths


def _write(values: np.ndarray, path: Path, label: NiftiGrid) -> Path:
    if has_nifti_ending(label.path):
        return write_like(values, path, like=label.path)
    return write_new(values, path, affine=label.affine_mm, dtype="uint8")


def _for_itksnap() -> str:
    lines = ['0 0 0 0 0 0 0 "Clear Label"']
    for number, name in _NAMES.items():
        red, green, blue = COLOURS[name]
        lines.append(f'{number} {red} {green} {blue} 1 1 1 "{name}"')
    return "\n".join(lines) + "\n"


def _for_slicer() -> str:
    lines = ["0 background 0 0 0 0"]
    for number, name in _NAMES.items():
        red, green, blue = COLOURS[name]
        lines.append(f"{number} {name} {red} {green} {blue} 255")
    return "\n".join(lines) + "\n"
