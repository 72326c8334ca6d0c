"""Thresholds and ridge filters without any training: what a learned segmentation has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import ndimage

__all__ = ["RidgeFilter", "Threshold", "filter_ridges", "segment_by_threshold"]

Threshold = Literal["otsu", "li", "yen", "mean", "triangle"]
RidgeFilter = Literal["sato", "frangi"]


def segment_by_threshold(image: np.ndarray, method: Threshold) -> np.ndarray:
    """Segment bright vessels with one global threshold of scikit-image.

    Args:
        image: intensities of any shape, without NaN.
        method: "otsu" (two classes of least variance), "li" (least cross entropy), "yen"
            (maximum correlation), "mean", or "triangle" (distance from the line between the
            histogram's peak and its far end; meant for sparse foreground).

    Returns:
        Boolean array of the same shape, True above the threshold.

    Example:
        >>> import numpy as np
        >>> segment_by_threshold(np.array([[0, 0, 1], [0, 9, 8]]), "otsu").sum()
        np.int64(2)

    Reference:
        Otsu, IEEE TSMC 1979; Li & Tam, Pattern Recognition Letters 1998; Yen et al., IEEE TIP
        1995; Zack et al., J Histochem Cytochem 1977.
    """
    from skimage import filters

    threshold = getattr(filters, f"threshold_{method}")
    return np.asarray(image > threshold(_as_integers(image)))


def filter_ridges(
    image: np.ndarray,
    method: RidgeFilter,
    *,
    sigmas: Sequence[float],
    spacing: Sequence[float] | None = None,
) -> np.ndarray:
    """Enhance bright tubes with a filter of scikit-image.

    scikit-image's sigmas are voxels, the same along all axes. An image with a spacing is therefore
    interpolated to voxels with the sides of its finest axis first, and the answer back.

    Args:
        image: (X, Y) or (X, Y, Z) intensities, without NaN.
        method: "sato" or "frangi", with scikit-image's settings but for bright ridges.
        sigmas: radii of the tubes: in the unit of ``spacing``, or in voxels without one.
        spacing: voxel size along each axis; None if it is unknown.

    Returns:
        The filter's answer, float32 of the image's shape.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((16, 16, 8)); image[:, 8, 4] = 1
        >>> answer = filter_ridges(image, "sato", sigmas=(1, 2), spacing=(1, 1, 2))
        >>> answer.shape, bool(answer[8, 8, 4] > answer[8, 3, 4])
        ((16, 16, 8), True)

    Reference:
        Sato et al., Medical Image Analysis 1998; Frangi et al., MICCAI 1998.
    """
    from skimage import filters

    side = 1.0 if spacing is None else float(min(spacing))
    factors = np.ones(image.ndim) if spacing is None else np.asarray(spacing) / side
    even = _zoom(image.astype(np.float32), factors)
    answer = getattr(filters, method)(even, sigmas=[s / side for s in sigmas], black_ridges=False)
    return _zoom(answer.astype(np.float32), np.array(image.shape) / np.array(answer.shape))


def _zoom(image: np.ndarray, factors: np.ndarray) -> np.ndarray:
    if np.all(factors == 1):
        return image
    return np.asarray(ndimage.zoom(image, factors, order=1, mode="nearest", grid_mode=True))


def _as_integers(image: np.ndarray) -> np.ndarray:
    """Return whole numbers as integers: scikit-image gives each of those a bin of its own.

    As floats they are spread over 256 bins, of which many stay empty between whole numbers; the
    triangle method then finds a threshold that has nothing to do with the histogram's shape.
    """
    low, high = float(image.min()), float(image.max())
    # as many bins as 16-bit data have, and not one for each number up to a stray huge value
    fits = high - low < 2**16 and max(abs(low), abs(high)) < 2**31
    if fits and np.array_equal(image, np.rint(image)):
        return image.astype(np.int32)
    return image
