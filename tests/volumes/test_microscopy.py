"""Volumes of a microscope in parts: the transforms and inferers of memory are the oracle."""

from __future__ import annotations

import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.data import read_volume
from cldice_monai.errors import InputError
from cldice_monai.inferers import ScaleAverageInferer
from cldice_monai.transforms import ResampleToWorkingGrid, ScaleIntensityCutoff
from cldice_monai.transforms.intensity import fill_non_finite
from cldice_monai.volumes import LargeResult, LargeSettings, block_plan, predict_large
from tests.conftest import rods
from tests.volumes.test_predict import SmallNetwork

SIDES_UM = (1.1, 1.0, 3.7)
SETTINGS = LargeSettings(
    roi=(32, 16, 16),
    overlap=0.5,
    threshold=0.4,
    cutoff=0.995,
    lift=50.0,
    side_mm=0.002,
    factors=(1.0, 1.5, 3.0),
    pad_windows=False,
)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A stack of rods in noise, with two voxels without a value."""
    label = rods(0, size=60, radius=3)[:, :52, ::2]
    image = 900 * label + np.random.default_rng(0).normal(50, 40, label.shape)
    image[3, 4, 5], image[40, 2, 7] = np.nan, np.inf
    return save(tmp_path / "scan.nii", image)


def save(path: Path, image: np.ndarray, unit: str = "micron") -> Path:
    file = nib.Nifti1Image(image.astype(np.float32), np.diag([*SIDES_UM, 1]))
    file.header.set_xyzt_units(unit)
    nib.save(file, path)
    return path


def in_memory(path: Path, network: torch.nn.Module, settings: LargeSettings) -> np.ndarray:
    """Probabilities (K, X, Y, Z) as the bundle computes them."""
    volume = read_volume(path)
    image = MetaTensor(
        torch.from_numpy(fill_non_finite(volume.array)), affine=torch.from_numpy(volume.affine)
    )
    image.meta["mm_per_unit"] = volume.mm_per_unit
    resample = ResampleToWorkingGrid(settings.side_mm)
    working = resample(image)
    inferer = ScaleAverageInferer(
        settings.roi,
        factors=settings.factors,
        resampled_only=True,
        pad_windows=settings.pad_windows,
        softmax=network.blur.out_channels > 1,
        overlap=settings.overlap,
    )
    prepared = ScaleIntensityCutoff(settings.cutoff, settings.lift)(working)
    with torch.no_grad():
        logits = inferer(prepared[None], network)[0]
    found = torch.softmax(logits, 0) if len(logits) > 1 else torch.sigmoid(logits)
    output = MetaTensor(found.as_tensor()).copy_meta_from(working)
    output.applied_operations = working.applied_operations
    return resample.inverse(output).numpy()


def run(path: Path, network: torch.nn.Module, settings: LargeSettings = SETTINGS) -> LargeResult:
    folder = path.parent
    return predict_large(
        [path], folder / "mask.nii", network, settings=settings, prob_path=folder / "prob.nii"
    )


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_plan, "_LARGEST", 32)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("pad_windows", [False, True])
def test_mask_and_probability_are_those_in_memory(scan: Path, pad_windows: bool):
    from dataclasses import replace

    settings = replace(SETTINGS, pad_windows=pad_windows)
    expected = in_memory(scan, SmallNetwork(), settings)[0]
    result = run(scan, SmallNetwork(), settings)
    assert result.n_columns > 3
    prob = read_volume(scan.parent / "prob.nii").array[0]
    assert np.abs(prob - expected).max() < 1e-4
    assert np.ptp(prob) > 0.2  # the network answers by place
    mask = read_volume(result.mask).array[0]
    decided = np.abs(expected - settings.threshold) > 1e-4
    assert np.array_equal(mask[decided], (expected >= settings.threshold)[decided])
    assert decided.mean() > 0.99
    assert 0.01 < mask.mean() < 0.5


@pytest.mark.usefixtures("small_blocks")
def test_several_outputs_are_classes(scan: Path):
    network = SmallNetwork(n_outputs=3)
    torch.nn.init.normal_(network.blur.weight)
    expected = in_memory(scan, network, SETTINGS)
    result = run(scan, network)
    prob = read_volume(scan.parent / "prob.nii").array[0]
    assert np.abs(prob - (1 - expected[0])).max() < 1e-4
    largest = np.sort(expected, axis=0)
    decided = largest[-1] - largest[-2] > 1e-4
    classes = expected.argmax(axis=0)
    assert np.array_equal(read_volume(result.mask).array[0][decided], classes[decided])
    assert decided.mean() > 0.99
    assert len(np.unique(classes)) == 3


def test_one_block_and_many_give_one_mask(scan: Path, request: pytest.FixtureRequest):
    one = run(scan, SmallNetwork())
    assert one.n_columns == 1
    expected = read_volume(scan.parent / "prob.nii").array
    request.getfixturevalue("small_blocks")
    assert run(scan, SmallNetwork()).n_columns > 3
    assert np.abs(read_volume(scan.parent / "prob.nii").array - expected).max() < 1e-6


def test_voxels_of_mm_keep_their_grid_and_are_seen_at_one_resolution(scan: Path):
    image = np.asarray(nib.load(scan).dataobj)
    coarse = save(scan.parent / "coarse.nii", image, unit="mm")
    sizes: list[tuple[int, ...]] = []

    def network(windows: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(windows.shape[2:]))
        return windows

    run(coarse, network)
    assert len(sizes) - 2 == 3 * 6 * 3  # two to try it out; (60, 52, 30) in steps of (16, 8, 8)


def test_a_scale_of_more_than_16_is_refused_with_the_unit_as_the_likely_cause(tmp_path: Path):
    file = nib.Nifti1Image(np.ones((8, 8, 8), np.float32), np.diag([10.0, 10, 50, 1]))
    file.header.set_xyzt_units("micron")
    nib.save(file, tmp_path / "scan.nii")
    with pytest.raises(InputError, match="read in micron, would be scaled 25 times to the 2 um"):
        run(tmp_path / "scan.nii", SmallNetwork())
    assert [file.name for file in tmp_path.iterdir()] == ["scan.nii"]


def test_the_least_memory_is_named_and_held(scan: Path):
    from dataclasses import replace

    with pytest.raises(InputError, match="is too small") as refused:
        run(scan, SmallNetwork(), replace(SETTINGS, max_bytes=100_000_000))
    named = re.search(r"--max-memory (\d+)MB is the least", str(refused.value))
    assert named
    amount = int(named[1]) * 10**6
    assert run(scan, SmallNetwork(), replace(SETTINGS, max_bytes=amount)).peak_bytes <= amount


def test_a_channel_without_a_finite_voxel_is_named(tmp_path: Path):
    path = save(tmp_path / "scan.nii", np.full((8, 8, 8), np.nan))
    with pytest.raises(InputError, match="channel 0: every voxel is NaN or infinite"):
        run(path, SmallNetwork())
