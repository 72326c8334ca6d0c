"""Networks, and how they start."""

from cldice_monai.networks.classic_unet import ClassicUNet
from cldice_monai.networks.fcn import ConvolutionalNet
from cldice_monai.networks.paper import paper_network
from cldice_monai.networks.prior import start_from_prior

__all__ = ["ClassicUNet", "ConvolutionalNet", "paper_network", "start_from_prior"]
