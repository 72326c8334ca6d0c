"""Training on real two-photon stacks and inference on a real OCT angiography volume."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

pytestmark = pytest.mark.real_data


def test_two_photon_training_segments_an_oct_volume_it_has_never_seen(
    root: Path, shared_data: Path, tmp_path: Path
):
    command = [sys.executable, root / "scripts" / "check_real_data.py"]
    command += ["--data", shared_data, "--work-dir", tmp_path, "--epochs", "20"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Otsu's threshold" in result.stdout

    mask = nib.load(tmp_path / "output" / "octa_mask.nii.gz")
    image = nib.load(tmp_path / "octa" / "imagesTs" / "octa.nii.gz")
    assert mask.shape == image.shape == (128, 128, 64)
    assert np.array_equal(mask.affine, image.affine)
    scores = json.loads((tmp_path / "output" / "metrics.json").read_text())["cases"]["octa"]
    # Vessels fill 16 % of the volume: a mask of everything has Dice 0.27, and a skeleton laid at
    # random has Tprec 0.16. clDice alone would not do: the skeleton of a full box is one voxel.
    assert scores["scores"]["dice"] > 0.35
    assert scores["scores"]["tprec"] > 0.22
    assert scores["scores"]["tsens"] > 0.5
    assert scores["n_vessel_voxels"] < 0.6 * 128 * 128 * 64
