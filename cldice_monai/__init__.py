"""clDice for MONAI: topology-aware losses, metrics, transforms and data for vessel segmentation."""

__version__ = "0.1.0"
