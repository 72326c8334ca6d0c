"""Skeletons of vessels: binary for measuring, soft for training."""

from cldice_monai.skeleton.background import background_skeleton
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.soft import soft_skeleton
from cldice_monai.skeleton.spurs import prune_spurs

__all__ = [
    "background_skeleton",
    "prune_spurs",
    "skeletonize",
    "soft_skeleton",
]
