"""The name of a case, taken from the name of one of its files."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["NIFTI_ENDINGS", "case_id", "strip_ending"]

NIFTI_ENDINGS = (".nii.gz", ".nii")
_LONG_ENDINGS = (*NIFTI_ENDINGS, ".ome.tif", ".ome.tiff", ".ome.zarr")

_CHANNEL_SUFFIX = re.compile(r"_\d{4}$")


def strip_ending(path: str | os.PathLike[str]) -> str:
    """Return the file name without its folder and its ending (``.nii.gz`` counts as one).

    Args:
        path: path or name of a file; it need not exist.

    Returns:
        The bare name, other dots kept.

    Example:
        >>> strip_ending("scans/mouse.v2.nii.gz")
        'mouse.v2'
    """
    name = Path(path).name
    for ending in _LONG_ENDINGS:
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return Path(name).stem


def case_id(path: str | os.PathLike[str]) -> str:
    """Return the case a file belongs to: its name without ending, ``_mask`` and channel number.

    The result is what outputs are named after. It looks at one name only; where a whole folder
    is known, `find_training_cases` and `find_inference_cases` tell a channel number from four
    digits that belong to the name (``scan_0007.nii.gz``), so prefer the ``case_id`` they give.

    Args:
        path: path or name of an image, a label or a mask; it need not exist.

    Returns:
        The case id, never empty for a file that has a name.

    Example:
        >>> case_id("raw/patchvolume_003_0001.nii.gz"), case_id("out/patchvolume_003_mask.nii.gz")
        ('patchvolume_003', 'patchvolume_003')
    """
    name = strip_ending(path)
    name = name.removesuffix("_mask") or name
    return _CHANNEL_SUFFIX.sub("", name) or name
