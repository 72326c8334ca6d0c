"""Smooth random fields: texture, bias and slow changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["smooth_field"]

_Image = npt.NDArray[np.float32]


def smooth_field(shape: Sequence[int], *, scale: float, rng: np.random.Generator) -> _Image:
    """Draw a smooth random field of mean 0 and variance 1 at every voxel.

    Args:
        shape: the field's three sides in voxels.
        scale: distance in voxels over which it changes.
        rng: source of randomness.

    Returns:
        float32 of that shape.

    Example:
        >>> import numpy as np
        >>> field = smooth_field((64, 64, 64), scale=2.0, rng=np.random.default_rng(0))
        >>> bool(abs(field.mean()) < 0.05 and abs(field.std() - 1.0) < 0.05)
        True
    """
    weights = [_weights(int(n), scale) for n in shape]
    field = rng.standard_normal([w.shape[1] for w in weights], dtype=np.float32)
    for w in weights:
        # sums over the first axis and puts the new one last, so that three turns come round
        field = np.tensordot(field, w, axes=(0, 1))
    return field


def _weights(n: int, scale: float) -> _Image:
    """Return (n, knots) Gaussian weights whose squares sum to 1, so that the variance is 1."""
    knots = np.arange(-2, int(np.ceil(n / scale)) + 3) * scale
    weights = np.exp(-0.5 * ((np.arange(n)[:, None] - knots) / (0.8 * scale)) ** 2)
    return (weights / np.sqrt((weights**2).sum(axis=1, keepdims=True))).astype(np.float32)
