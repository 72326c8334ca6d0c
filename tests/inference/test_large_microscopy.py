"""Images of a microscope by the shipped weights: their preparation in parts is that of memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.cli import main
from cldice_monai.data.formats import read_image
from cldice_monai.inference import large
from cldice_monai.inference.recipe import Recipe
from cldice_monai.volumes import block_plan
from tests.inference.test_large import save_zarr


def predict(*words: object) -> int:
    settings = ("--device", "cpu", "--roi", "32", "--precision", "float32", "--save-prob")
    return main(["predict", *map(str, words), *settings, "--max-memory", "8GB"])


@pytest.fixture
def nothing_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every image be too large, and cut it into small blocks."""
    monkeypatch.setattr(large, "_IDLE", 1 << 60)
    monkeypatch.setattr(block_plan, "_LARGEST", 32)


@pytest.fixture
def stack(image: np.ndarray) -> np.ndarray:
    """(40, 36, 24) float32: a network that saw its axes in another order would differ."""
    return np.ascontiguousarray(image[:, :36, :24])


def check_same(whole: Path, parts: Path, ending: str, threshold: float) -> None:
    probs = [read_image(run / f"scan_prob{ending}").array[0] for run in (whole, parts)]
    assert np.abs(probs[0] - probs[1]).max() < 1e-4
    decided = np.abs(probs[0] - threshold) > 1e-4
    masks = [read_image(run / f"scan_mask{ending}").array[0] for run in (whole, parts)]
    assert np.array_equal(masks[0][decided], masks[1][decided])
    assert decided.mean() > 0.99
    assert np.ptp(probs[0]) > 0.1  # the weights see the rods


@pytest.mark.parametrize("kind", ["nifti", "zarr"])
def test_parts_give_what_memory_gives(
    kind: str,
    save_scan: Callable[..., Path],
    tmp_path: Path,
    stack: np.ndarray,
    request: pytest.FixtureRequest,
):
    if kind == "nifti":
        scan, ending = save_scan(unit="micron", array=stack), ".nii.gz"
    else:
        pytest.importorskip("zarr")
        scan = save_zarr(tmp_path / "scan.ome.zarr", stack, unit="micrometer")
        ending = ".zarr"
    assert predict(scan, "-o", tmp_path / "whole") == 0
    request.getfixturevalue("nothing_fits")
    assert predict(scan, "-o", tmp_path / "parts") == 0
    threshold = float(Recipe().settings["threshold"])
    check_same(tmp_path / "whole", tmp_path / "parts", ending, threshold)


@pytest.mark.usefixtures("nothing_fits")
def test_a_wrong_unit_is_named_as_the_likely_cause(
    save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    scan = save_scan(unit="micron")
    image = nib.load(scan)
    image.header.set_zooms((10.0, 10.0, 50.0))
    image.set_sform(np.diag([10.0, 10, 50, 1]), 1)
    image.set_qform(None, 0)
    image.to_filename(scan)
    assert predict(scan, "-o", tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert "would be scaled 25 times" in error
    assert "most likely the unit is wrong" in error
    assert not list((tmp_path / "out").glob("scan*"))


@pytest.mark.usefixtures("nothing_fits")
def test_a_preparation_that_is_not_done_in_parts_is_refused(
    save_scan: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(Recipe, "steps_before", ("LoadCase", "Equalised"))
    assert predict(save_scan(), "-o", tmp_path / "out") == 1
    assert "prepare images by Equalised, which needs the whole image" in capsys.readouterr().err
