"""The vessel networks of a case's patches, read once for prediction and label."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cldice_monai.metrics.cases import Case
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.traced import trace_skeleton
from cldice_monai.topology.network import Network, traced_network

__all__ = ["networks_of"]


def networks_of(case: Case) -> Iterator[tuple[Network, Network]]:
    """Yield the networks of prediction and label, patch by patch.

    Args:
        case: its masks.

    Yields:
        Prediction and label.

    Example:
        >>> line = np.eye(8, dtype=bool)[None]
        >>> [(len(a.lines), len(b.lines)) for a, b in networks_of(Case(line, ~line & line, None))]
        [(1, 0)]
    """
    shape = case.label.shape[1:]
    both = np.stack([case.pred, case.label], axis=1)
    for pair in skeletonize(both):
        pred, label = (
            traced_network(trace_skeleton(item), shape=shape, spacing_mm=case.spacing_mm)
            for item in pair
        )
        yield pred, label
