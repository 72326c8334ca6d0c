"""Every figure of a prediction against its label, by patch and by volume; of whole folders, too."""

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.patches import patch_figures
from cldice_monai.evaluation.radius_bins import RadiusBin, misses_by_radius
from cldice_monai.evaluation.run import evaluate
from cldice_monai.evaluation.volume import VolumeFigures, volume_figures

__all__ = [
    "EvaluationSettings",
    "RadiusBin",
    "VolumeFigures",
    "evaluate",
    "misses_by_radius",
    "patch_figures",
    "volume_figures",
]
