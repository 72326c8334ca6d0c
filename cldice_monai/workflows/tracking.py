"""Experiment tracking, which MONAI adds to a run by ``--tracking mlflow``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from itertools import pairwise

from cldice_monai.errors import InputError

__all__ = ["require_tracking_package"]


def require_tracking_package(words: Sequence[str] | None = None) -> None:
    """Refuse a run with ``--tracking mlflow`` where mlflow is not installed.

    Args:
        words: the command line; None for that of this process.

    Raises:
        InputError: naming the extra to install.

    Example:
        >>> require_tracking_package(["--epochs", "3"])
    """
    words = sys.argv if words is None else words
    asked = "--tracking=mlflow" in words or ("--tracking", "mlflow") in pairwise(words)
    if asked and importlib.util.find_spec("mlflow") is None:
        raise InputError(
            "--tracking mlflow: mlflow is not installed; pip install 'cldice-monai[mlflow]'"
        )
