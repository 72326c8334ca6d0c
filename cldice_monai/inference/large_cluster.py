"""A case on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.zarr_image import is_zarr
from cldice_monai.errors import InputError
from cldice_monai.inference.large_recipe import large_settings, window_predictor
from cldice_monai.inference.recipe import Recipe
from cldice_monai.inference.request import PredictRequest
from cldice_monai.volumes.cluster import predict_distributed
from cldice_monai.volumes.large_settings import Predictor
from cldice_monai.volumes.scheduler import connected

__all__ = ["check_cluster", "on_cluster"]


def check_cluster(cases: Sequence[VesselCase], request: PredictRequest) -> None:
    """Refuse what a cluster cannot do, before anything is read.

    Args:
        cases: all of the run.
        request: with the address of the scheduler.

    Raises:
        InputError: if an image is no OME-Zarr, Dask is missing, or no scheduler with workers
            answers.
    """
    for case in cases:
        if not is_zarr(case.image[0]):
            raise InputError(
                f"{case.image[0]}: --scheduler takes OME-Zarr images, of which workers read and "
                "write chunks; convert it, or leave --scheduler out"
            )
    with connected(str(request.scheduler)):
        return


def on_cluster(
    case: VesselCase,
    recipe: Recipe,
    targets: dict[str, Path],
    request: PredictRequest,
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """Segment a case on the cluster.

    Args:
        case: an OME-Zarr image.
        recipe: of inference.json.
        targets: folders to write, by "mask", "prob" and "skeleton".
        request: with the address, and what each worker makes its network with.
        progress: is told the finished share.

    Returns:
        The figures of the mask.
    """
    make = partial(
        make_predictor,
        weights=recipe.weights.path.resolve(),
        settings=request.settings,
        sha256=recipe.weights.sha256,
    )
    return predict_distributed(
        case.image[0],
        targets["mask"],
        make,
        settings=large_settings(recipe, turned=True, max_bytes=request.max_bytes),
        scheduler=str(request.scheduler),
        prob_path=targets.get("prob"),
        skeleton_path=targets.get("skeleton"),
        progress=progress,
    )


def make_predictor(*, weights: Path, settings: dict[str, Any], sha256: str) -> Predictor:
    """Load the network in a worker.

    Args:
        weights: file of the weights, on a disk that the worker sees.
        settings: keys of inference.json and their values.
        sha256: hash that the file must have.

    Raises:
        InputError: if the worker finds other weights under that name.
    """
    recipe = Recipe(weights=weights, settings=settings)
    if recipe.weights.sha256 != sha256:
        raise InputError(
            f"{weights}: are other weights on the worker than here (sha256 differs); put them on a "
            "disk that all machines share"
        )
    return window_predictor(recipe, turned=True)
