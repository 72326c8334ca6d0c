"""Every figure of every patch of a case: overlap, topology and network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import Mask, as_mask, check_same_shape
from cldice_monai.skeleton.traced import trace_skeleton
from cldice_monai.topology.betti import batched_betti_numbers
from cldice_monai.topology.network import Network, traced_network
from cldice_monai.topology.opt_junction import count_junctions
from cldice_monai.topology.streetmover import network_distance

__all__ = ["figures_with_skeletons", "patch_figures"]

AT_ONCE = 8  # patches: the arrays of more would leave the processor's cache

_Array = npt.NDArray[np.float64]
_Masks = npt.NDArray[np.bool_]


def patch_figures(
    pred: Mask, label: Mask, *, n_points: int = 100, th_snap: float = 5.0
) -> dict[str, _Array]:
    """Measure patches of a prediction and the same patches of its label.

    Args:
        pred: (N, H, W) or (N, H, W, D), binary.
        label: the same shape.
        n_points: points of the StreetMover distance.
        th_snap: voxels within which Opt-J matches junctions and ends.

    Returns:
        One (N,) float64 array a figure, NaN where a patch has nothing to measure: dice, accuracy,
        cldice, tprec, tsens; b0, b1 (and b2 in 3D) of both masks as ``b0_pred``, ``b0_label``, ...;
        and euler of both and the absolute differences as ``b0_error``, ..., ``euler_error``;
        streetmover, and one_empty (1 where one network alone is empty, else 0); the Opt-J counts
        ``branches_matched``, ``branches_predicted``,
        ``branches_labelled`` and ``opt_junction_f1`` of the patch; ``lost_loops_pred`` and
        ``lost_loops_label``: b1 of the mask - cycle rank of its network, not 0 where junctions run
        into each other or walls enclose a cavity.

    Raises:
        TypeError: patches hold no numbers.
        ValueError: shapes differ, or patches are not binary.

    Example:
        >>> fork = np.zeros((1, 9, 9), bool)
        >>> fork[0, 4, :] = fork[0, 4:, 4] = True
        >>> found = patch_figures(fork, fork)
        >>> [float(found[name][0]) for name in ("dice", "cldice", "b0_pred", "streetmover")]
        [1.0, 1.0, 1.0, 0.0]

    Reference:
        Shit et al., clDice, CVPR 2021, section 5.2 and appendices H.1 to H.3.
    """
    check_same_shape(pred, label)
    pred = as_mask(pred, name="pred", ranks=(3, 4))
    label = as_mask(label, name="label", ranks=(3, 4))
    parts = []
    for start in range(0, max(len(pred), 1), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        both = np.stack([pred[some], label[some]], axis=1)
        skeletons = np.asarray(skeletonize(both))
        parts.append(figures_with_skeletons(both, skeletons, n_points=n_points, th_snap=th_snap))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def figures_with_skeletons(
    both: _Masks, skeletons: _Masks, *, n_points: int = 100, th_snap: float = 5.0
) -> dict[str, _Array]:
    """Measure masks whose skeletons are known; see `patch_figures`.

    Args:
        both: (N, 2, H, W) or (N, 2, H, W, D) boolean: prediction and label.
        skeletons: of ``both``.
        n_points: points of the StreetMover distance.
        th_snap: voxels within which Opt-J matches junctions and ends.

    Returns:
        One (N,) float64 array a figure.
    """
    figures = _overlaps(both, skeletons) | _topology(both)
    networks = [(_network(pred), _network(label)) for pred, label in skeletons]
    figures |= _network_figures(networks, n_points=n_points, th_snap=th_snap)
    for side, name in enumerate(("pred", "label")):
        n_extra = [len(pair[side].lines) - len(pair[side].nodes) for pair in networks]
        figures[f"lost_loops_{name}"] = figures[f"b1_{name}"] - figures[f"b0_{name}"] - n_extra
    return figures


def _overlaps(both: _Masks, skeletons: _Masks) -> dict[str, _Array]:
    pred, label = both[:, 0], both[:, 1]
    thin_pred, thin_label = skeletons[:, 0], skeletons[:, 1]
    size = float(pred[0].size)
    tprec = _share(_count(thin_pred & label), _count(thin_pred), _count(label))
    tsens = _share(_count(thin_label & pred), _count(thin_label), _count(label))
    return {
        "dice": _share(2 * _count(pred & label), _count(pred) + _count(label), _count(label)),
        "accuracy": _count(pred == label) / size,
        "cldice": _share(2 * tprec * tsens, tprec + tsens, _count(label)),
        "tprec": tprec,
        "tsens": tsens,
    }


def _count(masks: _Masks) -> _Array:
    return masks.reshape(len(masks), -1).sum(axis=1).astype(np.float64)


def _share(part: _Array, whole: _Array, label: _Array) -> _Array:
    """Divide; 0 where there is nothing to divide by, NaN where the label is empty."""
    share = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return np.where(label > 0, share, np.nan)


def _topology(both: _Masks) -> dict[str, _Array]:
    numbers = np.asarray(batched_betti_numbers(both), dtype=np.float64)
    signs = (-1.0) ** np.arange(numbers.shape[-1])
    named = {f"b{k}": numbers[..., k] for k in range(numbers.shape[-1])}
    named["euler"] = numbers @ signs
    sides = {
        f"{name}_{side}": values[:, number]
        for name, values in named.items()
        for number, side in enumerate(("pred", "label"))
    }
    return sides | {f"{name}_error": np.abs(v[:, 0] - v[:, 1]) for name, v in named.items()}


def _network_figures(
    networks: Sequence[tuple[Network, Network]], *, n_points: int, th_snap: float
) -> dict[str, _Array]:
    rows = []
    for pred, label in networks:
        distance = network_distance(pred, label, n_points=n_points, unit="patch", method="exact")
        counts = count_junctions(pred, label, th_snap, matching="optimal")
        one_empty = pred.is_empty() != label.is_empty()
        rows.append(
            [distance, one_empty, counts.matched, counts.predicted, counts.labelled, counts.f1]
        )
    names = [
        "streetmover",
        "one_empty",
        "branches_matched",
        "branches_predicted",
        "branches_labelled",
    ]
    names.append("opt_junction_f1")
    return dict(zip(names, np.array(rows, dtype=np.float64).T, strict=True))


def _network(skeleton: _Masks) -> Network:
    return traced_network(trace_skeleton(skeleton), shape=skeleton.shape)
