"""The vessel networks of a case's patches, read once for prediction and label."""

from __future__ import annotations

from collections.abc import Iterator

from cldice_monai.metrics.cases import Case
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.mask import as_mask
from cldice_monai.skeleton.traced import trace_skeleton
from cldice_monai.topology.network import Network, traced_network

__all__ = ["networks_of"]


def networks_of(case: Case) -> Iterator[tuple[Network, Network]]:
    """Yield the networks of prediction and label, patch by patch.

    Masks on a GPU are thinned there; their skeletons are copied to the CPU, where they are traced.

    Args:
        case: its masks.

    Yields:
        Prediction and label.

    Example:
        >>> import numpy as np
        >>> line = np.eye(8, dtype=bool)[None]
        >>> [(len(a.lines), len(b.lines)) for a, b in networks_of(Case(line, ~line & line, None))]
        [(1, 0)]
    """
    shape = case.label.shape[1:]
    skeletons = as_mask(skeletonize(case.both()), ranks=(4, 5))
    for pair in zip(*skeletons, strict=True):
        pred, label = (
            traced_network(trace_skeleton(item), shape=shape, spacing_mm=case.spacing_mm)
            for item in pair
        )
        yield pred, label
