"""Topology-aware metrics that accumulate over batches as MONAI's do."""

from cldice_monai.metrics.betti_error import BettiErrorMetric, compute_betti_error
from cldice_monai.metrics.cldice import ClDiceMetric, compute_cldice

__all__ = [
    "BettiErrorMetric",
    "ClDiceMetric",
    "compute_betti_error",
    "compute_cldice",
]
