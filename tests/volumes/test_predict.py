"""The same preparation, windows and threshold in memory are the oracle."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.inferers import SlidingWindowInferer

from cldice_monai.data import read_volume
from cldice_monai.data.boxwise.formats import open_volume
from cldice_monai.errors import InputError
from cldice_monai.inference.geometry import grid_of
from cldice_monai.inference.measure import measure
from cldice_monai.skeleton import skeletonize
from cldice_monai.transforms import ScaleIntensityCutoff
from cldice_monai.volumes import (
    LargeResult,
    LargeSettings,
    blockwise_figures,
    figures,
    predict_large,
)
from tests.conftest import rods

ROI = (16, 16, 16)
SPACING = (1.0, 1.0, 2.0)


class SmallNetwork(torch.nn.Module):
    """Blurs, and looks at the whole window, so that windows disagree where they overlap."""

    def __init__(self, n_inputs: int = 1, n_outputs: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.blur = torch.nn.Conv3d(n_inputs, n_outputs, 3, padding=1)
        torch.nn.init.constant_(self.blur.weight, 0.4 / n_inputs)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        found = self.blur(windows)
        return found - 4 - found.mean(dim=(2, 3, 4), keepdim=True)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A volume of rods in noise, with an odd voxel without a value."""
    label = rods(0, size=40)
    image = 900 * label + np.random.default_rng(0).normal(50, 40, label.shape)
    image[3, 4, 5] = np.nan
    path = tmp_path / "scan.nii"
    nib.save(nib.Nifti1Image(image.astype(np.float32), np.diag([*SPACING, 1])), path)
    return path


def in_memory(path: Path, network: torch.nn.Module) -> torch.Tensor:
    """Logits (K, X, Y, Z) as the bundle computes them."""
    from cldice_monai.transforms import FillNonFinite

    image = ScaleIntensityCutoff()(FillNonFinite()(read_volume(path).array))
    inferer = SlidingWindowInferer(ROI, 4, overlap=0.5, mode="gaussian")
    with torch.no_grad():
        return inferer(torch.as_tensor(image)[None], network)[0]


def run(path: Path, mask: str = "mask.nii.gz", **changes: object) -> LargeResult:
    network = changes.pop("network", None) or SmallNetwork()
    paths = {name: changes.pop(name, None) for name in ("prob_path", "skeleton_path")}
    settings = LargeSettings(roi=ROI, **changes)
    return predict_large([path], path.parent / mask, network, settings=settings, **paths)


def test_mask_and_probability_are_those_in_memory(scan: Path):
    result = run(scan, prob_path=scan.parent / "prob.nii")
    expected = torch.sigmoid(in_memory(scan, SmallNetwork()))[0].numpy()
    prob = read_volume(scan.parent / "prob.nii").array[0]
    assert np.abs(prob - expected).max() < 1e-4
    mask = read_volume(result.mask).array[0]
    assert np.array_equal(mask, prob >= 0.5)
    assert 0.01 < mask.mean() < 0.5


def test_figures_are_those_of_the_mask(scan: Path):
    result = run(scan)
    mask = read_volume(result.mask).array[0] > 0
    figures = result.figures
    expected = measure(mask, skeletonize(mask), grid_of(read_volume(scan), is_picture=False))
    length = expected.pop("centreline_length_mm")
    assert figures["centreline_length_mm"] == pytest.approx(length)
    assert figures["radius_mm"] == pytest.approx(expected["radius_mm"], rel=1e-9)
    exact = ("shape", "spacing_mm", "n_vessel_voxels", "vessel_fraction", "betti_numbers")
    network = ("n_branch_points", "n_end_points", "n_segments")
    for name in (*exact, *network, "vessel_volume_mm3"):
        assert figures[name] == expected[name], name
    assert figures["components"]["n"] == expected["components"]["n"]
    assert figures["components"]["n_touching_border"] == expected["components"]["n_touching_border"]
    sizes = [part["voxels"] for part in figures["components"]["largest"]]
    assert sizes == [part["voxels"] for part in expected["components"]["largest"]]
    nulls = {name for name, value in figures.items() if value is None}
    assert nulls == set(figures["not_measured"])
    # every figure of a mask in memory is there, with a value or with the reason why not
    assert set(expected) - {"betti_convention"} <= set(figures)


def save_mask(folder: Path, mask: np.ndarray) -> Path:
    nib.save(nib.Nifti1Image(mask.astype(np.uint8), np.diag([*SPACING, 1])), folder / "mask.nii")
    return folder / "mask.nii"


def figures_in_blocks(path: Path, **changes: int) -> dict:
    sizes = {"topology_side": 64, "thinning_side": 64, "parts_bytes": 10**7, "open_bytes": 10**7}
    with open_volume([path], path.parent) as volume:
        return blockwise_figures(
            lambda box: volume.read(box)[0] > 0, volume, **{**sizes, **changes}
        )


@pytest.mark.parametrize("kind", ["empty", "full"])
def test_a_mask_without_vessels_or_background_has_the_figures_of_memory(tmp_path: Path, kind: str):
    mask = np.full((20, 9, 8), kind == "full")
    path = save_mask(tmp_path, mask)
    found = figures_in_blocks(path, thinning_side=8)
    grid = grid_of(read_volume(path), is_picture=False)
    expected = measure(mask, skeletonize(mask), grid)
    assert found["radius_mm"] is None
    for name in ("not_measured", "n_branch_points", "n_end_points", "n_segments"):
        assert found[name] == expected[name], name


def test_a_vessel_thicker_than_the_halo_has_no_radius_but_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(figures, "HALO", 4)
    mask = np.zeros((40, 24, 20), bool)
    mask[:, 2:22, 2:18] = True  # its middle is 10 from the background
    found = figures_in_blocks(save_mask(tmp_path, mask), thinning_side=8)
    assert found["radius_mm"] is None
    assert "voxels around a block" in found["not_measured"]["radius_mm"]
    assert found["n_end_points"] is not None


def test_too_many_vessels_between_blocks_leave_the_length_and_the_radii(tmp_path: Path):
    mask = np.zeros((24, 24, 24), bool)
    mask[::3, ::3] = True
    path = save_mask(tmp_path, mask)
    assert figures_in_blocks(path, thinning_side=8)["n_end_points"] == 128
    found = figures_in_blocks(path, thinning_side=8, open_bytes=2000)
    assert found["n_branch_points"] is found["n_end_points"] is found["n_segments"] is None
    assert "raise --max-memory" in found["not_measured"]["n_end_points"]
    assert found["centreline_length_mm"] == 64 * 23 * SPACING[2]
    assert found["radius_mm"]["p50"] == 1


def test_the_skeleton_is_that_of_the_mask(scan: Path):
    result = run(scan, skeleton_path=scan.parent / "skeleton.nii.gz")
    mask = read_volume(result.mask).array[0] > 0
    skeleton = read_volume(scan.parent / "skeleton.nii.gz").array[0]
    assert np.array_equal(skeleton, skeletonize(mask))
    assert skeleton.any()


def test_several_outputs_are_classes(scan: Path):
    network = SmallNetwork(n_outputs=3)
    torch.nn.init.normal_(network.blur.weight)
    result = run(scan, network=network)
    logits = in_memory(scan, network)
    largest = logits.topk(2, dim=0).values
    decided = (largest[0] - largest[1] > 1e-4).numpy()
    classes = logits.argmax(dim=0).numpy()
    assert np.array_equal(read_volume(result.mask).array[0][decided], classes[decided])
    assert decided.mean() > 0.99
    assert len(np.unique(classes)) == 3


def test_ome_zarr_in_and_out(scan: Path):
    pytest.importorskip("zarr")
    from cldice_monai.data.boxwise.formats import write_volume

    first = run(scan, "first.nii")
    expected = read_volume(first.mask).array[0]
    whole = tuple(slice(0, n) for n in expected.shape)
    with (
        open_volume([scan], scan.parent) as volume,
        write_volume(scan.parent / "scan.zarr", like=volume, dtype="float32") as output,
    ):
        output.write(whole, volume.read(whole)[0])
    result = run(scan.parent / "scan.zarr", "mask.zarr")
    with open_volume([result.mask], scan.parent) as mask:
        assert mask.spacing_mm == SPACING[::-1]
        # windows advance along the same axis of the scan, which comes first here
        assert np.array_equal(mask.read(whole)[0].transpose(), expected)
    assert result.figures["betti_numbers"] == first.figures["betti_numbers"]


def test_a_nifti_scan_can_have_its_mask_in_ome_zarr(scan: Path):
    pytest.importorskip("zarr")
    expected = read_volume(run(scan).mask).array[0]
    result = run(scan, "mask.zarr")
    with open_volume([result.mask], scan.parent) as mask:
        found = mask.read(tuple(slice(0, n) for n in mask.shape))[0]
    assert np.array_equal(found.transpose(), expected)


def test_too_little_memory_names_the_least_that_works(scan: Path):
    with pytest.raises(InputError, match="is too small") as refused:
        run(scan, max_bytes=100_000_000)
    named = re.search(r"--max-memory (\d+)MB is the least", str(refused.value))
    assert named
    assert not (scan.parent / "mask.nii.gz").exists()
    result = run(scan, max_bytes=int(named[1]) * 10**6)
    assert result.peak_bytes <= int(named[1]) * 10**6


def test_columns_give_the_mask_of_slabs(scan: Path, monkeypatch: pytest.MonkeyPatch):
    slabs = read_volume(run(scan).mask).array
    from cldice_monai.inferers.columns import column_regions
    from cldice_monai.volumes import job

    def narrow(grid, **arguments):
        arguments["max_bytes"] = 4 * 2 * 16**3
        return column_regions(grid, **arguments)

    monkeypatch.setattr(job, "column_regions", narrow)
    result = run(scan, "columns.nii")
    assert result.n_columns == 9
    assert np.array_equal(read_volume(result.mask).array, slabs)


def test_progress_ends_at_one(scan: Path):
    shares: list[float] = []
    predict_large(
        [scan],
        scan.parent / "mask.nii",
        SmallNetwork(),
        settings=LargeSettings(roi=ROI),
        progress=shares.append,
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(shares) > 2


def test_a_roi_of_two_numbers_is_refused_for_a_volume(scan: Path):
    with pytest.raises(InputError, match="3 axes of space, and roi"):
        predict_large(
            [scan],
            scan.parent / "mask.nii",
            SmallNetwork(),
            settings=LargeSettings(roi=(16, 16)),
        )


def test_a_network_that_fails_leaves_no_mask(scan: Path, caplog: pytest.LogCaptureFixture):
    def fail(windows: torch.Tensor) -> torch.Tensor:
        if windows.max() > 0.99:
            raise RuntimeError("broken")
        return windows

    with caplog.at_level(logging.INFO), pytest.raises(RuntimeError, match="broken"):
        run(scan, network=fail)
    assert [file.name for file in scan.parent.iterdir()] == ["scan.nii"]
