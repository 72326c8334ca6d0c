"""Which cases of a run are done already, and whether they were made as is asked for now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cldice_monai
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.spacing import Spacing
from cldice_monai.errors import InputError
from cldice_monai.inference.folder import OutputFolder
from cldice_monai.inference.identity import is_unchanged
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inference.request import PredictRequest

__all__ = ["finished_cases", "made_with"]


def made_with(recipe: Recipe, spacing: Spacing | None) -> dict[str, Any]:
    """Return all that a mask depends on beside its image.

    Args:
        recipe: weights and settings.
        spacing: voxel size for formats that do not say it.
    """
    return {
        "cldice_monai": cldice_monai.__version__,
        "weights_sha256": recipe.weights.sha256,
        "spacing": None if spacing is None else [*spacing.sizes, spacing.unit],
        **recipe.settings,
    }


def finished_cases(
    cases: Sequence[VesselCase],
    folder: OutputFolder,
    request: PredictRequest,
    made_with: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return the reports of the cases that are done.

    Args:
        cases: those that are asked for.
        folder: where their results would be.
        request: which files are wanted.
        made_with: from `made_with`.

    Returns:
        Reports by case id.

    Raises:
        InputError: if a result was made otherwise.
    """
    wanted = {"mask", *(["prob"] if request.save_prob else [])}
    wanted |= {"skeleton"} if request.save_skeleton else set()
    found, others = {}, []
    for case in cases:
        report = folder.report(case.case_id)
        if report is None or not folder.has_all(report.get("files")):
            continue
        before = report.get("made_with") or {}
        differ = sorted(name for name in made_with if before.get(name) != made_with[name])
        if not is_unchanged(report.get("input"), case.image):
            differ.append("input")
        if differ:
            others.append((case.case_id, differ))
        elif wanted <= set(report["files"]):
            found[case.case_id] = report
    if others:
        name, differ = others[0]
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise InputError(
            f"{folder.path}: holds a result of {name}{more} made with other "
            f"{', '.join(differ)}; pass --overwrite, or choose another folder"
        )
    return found
