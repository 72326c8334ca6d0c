"""What every workflow does first."""

from __future__ import annotations

import os
from pathlib import Path

import monai.utils

from cldice_monai.errors import show_input_errors_as_one_line
from cldice_monai.files import require_writable_folder

__all__ = ["start_workflow"]


def start_workflow(output_dir: str | os.PathLike[str], *, seed: int | None = None) -> Path:
    """Set up error lines and seeds, and make sure that results can be written.

    Args:
        output_dir: folder for the results; it is made.
        seed: seeds Python, numpy and torch (`monai.utils.set_determinism`) unless None.

    Returns:
        The folder as a path.

    Raises:
        InputError: if the folder cannot be written.
    """
    show_input_errors_as_one_line()
    if seed is not None:
        monai.utils.set_determinism(seed=seed)
    return require_writable_folder(output_dir, argument="output_dir")
