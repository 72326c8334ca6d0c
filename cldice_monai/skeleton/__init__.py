"""Skeletons of vessels: binary for measuring, soft for training."""

from cldice_monai.skeleton.binary import skeletonize

__all__ = ["skeletonize"]
