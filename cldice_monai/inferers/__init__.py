"""How a network is run over an image."""

from cldice_monai.inferers.autocast import AutocastInferer, cpu_has_bfloat16
from cldice_monai.inferers.flip import FlipInferer
from cldice_monai.inferers.scales import ScaleAverageInferer

__all__ = ["AutocastInferer", "FlipInferer", "ScaleAverageInferer", "cpu_has_bfloat16"]
