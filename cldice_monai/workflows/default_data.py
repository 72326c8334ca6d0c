"""The data that a workflow uses when it is given none: a small synthetic set, made on demand."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from cldice_monai.data.synthetic import write_synthetic_dataset
from cldice_monai.errors import InputError

__all__ = ["DEFAULT_DATASET_DIR", "ensure_default_data"]

DEFAULT_DATASET_DIR = Path("data/synthetic")
"""Where the bundle trains if nobody names a folder; relative to the working directory."""

_COUNTS = (8, 2, 1)  # training, validation, test
_SIZE = 96
_logger = logging.getLogger(__name__)


def ensure_default_data(dataset_dir: str | os.PathLike[str]) -> None:
    """Make the default synthetic volumes if ``dataset_dir`` is the default and not there yet.

    Any other folder is left alone: a path that a user gave and that is missing is an error for
    whoever reads it, never a reason to invent data.

    Args:
        dataset_dir: the folder that a workflow is about to read.

    Example:
        >>> ensure_default_data("scans_of_mine")  # missing, and not invented
        >>> Path("scans_of_mine").exists()
        False
    """
    folder = Path(dataset_dir)
    if folder != DEFAULT_DATASET_DIR or folder.exists():
        return
    n_volumes = sum(_COUNTS)
    _logger.info("%s is not there yet: making %d synthetic volumes", folder, n_volumes)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_synthetic_dataset(
            folder,
            counts=_COUNTS,
            size=_SIZE,
            preset="paper",
            seed=0,
            progress=_logger.info,
        )
    except InputError:
        if not folder.exists():  # else another process of this training was first, with the same
            raise
