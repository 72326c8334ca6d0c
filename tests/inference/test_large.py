"""The recipe in memory is the oracle of the recipe in little memory."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data import read_volume
from cldice_monai.errors import InputError
from cldice_monai.inference.large import segment_large
from cldice_monai.inference.recipe import Recipe
from tests.conftest import rods

SETTINGS = {"precision": "float32", "device": "cpu", "roi": [32, 32, 32], "save_prob": True}


def scan(path: Path, *, unit: str = "mm") -> Path:
    label = rods(0, size=48)[:, :40, :24]
    image = 900 * label + np.random.default_rng(0).normal(300, 30, label.shape)
    nifti = nib.Nifti1Image(image.astype(np.int16), np.diag([1.0, 1.0, 1.0, 1.0]))
    nifti.header.set_xyzt_units(unit)
    nib.save(nifti, path)
    return path


@pytest.mark.parametrize("tta", [False, True])
def test_mask_is_that_of_the_recipe_in_memory(tta: bool, tmp_path: Path):
    path = scan(tmp_path / "scan.nii.gz")
    recipe = Recipe(settings={**SETTINGS, "tta": tta})
    found = recipe.segment(recipe.prepare(read_volume(path)))
    result = segment_large(
        recipe,
        [path],
        tmp_path / "mask.nii.gz",
        max_bytes=4 * 10**9,
        prob_path=tmp_path / "prob.nii",
    )
    prob = read_volume(tmp_path / "prob.nii").array[0]
    assert np.abs(prob - found.probability).max() < 1e-4
    decided = np.abs(prob - recipe.settings["threshold"]) > 1e-4
    mask = read_volume(result.mask).array[0]
    assert np.array_equal(mask[decided], found.classes[decided])
    assert decided.mean() > 0.99
    assert 0 < mask.mean() < 0.5
    assert result.figures["betti_convention"]


def test_a_volume_of_a_microscope_is_refused_with_what_to_do(tmp_path: Path):
    recipe = Recipe(settings=SETTINGS | {"side_mm": 0.002})
    with pytest.raises(InputError, match=r"1 x 1 x 1 um are resampled to 2 um .* leave out"):
        segment_large(
            recipe,
            [scan(tmp_path / "scan.nii", unit="micron")],
            tmp_path / "mask.nii",
            max_bytes=4 * 10**9,
        )
    assert not (tmp_path / "mask.nii").exists()


def test_what_needs_the_whole_volume_is_refused(tmp_path: Path):
    recipe = Recipe(settings=SETTINGS | {"min_length_mm": 1.0})
    with pytest.raises(InputError, match="--min-length-mm is not done block by block"):
        segment_large(
            recipe, [scan(tmp_path / "scan.nii")], tmp_path / "mask.nii", max_bytes=4 * 10**9
        )
