"""What every workflow does first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import monai.utils
import torch

from cldice_monai.errors import InputError, show_input_errors_as_one_line
from cldice_monai.files import as_path, require_writable_folder
from cldice_monai.workflows.overrides import check_overrides

__all__ = ["start_workflow"]

_LEAST_ROI = 16  # three times halved by the network, with two voxels left to normalise


def start_workflow(
    output_dir: str | os.PathLike[str],
    *,
    roi: Sequence[int],
    device: str | torch.device,
    epochs: int = 1,
    seed: int | None = None,
) -> Path:
    """Set up error lines and seeds, and refuse settings that are misspelt or would fail later.

    Args:
        output_dir: folder for the results; it is made.
        roi: voxels of a window along each axis; multiples of 8, because the network halves its
            input three times.
        device: name of the torch device.
        epochs: passes over the training data.
        seed: seeds Python, numpy and torch (`monai.utils.set_determinism`) unless None.

    Returns:
        The folder as a path.

    Raises:
        InputError: if a setting cannot be used or the folder cannot be written.
    """
    show_input_errors_as_one_line()
    check_overrides()
    folder = as_path(output_dir, argument="output_dir")
    _check_roi(roi)
    _check_device(device)
    if not isinstance(epochs, int) or epochs < 1:
        raise InputError(f"epochs must be a whole number of 1 or more, got {epochs}")
    if seed is not None:
        monai.utils.set_determinism(seed=seed)
    return require_writable_folder(folder, argument="output_dir")


def _check_roi(roi: Sequence[int]) -> None:
    fits = isinstance(roi, list | tuple) and len(roi) == 3
    if not fits or any(not isinstance(n, int) or n < _LEAST_ROI or n % 8 for n in roi):
        raise InputError(
            f"roi must be three multiples of 8, each {_LEAST_ROI} or more, got {roi}; "
            "for example --roi '[64,64,32]'"
        )


def _check_device(device: str | torch.device) -> None:
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise InputError(f"device {device} is not known to torch; use cpu or cuda") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {device}: there is no CUDA device here; use --device cpu")
