"""Small NIfTI files and folders of empty ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

OBLIQUE = np.array([[-0.5, 0.1, 0, 3], [0.1, 0.6, 0.05, -7], [0, -0.1, 2, 9], [0, 0, 0, 1]])


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write an array as NIfTI below tmp_path, oblique and anisotropic unless told otherwise."""

    def write(name: str, array: np.ndarray, affine: np.ndarray = OBLIQUE) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(array, affine), path)
        return path

    return write


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files below tmp_path; finding cases opens none of them."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make
