"""Every figure of a prediction against its label, by patch and by volume."""

from cldice_monai.evaluation.patches import patch_figures
from cldice_monai.evaluation.radius_bins import RadiusBin, misses_by_radius
from cldice_monai.evaluation.volume import VolumeFigures, volume_figures

__all__ = ["RadiusBin", "VolumeFigures", "misses_by_radius", "patch_figures", "volume_figures"]
