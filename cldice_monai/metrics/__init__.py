"""Topology-aware metrics that accumulate over batches as MONAI's do."""

from cldice_monai.metrics.betti_error import BettiErrorMetric, compute_betti_error
from cldice_monai.metrics.cldice import ClDiceMetric, compute_cldice
from cldice_monai.metrics.euler_error import EulerErrorMetric, compute_euler_error
from cldice_monai.metrics.opt_junction import OptJunctionF1Metric, compute_opt_junction_f1
from cldice_monai.metrics.skeleton_coverage import (
    SkeletonCoverageMetric,
    compute_skeleton_coverage,
)
from cldice_monai.metrics.streetmover import (
    StreetMoverDistanceMetric,
    compute_streetmover_distance,
)
from cldice_monai.topology.patches import PatchSampler

__all__ = [
    "BettiErrorMetric",
    "ClDiceMetric",
    "EulerErrorMetric",
    "OptJunctionF1Metric",
    "PatchSampler",
    "SkeletonCoverageMetric",
    "StreetMoverDistanceMetric",
    "compute_betti_error",
    "compute_cldice",
    "compute_euler_error",
    "compute_opt_junction_f1",
    "compute_skeleton_coverage",
    "compute_streetmover_distance",
]
