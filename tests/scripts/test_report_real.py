"""Masks of the real volumes in one report, on tiny stand-ins."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from cldice_monai.workflows import save_weights
from cldice_monai.zero_shot import make_network


@pytest.fixture
def script(import_script):
    return import_script("report_real")


def test_threshold_and_weights_are_compared_on_the_volumes_grid(
    script, data: Path, tmp_path: Path, run_main
):
    torch.manual_seed(0)
    save_weights(make_network(), tmp_path / "seed_0.pt")
    words = ["--data", data, "--weights", tmp_path / "seed_0.pt", "--n-patches", 2]
    run_main(script, tmp_path / "out", *words)
    content = json.loads((tmp_path / "out" / "report" / "evaluation.json").read_text())
    assert list(content["methods"]) == ["triangle", "seed_0"]
    assert content["methods"]["triangle"]["summary"]["dice"]["mean"] == pytest.approx(1.0, abs=0.01)
    cases = content["methods"]["triangle"]["cases"]
    assert [case["case_id"] for case in cases] == ["lowerRes_hiSNR", "tgMouse"]
    assert cases[1]["spacing_mm"] == pytest.approx([0.000994, 0.000994, 0.005])
    label = nib.load(tmp_path / "out" / "labels" / "tgMouse.nii.gz")
    assert label.shape == (24, 24, 6), "x, y, z"
    bar = np.zeros(label.shape, bool)
    bar[:, 9:14, 2:4] = True
    assert np.array_equal(np.asarray(label.dataobj), bar)


def test_missing_volume_and_weights_of_one_name_are_named(
    script, data: Path, tmp_path: Path, run_main
):
    with pytest.raises(SystemExit, match="no such file; pass --data"):
        run_main(script, tmp_path / "out", "--data", data, "--volumes", "scored")
    weights = [tmp_path / folder / "triangle.pt" for folder in "ab"]
    with pytest.raises(SystemExit, match="need different file names"):
        run_main(script, tmp_path / "out", "--data", data, "--weights", *weights)
