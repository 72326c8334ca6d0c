"""Pictures and tables that show a person what a segmentation got right and wrong."""

from cldice_monai.report.evaluation_report import EvaluationRequest, write_evaluation
from cldice_monai.report.panel import COLOURS
from cldice_monai.report.preview import draw_preview, save_preview
from cldice_monai.report.projection import project

__all__ = [
    "COLOURS",
    "EvaluationRequest",
    "draw_preview",
    "project",
    "save_preview",
    "write_evaluation",
]
