"""Weights that segment volumes without labels: how they are trained and used."""

from cldice_monai.zero_shot.patches import SyntheticVolumes, draw_batch
from cldice_monai.zero_shot.recipe import (
    BUDGETS,
    RECIPE,
    TrainingPlan,
    ZeroShotRecipe,
    make_network,
    with_changes,
)
from cldice_monai.zero_shot.segment import (
    load_network,
    prepare_intensities,
    probabilities,
    segment_volume,
)
from cldice_monai.zero_shot.training import half_precision, train_network

__all__ = [
    "BUDGETS",
    "RECIPE",
    "SyntheticVolumes",
    "TrainingPlan",
    "ZeroShotRecipe",
    "draw_batch",
    "half_precision",
    "load_network",
    "make_network",
    "prepare_intensities",
    "probabilities",
    "segment_volume",
    "train_network",
    "with_changes",
]
