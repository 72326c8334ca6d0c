"""The numbers that describe one segmentation against its label."""

from __future__ import annotations

import numpy as np

from cldice_monai.topology import betti_numbers, overlap_scores

__all__ = ["DEFINITIONS", "score_segmentation"]

DEFINITIONS = {
    "dice": "2 |P & L| / (|P| + |L|) over voxels of the prediction P and the label L",
    "cldice": "harmonic mean of tprec and tsens (Shit et al., CVPR 2021, eq. 2)",
    "tprec": "share of the prediction's skeleton that lies in the label (eq. 1)",
    "tsens": "share of the label's skeleton that lies in the prediction (eq. 1)",
    "betti_errors": (
        "|b_k(P) - b_k(L)| of the whole volume for k = 0 (components), 1 (loops), 2 (cavities); "
        "foreground 26-connected, background 6-connected (8 and 4 in 2D)"
    ),
}


def score_segmentation(
    prediction: np.ndarray, label: np.ndarray
) -> dict[str, float | list[int] | None]:
    """Compare one segmentation with its label, over the whole volume.

    Args:
        prediction: (X, Y, Z) or (X, Y) mask, vessel is > 0.
        label: mask of the same shape, vessel is > 0.

    Returns:
        dice, cldice, tprec, tsens, betti_errors, betti_numbers and label_betti_numbers as
        `DEFINITIONS` words them. An overlap with an empty label is None (not measured); an
        empty prediction of a vessel scores 0.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> import numpy as np
        >>> label = np.zeros((8, 8, 8), bool); label[2:6, 4, 4] = True
        >>> score_segmentation(label, label)["cldice"]
        1.0
    """
    if prediction.shape != label.shape:
        raise ValueError(
            f"prediction and label must have one shape, got {prediction.shape} and {label.shape}"
        )
    prediction, label = prediction > 0, label > 0
    betti = betti_numbers(prediction)
    label_betti = betti_numbers(label)
    scores: dict[str, float | list[int] | None] = {
        "betti_errors": [abs(p - q) for p, q in zip(betti, label_betti, strict=True)],
        "betti_numbers": list(betti),
        "label_betti_numbers": list(label_betti),
    }
    if not label.any():
        return scores | dict.fromkeys(("dice", "cldice", "tprec", "tsens"), None)
    overlap = int(np.count_nonzero(prediction & label))
    n_voxels = int(np.count_nonzero(prediction)) + int(np.count_nonzero(label))
    return scores | {"dice": 2 * overlap / n_voxels} | overlap_scores(prediction, label)._asdict()
