"""Small volumes on disk, the real ones beside the repository, and the bundle's command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from tests.evaluation.masks import save_mask, vessels
from tests.layouts import Layouts

ROOT = Path(__file__).parents[1]
AFFINE = np.array([[1.0, 0, 0, -3], [0, 1.0, 0, 5], [0, 0, 2.0, 7], [0, 0, 0, 1]])


@pytest.fixture(scope="session")
def root() -> Path:
    """Root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real volumes beside the repository; the test is skipped without it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real volumes are not here: ../shared/data is missing")
    return folder


def rods(seed: int = 0, *, size: int = 40, radius: int = 2) -> np.ndarray:
    """A few straight vessels along the three axes, as a boolean cube."""
    rng = np.random.default_rng(seed)
    label = np.zeros((size, size, size), bool)
    for axis in (0, 1, 2):
        row, column = rng.integers(radius + 2, size - radius - 2, 2)
        index: list[slice] = [slice(row - radius, row + radius + 1)] * 3
        index[(axis + 1) % 3] = slice(column - radius, column + radius + 1)
        index[axis] = slice(2, size - 2)
        label[tuple(index)] = True
    return label


def save_nifti(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    """Write an array as NIfTI, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Factory of a small imagesTr/labelsTr folder with bright vessels in noise."""

    def make(
        n: int = 3, *, n_test: int = 0, n_channels: int = 1, size: int = 40, name: str = "dataset"
    ) -> Path:
        folder = tmp_path / name
        for i in range(n + n_test):
            rng = np.random.default_rng(i)
            label = rods(i, size=size)
            channels = [100 * label + rng.normal(50, 5, label.shape) for _ in range(n_channels)]
            image = np.stack(channels, -1) if n_channels > 1 else channels[0]
            part = "Tr" if i < n else "Ts"
            save_nifti(folder / f"images{part}" / f"case_{i}.nii.gz", image.astype(np.float32))
            save_nifti(folder / f"labels{part}" / f"case_{i}.nii.gz", label.astype(np.uint8))
        return folder

    return make


@pytest.fixture
def make_masks(tmp_path: Path) -> Callable[[int], Path]:
    """Factory of a folder with ``labels``, ``good`` (a little eroded noise) and ``bad`` masks."""

    def make(n_cases: int) -> Path:
        for i in range(n_cases):
            label = vessels(i)
            noise = np.random.default_rng(100 + i).random(label.shape)
            save_mask(tmp_path / "labels" / f"case_{i}.nii.gz", label)
            save_mask(tmp_path / "good" / f"case_{i}_mask.nii.gz", label & (noise > 0.01))
            save_mask(tmp_path / "bad" / f"case_{i}_mask.nii.gz", label & (noise > 0.3))
        return tmp_path

    return make


@pytest.fixture
def run_bundle(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one of the bundle's configs as a user does; relative paths start in an empty folder."""

    def run(config: str, *words: str, **overrides: object) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "working_directory"
        folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "monai.bundle", "run", *words]
        command += ["--bundle_root", str(ROOT / "bundle")]
        command += ["--config_file", str(ROOT / "bundle" / "configs" / f"{config}.json")]
        for key, value in overrides.items():
            command += [f"--{key}", str(value)]
        quiet = "ignore:parsing config_file:UserWarning"  # MONAI's word on configs in general
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": quiet}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    """Writer of the published datasets below tmp_path."""
    return Layouts(tmp_path)
