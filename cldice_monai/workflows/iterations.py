"""The iterations of the soft skeleton that a data set needs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor

from cldice_monai.data.nifti import Volume, read_volume
from cldice_monai.losses import suggest_iter
from cldice_monai.transforms import ResampleToWorkingGrid

__all__ = ["suggest_training_iter"]

_logger = logging.getLogger(__name__)


def suggest_training_iter(
    items: Iterable[Mapping[str, Any]],
    *,
    least: int = 3,
    most: int = 25,
    read_label: Callable[[Path], Volume] = read_volume,
    out_channels: int = 1,
    side_mm: float | None = None,
) -> int:
    """Return the ``iter_`` with which the thickest vessel of all labels is thinned completely.

    Args:
        items: dictionaries whose "label" is the path of a label.
        least: never less than this, because a prediction may be thicker than any label.
        most: never more than this; vessels that are still thicker keep a core in their skeleton,
            which the loss counts as skeleton.
        read_label: reads a label.
        out_channels: channels of the network's output. From 3 on labels hold the numbers of the
            classes, each of which is thinned by itself; with fewer vessel is every value > 0.
        side_mm: side of the working grid that the labels are trained on; None for their own.

    Returns:
        Number of iterations, between ``least`` and ``most``.

    Example:
        >>> import nibabel, tempfile
        >>> tube = np.zeros((11, 11, 20), np.uint8)
        >>> tube[1:10, 1:10] = 1  # of 9 voxels across
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     nibabel.save(nibabel.Nifti1Image(tube, np.eye(4)), Path(folder, "a.nii.gz"))
        ...     suggest_training_iter([{"label": Path(folder, "a.nii.gz")}])
        4

    Reference:
        Shit et al., CVPR 2021, section 4.1 (k at least the largest radius; 5 to 25 there).
    """
    labels = (_label(read_label(Path(item["label"])), out_channels, side_mm) for item in items)
    needed = suggest_iter(labels)
    iter_ = min(max(needed, least), most)
    _logger.info("soft skeleton: iter_ = %d (the thickest vessel needs %d)", iter_, needed)
    return iter_


def _label(volume: Volume, out_channels: int, side_mm: float | None) -> np.ndarray:
    """Return (1, 1, X, Y, Z) of one value, or of class numbers; a picture without its depth."""
    array = volume.array if out_channels > 2 else volume.array > 0
    if side_mm is not None:
        label = MetaTensor(torch.from_numpy(array.astype(np.uint8)), affine=volume.affine)
        label.meta["mm_per_unit"] = volume.mm_per_unit
        array = ResampleToWorkingGrid(side_mm, "label")(label).numpy().astype(array.dtype)
    return (array[..., 0] if array.shape[-1] == 1 else array)[None]
