"""What is drawn on top of each other."""

from __future__ import annotations

import copy

import numpy as np

from cldice_monai.report.projection import project
from cldice_monai.skeleton import skeletonize

__all__ = ["Layers"]

_FEWEST_SLICES = 2
_MOST_COVERED = 0.5


class Layers:
    """Image, masks, skeletons, ghosts and misses; skeletons are those of the whole volume.

    Args:
        image: (X, Y, Z) or (X, Y) intensities.
        mask: the segmentation, boolean, the same shape.
        label: the reference, boolean, the same shape; None leaves ghosts and misses out.
        spacing_mm: voxel size along each axis.
        label_skeleton: of the label, where it is known already.
        rows_down: the second axis runs down on the screen, as in pictures, where z is looked along.

    Example:
        >>> mask = np.zeros((9, 9), bool)
        >>> mask[4, :6] = True
        >>> label = np.zeros((9, 9), bool)
        >>> label[4] = True
        >>> flat = Layers(label * 1.0, mask, label, (1.0, 1.0)).flat(0)
        >>> int(flat["miss"].sum()), int(flat["ghost"].sum())
        (3, 0)
    """

    def __init__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        label: np.ndarray | None,
        spacing_mm: tuple[float, ...],
        *,
        label_skeleton: np.ndarray | None = None,
        rows_down: bool = False,
    ) -> None:
        self.rows_down = rows_down
        self.spacing_mm = spacing_mm
        self.volumes = {"image": np.where(np.isfinite(image), image, -np.inf), "mask": mask}
        self.volumes["skeleton"] = skeletonize(mask)
        if label is not None:
            self.volumes["label"] = label
            self.volumes["ghost"] = self.volumes["skeleton"] & ~label
            known = skeletonize(label) if label_skeleton is None else label_skeleton
            self.volumes["miss"] = known & ~mask

    def clear_slices(self, most: int) -> int:
        """Return how many slices, at most so many, are seen through each other along z.

        Of a dense network the projection is one block: the slices are those of the middle in which
        mask and label cover half of the picture at most, and no fewer than two.
        """
        n_slices = most
        while n_slices > _FEWEST_SLICES and self.middle(n_slices)._covered() > _MOST_COVERED:
            n_slices //= 2
        return n_slices

    def _covered(self) -> float:
        names = [name for name in ("mask", "label") if name in self.volumes]
        return max(float(self.volumes[name].any(axis=2).mean()) for name in names)

    def middle(self, n_slices: int) -> Layers:
        """Return the middle slices of all volumes."""
        start = (self.volumes["image"].shape[2] - n_slices) // 2
        return self._slab(start, n_slices)

    def around_errors(self, n_slices: int) -> tuple[Layers, int]:
        """Return the neighbouring slices with most ghosts and misses, and the first one's number.

        Where there are none, it is those in which mask and label differ most.
        """
        pairs = (("ghost", "miss"), ("mask", "label"))
        wrong = [self.volumes[first] ^ self.volumes[second] for first, second in pairs]
        counts = next((w for w in wrong if w.any()), wrong[0]).sum(axis=(0, 1))
        n_places = max(1, counts.size - n_slices + 1)
        sums = [int(counts[start : start + n_slices].sum()) for start in range(n_places)]
        best = np.flatnonzero(np.array(sums) == max(sums))
        start = int(best[best.size // 2])  # the error lies in the middle of the slab
        return self._slab(start, n_slices), start

    def _slab(self, start: int, n_slices: int) -> Layers:
        part = copy.copy(self)
        part.volumes = {
            name: volume[:, :, start : start + n_slices] for name, volume in self.volumes.items()
        }
        return part

    def flat(self, axis: int = 2) -> dict[str, np.ndarray]:
        """Return the maximum projection of every layer along an axis."""
        step = -1 if self.rows_down and axis == 2 else 1
        return {
            name: project(volume[:, ::step], axis=axis, spacing_mm=self.spacing_mm)
            for name, volume in self.volumes.items()
        }
