"""Finding, reading, checking and writing volumes."""

from __future__ import annotations

from cldice_monai.data.case_id import case_id
from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import (
    CheckedCases,
    check_inference_cases,
    check_training_cases,
    raise_if_any,
)
from cldice_monai.data.find_cases import (
    FoundCases,
    find_inference_cases,
    find_training_cases,
    split_cases,
)
from cldice_monai.data.nifti import NiftiVolumeReader, Volume, read_volume, write_like

__all__ = [
    "CheckedCases",
    "FoundCases",
    "NiftiVolumeReader",
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
