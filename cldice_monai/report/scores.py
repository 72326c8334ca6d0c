"""The numbers that describe one segmentation against its label."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cldice_monai.topology import (
    PatchSampler,
    batched_betti_numbers,
    betti_numbers,
    overlap_scores,
)

__all__ = ["DEFINITIONS", "patch_betti_errors", "score_segmentation", "without_small_objects"]

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


def patch_betti_errors(
    prediction: np.ndarray, label: np.ndarray, *, case_id: str, sampler: PatchSampler | None = None
) -> list[float]:
    """Return the mean |b_k(P) - b_k(L)| over patches, as the clDice paper reports it.

    Args:
        prediction: (X, Y, Z) or (X, Y) mask, vessel is > 0.
        label: mask of the same shape, vessel is > 0.
        case_id: name of the volume, which chooses the patches: the same for every method.
        sampler: how patches are chosen; None for the paper's 24 patches of 48^3 (64^2).

    Returns:
        One mean error for each of k = 0, 1 (and 2 in 3D).

    Example:
        >>> label = np.zeros((8, 8, 8), bool); label[2:6, 4, 4] = True
        >>> patch_betti_errors(np.zeros_like(label), label, case_id="rod")
        [1.0, 0.0, 0.0]

    Reference:
        Shit et al., clDice, CVPR 2021, appendix H.3.
    """
    sampler = PatchSampler() if sampler is None else sampler
    starts = sampler.starts(label.shape, case_id=case_id)
    patches = np.stack([sampler.crop(mask > 0, starts) for mask in (prediction, label)])
    of_prediction, of_label = batched_betti_numbers(patches)
    return [float(e) for e in np.abs(of_prediction - of_label).mean(axis=0)]


def without_small_objects(mask: np.ndarray, *, smallest: int) -> np.ndarray:
    """Remove the connected objects (26 neighbours, 8 in 2D) that have too few voxels.

    Args:
        mask: (X, Y, Z) or (X, Y), vessel is > 0.
        smallest: voxels that an object must have to stay.

    Returns:
        Boolean mask of the same shape.

    Example:
        >>> without_small_objects(np.array([[1, 1, 0, 1]]), smallest=2)
        array([[ True,  True, False, False]])
    """
    objects, _ = ndimage.label(mask > 0, structure=np.ones((3,) * mask.ndim))
    stays = np.bincount(objects.ravel()) >= smallest
    stays[0] = False
    return np.asarray(stays[objects])
