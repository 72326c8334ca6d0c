"""Skeletons of vessels: binary for measuring, soft for training."""

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.soft import soft_skeleton

__all__ = ["skeletonize", "soft_skeleton"]
