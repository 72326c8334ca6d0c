"""Finding, reading, checking and writing volumes; the published datasets."""

from __future__ import annotations

from cldice_monai.data.case_id import case_id
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import (
    CheckedCases,
    check_inference_cases,
    check_training_cases,
    raise_if_any,
)
from cldice_monai.data.cremi import CREMIDataset
from cldice_monai.data.decathlon_dataset import DecathlonListDataset
from cldice_monai.data.deepvesselnet import DeepVesselNetDataset
from cldice_monai.data.drive import DRIVEDataset
from cldice_monai.data.fill_outside_mask import FillOutsideMask
from cldice_monai.data.find_cases import (
    FoundCases,
    find_inference_cases,
    find_training_cases,
    split_cases,
)
from cldice_monai.data.folder_dataset import FolderDataset
from cldice_monai.data.load_case import LoadCase
from cldice_monai.data.massachusetts_roads import MassachusettsRoadsDataset
from cldice_monai.data.nifti import NiftiVolumeReader, Volume, read_volume, write_like
from cldice_monai.data.vessap_dataset import VesSAPDataset
from cldice_monai.data.vessel_dataset import CaseDataset

__all__ = [
    "CREMIDataset",
    "CaseDataset",
    "CheckedCases",
    "DRIVEDataset",
    "DecathlonListDataset",
    "DeepVesselNetDataset",
    "FillOutsideMask",
    "FolderDataset",
    "FoundCases",
    "LoadCase",
    "MassachusettsRoadsDataset",
    "NiftiVolumeReader",
    "VesSAPDataset",
    "VesselCase",
    "Volume",
    "case_id",
    "check_inference_cases",
    "check_training_cases",
    "find_inference_cases",
    "find_training_cases",
    "raise_if_any",
    "read_volume",
    "split_cases",
    "write_like",
]
