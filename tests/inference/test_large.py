"""Cases that are segmented in parts, and OME-Zarr images, give the mask of memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.cli import main
from cldice_monai.data.formats import read_image
from cldice_monai.inference import large

pytest.importorskip("zarr")
pytestmark = pytest.mark.usefixtures("threshold_network")


def predict(*words: object) -> int:
    return main(["predict", *map(str, words), "--device", "cpu", "--max-memory", "8GB"])


@pytest.fixture
def nothing_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every image that can be read in parts be too large."""
    monkeypatch.setattr(large, "_IDLE", 1 << 60)


def save_zarr(path: Path, image: np.ndarray, unit: str = "millimeter") -> Path:
    """Write (X, Y, Z) as an OME-Zarr image of z, y, x with voxels of 2 x 1 x 1 of a unit."""
    from cldice_monai.data.boxwise.ome_metadata import stack_image
    from cldice_monai.data.boxwise.ome_zarr import write_ome_zarr

    kind = stack_image(sides=(2, 1, 1), unit=unit)
    array = image.transpose(2, 1, 0)
    with write_ome_zarr(path, shape=array.shape, image=kind, dtype="float32") as output:
        output.write(tuple(slice(0, n) for n in array.shape), array)
    return path


def report(folder: Path) -> dict:
    return json.loads((folder / "scan_report.json").read_text())


def check_centreline_figures(parts: dict, whole: dict) -> None:
    for name in ("centreline_length_mm", "radius_mm"):
        assert parts[name] == pytest.approx(whole[name])
    for name in ("n_branch_points", "n_end_points", "n_segments"):
        assert parts[name] == whole[name]
    assert whole["n_end_points"] > 0
    assert parts["not_measured"] == whole["not_measured"] == {}


def test_nifti_in_parts_is_nifti_in_memory(
    save_scan: Callable[..., Path],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
):
    scan = save_scan()
    words = ("--save-prob", "--save-skeleton")
    assert predict(scan, "-o", tmp_path / "whole", *words) == 0
    request.getfixturevalue("nothing_fits")
    assert predict(scan, "-o", tmp_path / "parts", *words) == 0
    assert "scan: takes more than 8000MB of memory" in capsys.readouterr().out
    for name in ("mask", "prob", "skeleton"):
        both = [nib.load(tmp_path / run / f"scan_{name}.nii.gz") for run in ("whole", "parts")]
        assert np.allclose(*(np.asarray(image.dataobj) for image in both), atol=1e-5)
        assert both[0].header["sform_code"] == both[1].header["sform_code"]
        assert np.array_equal(both[0].affine, both[1].affine)
    whole, parts = report(tmp_path / "whole"), report(tmp_path / "parts")
    assert parts["vessel_volume_mm3"] == pytest.approx(whole["vessel_volume_mm3"])
    check_centreline_figures(parts, whole)
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == sorted(
        path.name for path in (tmp_path / "whole").iterdir()
    )


def test_ome_zarr_has_the_mask_of_the_same_nifti(
    save_scan: Callable[..., Path],
    tmp_path: Path,
    image: np.ndarray,
    request: pytest.FixtureRequest,
):
    save_zarr(tmp_path / "in" / "scan.ome.zarr", image)
    assert predict(save_scan(), "-o", tmp_path / "nifti") == 0
    expected = np.asarray(nib.load(tmp_path / "nifti" / "scan_mask.nii.gz").dataobj)
    skeletons = []
    for run in ("whole", "parts"):
        if run == "parts":
            request.getfixturevalue("nothing_fits")
        assert predict(tmp_path / "in", "-o", tmp_path / run, "--save-skeleton") == 0
        mask = read_image(tmp_path / run / "scan_mask.zarr")
        assert np.array_equal(mask.array[0], expected)
        skeletons.append(read_image(tmp_path / run / "scan_skeleton.zarr").array)
        assert mask.spacing_mm == pytest.approx((1.0, 1.0, 2.0))
        assert report(tmp_path / run)["spacing_mm"] == [1.0, 1.0, 2.0]
        assert predict(tmp_path / "in", "-o", tmp_path / run, "--overwrite") == 0  # a folder, too
        assert (tmp_path / run / "scan_preview.png").is_file()
    assert np.array_equal(*skeletons)
    assert skeletons[0].any()
    check_centreline_figures(report(tmp_path / "parts"), report(tmp_path / "whole"))


@pytest.mark.usefixtures("nothing_fits")
def test_image_is_unpacked_and_its_missing_unit_told_once(
    save_scan: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    scan = save_scan(unit=None)
    assert predict(scan, "-o", tmp_path / "out") == 0
    first, second = caplog.messages
    assert "scan.nii.gz: names no unit of length, so it counts as mm" in first
    assert "scan.nii.gz: unpacked once to a temporary file" in second
    caplog.clear()
    assert predict(scan, "-o", tmp_path / "out", "--overwrite", "--quiet") == 0
    assert caplog.messages == []


@pytest.mark.usefixtures("nothing_fits")
@pytest.mark.parametrize("name", ["a_mask.nii.gz", "a_mask.zarr"])
def test_input_is_never_replaced(
    name: str,
    save_scan: Callable[..., Path],
    image: np.ndarray,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    scan = tmp_path / "scans" / name
    save_zarr(scan, image) if name.endswith(".zarr") else save_scan(name)
    assert predict(scan, "-o", scan.parent) == 1
    assert "the result would replace it" in capsys.readouterr().err
    assert np.array_equal(read_image(scan).array[0], image)


@pytest.mark.usefixtures("nothing_fits")
@pytest.mark.parametrize("word", ["--min-length-mm=3", "--fill-cavities"])
def test_what_needs_the_whole_mask_is_refused(
    save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
):
    assert predict(save_scan(), "-o", tmp_path / "out", word) == 1
    assert "needs the whole mask in memory; raise --max-memory" in capsys.readouterr().err


def test_too_little_memory_is_told_with_what_would_do(
    save_scan: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["predict", save_scan(), "-o", tmp_path / "out", "--device", "cpu", "--quiet"]
    assert main([*map(str, words), "--max-memory", "20MB"]) == 1
    assert "MB" in capsys.readouterr().err
