"""Small NIfTI files, folders of empty ones, and datasets prepared into a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data.prepare import PreparedDataset, prepare_dataset
from cldice_monai.data.source_names import source_named

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


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., PreparedDataset]:
    """Prepare into tmp_path/out, quietly; what would be printed is in ``prepare.shown``."""
    shown: list[str] = []

    def run(
        name: str, root: Path, target: Path | None = None, channels: int | None = None, **words: Any
    ) -> PreparedDataset:
        source = source_named(name, in_channels=channels)
        target = target or tmp_path / "out"
        return prepare_dataset(source, root, target, show=shown.append, **words)

    run.shown = shown
    return run
