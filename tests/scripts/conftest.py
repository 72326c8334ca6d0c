"""Stand-ins for the real volumes that scripts read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def data(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for the development volumes: a bright bar in noise; the others are not there."""
    monkeypatch.syspath_prepend(str(root / "scripts"))
    from real_volumes import VOLUMES

    folder = tmp_path / "data"
    rng = np.random.default_rng(0)
    for volume in VOLUMES.values():
        if volume.part != "development":
            continue
        label = np.zeros((6, 24, 24), np.uint8)
        label[2:4, 9:14] = 255
        image = np.clip(rng.normal(20, 4, label.shape) + 0.6 * label, 0, 255).astype(np.uint8)
        for name, array in ((volume.image, image), (volume.label, label)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            first, *others = [Image.fromarray(page) for page in array]
            first.save(folder / name, save_all=True, append_images=others)
    return folder
