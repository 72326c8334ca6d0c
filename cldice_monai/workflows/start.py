"""What every workflow does first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import monai.utils
import torch

from cldice_monai.data.places import require_channel_count
from cldice_monai.errors import InputError, show_input_errors_as_one_line
from cldice_monai.files import as_path, require_writable_folder
from cldice_monai.workflows.overrides import check_overrides

__all__ = ["check_device", "check_roi", "start_workflow"]


def start_workflow(
    output_dir: str | os.PathLike[str],
    *,
    roi: Sequence[int],
    device: str | torch.device,
    in_channels: int = 1,
    out_channels: int = 1,
    epochs: int = 1,
    seed: int | None = None,
) -> Path:
    """Set up error lines and seeds, and refuse settings that are misspelt or would fail later.

    Args:
        output_dir: folder for the results; it is made.
        roi: voxels of a window along each axis, three numbers for volumes and two for pictures;
            `cldice_monai.workflows.check_network` tells whether the network takes such windows.
        device: name of the torch device.
        in_channels: channels of the images.
        out_channels: channels of the network's output: 1, or as many as classes with the
            background.
        epochs: passes over the training data.
        seed: seeds Python, numpy and torch (`monai.utils.set_determinism`) unless None.

    Returns:
        The folder as a path.

    Raises:
        InputError: if a setting cannot be used or the folder cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = start_workflow(Path(folder, "out"), roi=[64, 64, 32], device="cpu")
        ...     made.name, made.is_dir()
        ('out', True)
    """
    show_input_errors_as_one_line()
    check_overrides()
    folder = as_path(output_dir, argument="output_dir")
    check_roi(roi)
    check_device(device)
    require_channel_count(in_channels)
    if isinstance(out_channels, bool) or not isinstance(out_channels, int) or out_channels < 1:
        raise InputError(
            "out_channels must be 1, or the number of classes with the background, "
            f"got {out_channels!r}"
        )
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise InputError(f"epochs must be a whole number of 1 or more, got {epochs}")
    if seed is not None:
        _check_seed(seed)
        monai.utils.set_determinism(seed=seed)
    return require_writable_folder(folder, argument="output_dir")


def check_roi(roi: Sequence[int]) -> None:
    """Check the sides of a window.

    Args:
        roi: voxels along each axis, two or three numbers.

    Raises:
        InputError: if they are not two or three whole numbers of 1 or more.

    Example:
        >>> check_roi([64, 64, 32])
        >>> check_roi([64, 64, 32.5])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: roi must be three whole numbers, or two for pictures, ...
    """
    fits = isinstance(roi, list | tuple) and len(roi) in (2, 3)
    if not fits or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in roi):
        raise InputError(
            f"roi must be three whole numbers, or two for pictures, got {roi}; for example --roi "
            "'[64,64,32]' or --roi '[64,64]'"
        )


def _check_seed(seed: object) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed must be a whole number of 0 or more, got {seed!r}")


def check_device(device: str | torch.device) -> None:
    """Check that torch knows a device, and that it is there.

    Args:
        device: "cpu", "cuda" or "cuda:N", or such a torch device.

    Raises:
        InputError: if not.

    Example:
        >>> check_device("cpu")
        >>> check_device("gpu")
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: device gpu is not known to torch; use cpu or cuda
    """
    try:
        kind = torch.device(device).type
    except (RuntimeError, TypeError) as error:  # a TypeError for --device without a value
        raise InputError(f"device {device} is not known to torch; use cpu or cuda") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {device}: there is no CUDA device here; use --device cpu")
