"""How the files of a case are read: one function each for image, label and mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cldice_monai.data.nifti import Volume, read_volume

__all__ = ["NIFTI", "CaseReaders"]


@dataclass(frozen=True)
class CaseReaders:
    """The functions that turn the paths of a `VesselCase` into volumes.

    All give float32 arrays (C, X, Y, Z), a picture as (C, H, W, 1), and raise
    `cldice_monai.errors.InputError` for files that cannot be used. They are functions of a module,
    so that a dataset that holds them reaches the worker processes of a DataLoader.

    Attributes:
        image: takes the list of a case's image files, one a channel or one with all.
        label: takes the label's path.
        mask: takes the mask's path.

    Example:
        >>> NIFTI.label is read_volume
        True
    """

    image: Callable[[Sequence[Path]], Volume]
    label: Callable[[Path], Volume]
    mask: Callable[[Path], Volume]


NIFTI = CaseReaders(image=read_volume, label=read_volume, mask=read_volume)
"""Everything is a NIfTI file."""
