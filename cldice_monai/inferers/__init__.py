"""How a network is run over an image."""

from cldice_monai.inferers.autocast import AutocastInferer, cpu_has_bfloat16

__all__ = ["AutocastInferer", "cpu_has_bfloat16"]
