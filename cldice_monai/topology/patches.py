"""The paper's patch protocol: the same seeded crops for prediction and label."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from cldice_monai.skeleton.mask import Array

__all__ = ["PatchSampler"]

_PAPER_SIZE = {2: 64, 3: 48}


@dataclass(frozen=True)
class PatchSampler:
    """Choose patches of a case, from the seed and the case's name alone.

    The places never depend on the prediction, on the order of the cases or on a worker: every
    method is measured on the same patches. A volume smaller than the patch is padded with
    background.

    Attributes:
        patch_size: voxels along each axis, one number for all axes, or None for the paper's: 64 in
            2D, 48 in 3D.
        n_patches: patches of a case, 24 as in the paper's Table 1. The standard error of the mean
            falls with its root.
        seed: any integer.
        tiling: cover the whole volume once by patches side by side instead (the last ones padded);
            ``n_patches`` and ``seed`` then have no part in it.

    Raises:
        ValueError: a size or number that is not positive.

    Example:
        >>> sampler = PatchSampler(patch_size=2, n_patches=3)
        >>> places = sampler.starts((8, 8), case_id="case_1")
        >>> places.shape, sampler.crop(np.eye(8, dtype=bool), places).shape
        ((3, 2), (3, 2, 2))

    Reference:
        Shit et al., clDice, CVPR 2021, appendix H.2 and H.3.
    """

    patch_size: int | Sequence[int] | None = None
    n_patches: int = 24
    seed: int = 0
    tiling: bool = False

    def __post_init__(self) -> None:
        size = self.patch_size
        sizes = () if size is None else tuple(np.atleast_1d(size).tolist())
        if any(s < 1 for s in sizes):
            raise ValueError(f"patch_size must be positive, got {size!r}")
        if self.n_patches < 1:
            raise ValueError(f"n_patches must be at least 1, got {self.n_patches}")

    def size_in(self, ndim: int) -> tuple[int, ...]:
        """Return the patch size for a number of axes.

        Args:
            ndim: 2 or 3.

        Returns:
            One size an axis.

        Raises:
            ValueError: ``patch_size`` has another number of values.
        """
        size = self.patch_size
        if ndim not in _PAPER_SIZE:
            raise ValueError(f"patches are cut from 2D or 3D volumes, got {ndim} axes")
        if size is None:
            return (_PAPER_SIZE[ndim],) * ndim
        sizes = np.atleast_1d(size).tolist() * (1 if np.ndim(size) else ndim)
        if len(sizes) != ndim:
            raise ValueError(f"patch_size must have {ndim} values for {ndim}D masks, got {size!r}")
        return tuple(sizes)

    def starts(self, shape: Sequence[int], *, case_id: str) -> np.ndarray:
        """Return the first voxel of every patch.

        Args:
            shape: spatial shape of the volume.
            case_id: the name of the case, the same for label and prediction.

        Returns:
            int64 array (n, axes).

        Raises:
            ValueError: ``patch_size`` has another number of values than ``shape``.
        """
        size = self.size_in(len(shape))
        if self.tiling:
            places = product(*[range(0, n, s) for n, s in zip(shape, size, strict=True)])
            return np.array(list(places), dtype=np.int64).reshape(-1, len(shape))
        digest = hashlib.sha256(f"{self.seed}/{case_id}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:16], "big"))
        last = [max(n - s, 0) for n, s in zip(shape, size, strict=True)]
        return rng.integers(0, last, size=(self.n_patches, len(shape)), endpoint=True)

    def crop(self, volume: Array, starts: np.ndarray) -> Array:
        """Cut patches out of a mask, padded with background where they reach beyond it.

        Args:
            volume: spatial array, or tensor on any device.
            starts: from `starts` for its shape.

        Returns:
            Array ``(n, *patch_size)`` of the volume's dtype, or tensor on its device.

        Raises:
            ValueError: ``patch_size`` has another number of values than the volume has axes.
        """
        size: tuple[int, ...] = self.size_in(volume.ndim)
        sizes = (len(starts), *size)
        patches: Any = (
            np.zeros(sizes, volume.dtype)
            if isinstance(volume, np.ndarray)
            else volume.new_zeros(sizes)
        )
        for patch, start in zip(patches, starts, strict=True):
            part = volume[tuple(slice(a, a + s) for a, s in zip(start, size, strict=True))]
            patch[tuple(slice(0, n) for n in part.shape)] = part
        found: Array = patches
        return found
