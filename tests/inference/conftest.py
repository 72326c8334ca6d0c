"""Image files with a few bright rods in them, and a network that does no more than a threshold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from cldice_monai.inference.recipe import Recipe
from tests.conftest import AFFINE, rods


@pytest.fixture
def image() -> np.ndarray:
    """(40, 40, 40) float32, bright rods in noise."""
    noise = np.random.default_rng(0).normal(50, 5, (40, 40, 40))
    return (100 * rods(0) + noise).astype(np.float32)


@pytest.fixture
def save_scan(tmp_path: Path, image: np.ndarray) -> Callable[..., Path]:
    """Writer of one image as NIfTI with voxels of 1 x 1 x 2 mm."""

    def save(
        name: str = "scan.nii.gz", *, unit: str | None = "mm", array: np.ndarray | None = None
    ) -> Path:
        path = tmp_path / "scans" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        file = nib.Nifti1Image(image if array is None else array, AFFINE)
        if unit is not None:
            file.header.set_xyzt_units(unit)
        nib.save(file, path)
        return path

    return save


class Bright(torch.nn.Module):
    """Logits that are above 0 where the prepared image, from 0 to 1, is above one half."""

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        return 4 * (window[:, :1] - 0.5)


@pytest.fixture
def threshold_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every recipe segment by `Bright`: exact, and at once."""
    make = Recipe.__init__

    def init(self: Recipe, **options: object) -> None:
        make(self, **options)  # type: ignore[arg-type]
        self.network = Bright()

    monkeypatch.setattr(Recipe, "__init__", init)
