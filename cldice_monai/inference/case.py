"""One case from its files to its results."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.check_case import CaseReport, check_intensities
from cldice_monai.data.formats import read_image, write_result
from cldice_monai.data.nifti import Volume
from cldice_monai.data.spacing import Spacing
from cldice_monai.errors import InputError
from cldice_monai.inference.folder import OutputFolder, report_name
from cldice_monai.inference.geometry import grid_of
from cldice_monai.inference.identity import identify
from cldice_monai.inference.measure import cavity_note, measure
from cldice_monai.inference.recipe import Recipe, Segmentation
from cldice_monai.memory_left import peak_bytes
from cldice_monai.report import save_preview
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.workflows.too_much_vessel import too_much_vessel
from cldice_monai.workflows.upright import upright

__all__ = ["LoadedCase", "load_case", "save_case"]


@dataclass(frozen=True, eq=False)
class LoadedCase:
    """A case that is ready for the network.

    Attributes:
        case: its files.
        volume: the image.
        item: the image as the network takes it.
        identity: what the files are.
        notes: one line for each fact worth knowing.
    """

    case: VesselCase
    volume: Volume
    item: dict[str, Any]
    identity: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def load_case(case: VesselCase, recipe: Recipe, *, spacing: Spacing | None) -> LoadedCase:
    """Read the files of a case, check them, and do what comes before the network.

    Args:
        case: its files.
        recipe: what comes before the network.
        spacing: voxel size for formats that need one.

    Returns:
        The case, its image read and prepared.

    Raises:
        InputError: if a file cannot be used, or the image holds nothing.
    """
    volume = read_image(case.image, spacing=spacing)
    report = CaseReport(case)
    check_intensities(report, volume)
    if report.problems:
        raise InputError(report.problems[0])
    if report.constant is not None:
        raise InputError(
            f"{volume.path}: the image is constant, every voxel is {report.constant:g}; export it "
            "again or remove it"
        )
    item = recipe.prepare(volume, case_id=case.case_id)
    return LoadedCase(case, volume, item, identify(case.image), report.notes)


def save_case(
    loaded: LoadedCase,
    found: Segmentation,
    folder: OutputFolder,
    *,
    made_with: dict[str, Any],
    save_skeleton: bool,
    started: float,
    is_picture: bool,
) -> dict[str, Any]:
    """Measure a segmentation and write its files, all or none.

    Args:
        loaded: the case.
        found: what the network said.
        folder: where the files go.
        made_with: what the mask was made with, for the report.
        save_skeleton: whether the skeleton is written, too.
        started: `time.monotonic()` when the case began.
        is_picture: whether it was segmented as a picture.

    Returns:
        The report, as it was written.

    Raises:
        InputError: if a file cannot be written.
    """
    case_id, volume = loaded.case.case_id, loaded.volume
    mask = found.classes > 0
    skeleton = np.asarray(skeletonize(mask[..., 0])[..., None] if is_picture else skeletonize(mask))
    figures = measure(mask, skeleton, grid_of(volume, is_picture=is_picture))
    arrays: dict[str, Any] = {"mask": (found.classes, "uint8")}
    if found.probability is not None:
        arrays["prob"] = (found.probability, "float32")
    if save_skeleton:
        arrays["skeleton"] = (skeleton, "uint8")
    with folder.together() as place:
        files = {
            name: write_result(array, place / f"{case_id}_{name}", like=volume, dtype=dtype).name
            for name, (array, dtype) in arrays.items()
        }
        folder.refuse_to_replace(loaded.case.image, files.values())
        files["preview"] = f"{case_id}_preview.png"
        save_preview(place / files["preview"], **upright(volume, mask=mask), title=case_id)
        report = {
            "case_id": case_id,
            "input": loaded.identity,
            "files": files,
            **figures,
            "notes": [
                *loaded.notes,
                *too_much_vessel(figures["vessel_fraction"]),
                *cavity_note(figures["betti_numbers"]),
            ],
            "made_with": made_with,
            "wall_seconds": round(time.monotonic() - started, 3),
            "peak_memory_bytes": peak_bytes(),
        }
        text = json.dumps(report, indent=2, allow_nan=False) + "\n"
        (place / report_name(case_id)).write_text(text, encoding="utf-8")
    return report
