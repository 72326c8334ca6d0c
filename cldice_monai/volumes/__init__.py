"""Volumes that are larger than memory: segmenting and measuring them part by part."""

from cldice_monai.data.boxwise.formats import open_volume, write_volume
from cldice_monai.data.boxwise.large_volume import LargeOutput, LargeVolume
from cldice_monai.volumes.cluster import predict_distributed
from cldice_monai.volumes.figures import blockwise_figures
from cldice_monai.volumes.large_settings import LargeSettings
from cldice_monai.volumes.memory import PeakMemory, format_bytes, memory_in_use, parse_bytes
from cldice_monai.volumes.predict import LargeResult, predict_large, predict_volume

__all__ = [
    "LargeOutput",
    "LargeResult",
    "LargeSettings",
    "LargeVolume",
    "PeakMemory",
    "blockwise_figures",
    "format_bytes",
    "memory_in_use",
    "open_volume",
    "parse_bytes",
    "predict_distributed",
    "predict_large",
    "predict_volume",
    "write_volume",
]
