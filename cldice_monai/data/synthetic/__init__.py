"""The synthetic vessel generator."""

from cldice_monai.data.synthetic.dataset import SyntheticVesselDataset
from cldice_monai.data.synthetic.generate import GENERATOR_VERSION, generate_vessels
from cldice_monai.data.synthetic.presets import (
    DemandSettings,
    GeometrySettings,
    ImagingSettings,
    Preset,
    get_preset,
)
from cldice_monai.data.synthetic.sample import VesselEdge, VesselGraph, VesselSample
from cldice_monai.data.synthetic.write import write_synthetic_dataset

__all__ = [
    "GENERATOR_VERSION",
    "DemandSettings",
    "GeometrySettings",
    "ImagingSettings",
    "Preset",
    "SyntheticVesselDataset",
    "VesselEdge",
    "VesselGraph",
    "VesselSample",
    "generate_vessels",
    "get_preset",
    "write_synthetic_dataset",
]
