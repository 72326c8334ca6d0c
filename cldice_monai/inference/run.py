"""A run of predict: inputs found, cases segmented, summary and manifest written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.formats import format_of
from cldice_monai.data.spacing import Spacing
from cldice_monai.errors import InputError
from cldice_monai.inference.batch import Batch
from cldice_monai.inference.finished import finished_cases, made_with
from cldice_monai.inference.folder import OutputFolder
from cldice_monai.inference.inputs import find_inputs
from cldice_monai.inference.large_cluster import check_cluster
from cldice_monai.inference.manifest import write_summaries
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inference.request import CaseResult, PredictRequest

__all__ = ["predict_cases"]


def predict_cases(
    request: PredictRequest, *, show: Callable[[str], None] = print
) -> list[CaseResult]:
    """Segment every case, and write the summary and the manifest of the run.

    Args:
        request: inputs, output and settings.
        show: takes a line for the user about each case.

    Returns:
        A result for each case, in their order.

    Raises:
        InputError: if inputs, output, weights or settings cannot be used, or the folder holds
            results that were made otherwise and ``overwrite`` is not set.
    """
    started = time.monotonic()
    cases = find_inputs(request.inputs, channels=request.channels)
    _prepare_formats(cases, request.spacing)
    if request.scheduler is not None:
        check_cluster(cases, request)
    settings = {**request.settings, "save_prob": request.save_prob}
    recipe = Recipe(weights=request.weights, settings=settings)
    parts = made_with(recipe, request.spacing)
    with OutputFolder(request.output) as folder:
        finished = {} if request.overwrite else finished_cases(cases, folder, request, parts)
        batch = Batch(request, recipe, folder, parts, show)
        results = batch.run(cases, finished)
        write_summaries(folder, results, recipe=recipe, seconds=time.monotonic() - started)
    return results


def _prepare_formats(cases: Sequence[VesselCase], spacing: Spacing | None) -> None:
    formats = [format_of(path) for case in cases for path in case.image]
    for known in formats:
        if known is not None:
            known.load()
    if spacing is not None and not any(f is not None and f.needs_spacing for f in formats):
        raise InputError(
            "--spacing has no effect: no input is a TIFF file, the others say the size of their "
            "voxels; leave it out"
        )
