"""What is drawn on top of each other."""

from __future__ import annotations

import copy

import numpy as np

from cldice_monai.report.projection import project
from cldice_monai.skeleton import skeletonize

__all__ = ["Layers"]


class Layers:
    """Image, masks, skeletons, ghosts and misses; skeletons are those of the whole volume.

    Args:
        image: (X, Y, Z) or (X, Y) intensities.
        mask: the segmentation, boolean, the same shape.
        label: the reference, boolean, the same shape; None leaves ghosts and misses out.
        spacing_mm: voxel size along each axis.
        label_skeleton: of the label, where it is known already.
    """

    def __init__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        label: np.ndarray | None,
        spacing_mm: tuple[float, ...],
        *,
        label_skeleton: np.ndarray | None = None,
    ) -> None:
        self.spacing_mm = spacing_mm
        self.volumes = {"image": np.where(np.isfinite(image), image, -np.inf), "mask": mask}
        self.volumes["skeleton"] = skeletonize(mask)
        if label is not None:
            self.volumes["label"] = label
            self.volumes["ghost"] = self.volumes["skeleton"] & ~label
            known = skeletonize(label) if label_skeleton is None else label_skeleton
            self.volumes["miss"] = known & ~mask

    def middle(self, n_slices: int) -> Layers:
        """Return the middle slices of all volumes."""
        start = (self.volumes["image"].shape[2] - n_slices) // 2
        part = copy.copy(self)
        part.volumes = {
            name: volume[:, :, start : start + n_slices] for name, volume in self.volumes.items()
        }
        return part

    def flat(self, axis: int = 2) -> dict[str, np.ndarray]:
        """Return the maximum projection of every layer along an axis."""
        return {
            name: project(volume, axis=axis, spacing_mm=self.spacing_mm)
            for name, volume in self.volumes.items()
        }
