"""Folders of small masks: labels, a good method and a bad one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.masks import save_mask, vessels


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
