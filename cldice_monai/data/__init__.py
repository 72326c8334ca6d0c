"""Finding, reading, checking and writing volumes."""

from __future__ import annotations

from .case_id import case_id
from .cases import VesselCase
from .nifti import NiftiVolumeReader, Volume, read_volume, write_like

__all__ = [
    "NiftiVolumeReader",
    "VesselCase",
    "Volume",
    "case_id",
    "read_volume",
    "write_like",
]
