"""clDice for MONAI: topology-aware losses, metrics, transforms and data for vessel segmentation.

The names here are those that configs and training code need most; everything else is in the
subpackages (`cldice_monai.transforms`, `cldice_monai.data`, `cldice_monai.topology`, ...).
"""

from cldice_monai.errors import InputError
from cldice_monai.losses import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.metrics import BettiErrorMetric, ClDiceMetric
from cldice_monai.skeleton import soft_skeleton

__version__ = "0.1.0"

__all__ = [
    "BettiErrorMetric",
    "ClDiceMetric",
    "InputError",
    "SoftDiceclDiceLoss",
    "SoftclDiceLoss",
    "soft_skeleton",
]
