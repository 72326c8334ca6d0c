"""clDice for MONAI: topology-aware losses, metrics, transforms and data for vessel segmentation.

The names here are those that configs and training code need most; everything else is in the
subpackages (`cldice_monai.transforms`, `cldice_monai.data`, `cldice_monai.topology`, ...).
"""

from cldice_monai.bundle_folder import bundle_dir
from cldice_monai.errors import InputError
from cldice_monai.inference.array import predict
from cldice_monai.losses import (
    ClDiceDeepSupervisionLoss,
    CompoundclDiceLoss,
    SoftclDiceLoss,
    SoftDiceclDiceLoss,
    suggest_iter,
)
from cldice_monai.metrics import (
    BettiErrorMetric,
    ClDiceMetric,
    EulerErrorMetric,
    OptJunctionF1Metric,
    SkeletonCoverageMetric,
    StreetMoverDistanceMetric,
)
from cldice_monai.skeleton import skeletonize, soft_skeleton

__version__ = "0.1.0"

__all__ = [
    "BettiErrorMetric",
    "ClDiceDeepSupervisionLoss",
    "ClDiceMetric",
    "CompoundclDiceLoss",
    "EulerErrorMetric",
    "InputError",
    "OptJunctionF1Metric",
    "SkeletonCoverageMetric",
    "SoftDiceclDiceLoss",
    "SoftclDiceLoss",
    "StreetMoverDistanceMetric",
    "bundle_dir",
    "predict",
    "skeletonize",
    "soft_skeleton",
    "suggest_iter",
]
