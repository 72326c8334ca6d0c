"""Networks, and how they start."""

from cldice_monai.networks.prior import start_from_prior

__all__ = ["start_from_prior"]
