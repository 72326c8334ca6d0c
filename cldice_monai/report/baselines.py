"""Thresholds without any training: what a learned segmentation has to beat."""

from __future__ import annotations

from typing import Literal

import numpy as np

__all__ = ["segment_by_threshold"]


def segment_by_threshold(image: np.ndarray, method: Literal["otsu", "triangle"]) -> np.ndarray:
    """Segment bright vessels with one global threshold of scikit-image.

    Args:
        image: intensities of any shape, without NaN.
        method: "otsu" (two classes of least variance) or "triangle" (distance from the line
            between the histogram's peak and its far end; meant for sparse foreground).

    Returns:
        Boolean array of the same shape, True above the threshold.

    Example:
        >>> import numpy as np
        >>> segment_by_threshold(np.array([[0, 0, 1], [0, 9, 8]]), "otsu").sum()
        np.int64(2)

    Reference:
        Otsu, IEEE TSMC 1979; Zack et al., J Histochem Cytochem 1977.
    """
    from skimage import filters

    threshold = {"otsu": filters.threshold_otsu, "triangle": filters.threshold_triangle}[method]
    return np.asarray(image > threshold(_as_integers(image)))


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
