"""The benchmark of the inference: the same windows and weights, and how the masks agree."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest


@pytest.fixture(scope="module")
def script(root):
    path = root / "scripts" / "benchmark_inference.py"
    spec = importlib.util.spec_from_file_location("benchmark_inference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_agreement_of_masks(script):
    first, second = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    assert script.dice(first, second) == 1.0
    first[0] = second[:, 0] = True
    assert script.dice(first, second) == pytest.approx(2 * 1 / 6)


def test_float32_path_gives_the_mask_of_monai(script, monkeypatch):
    monkeypatch.setattr(script, "WINDOW", 32)
    volume, label = script.synthetic_case((48, 40, 32))
    masks = {path: script.make_run(path, volume)() for path in script.PATHS}
    assert 0 < masks["monai"].sum() < masks["monai"].size
    assert script.dice(masks["ours_float32"], masks["monai"]) >= 0.9999
    assert script.dice(masks["ours"], masks["monai"]) >= 0.98
    assert 0 < script.score(masks["monai"], label)[0] < 1
