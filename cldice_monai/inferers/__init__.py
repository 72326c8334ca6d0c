"""How a network is run over an image."""

from cldice_monai.inferers.autocast import AutocastInferer, cpu_has_bfloat16
from cldice_monai.inferers.fallback import FallbackInferer
from cldice_monai.inferers.flip import FlipInferer
from cldice_monai.inferers.scales import ScaleAverageInferer
from cldice_monai.inferers.slab import SlabInferer

__all__ = [
    "AutocastInferer",
    "FallbackInferer",
    "FlipInferer",
    "ScaleAverageInferer",
    "SlabInferer",
    "cpu_has_bfloat16",
]
