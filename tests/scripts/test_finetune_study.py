"""The comparison of fine-tuning with training from scratch, on stacks that are drawn here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from cldice_monai.zero_shot import RECIPE


@pytest.fixture
def study(import_script):
    return import_script("finetune_study")


@pytest.fixture
def small(study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patches of 32 um in place of 128."""
    import finetune_patches

    monkeypatch.setattr(finetune_patches, "SIDE_UM", 32.0)
    monkeypatch.setattr(finetune_patches, "MARGIN_UM", 4.0)
    monkeypatch.setattr(study, "DEVELOPMENT", ["lowerRes_hiSNR"])
    monkeypatch.setattr(study, "STEPS", 2)
    monkeypatch.setattr(study, "ROI", [32, 32, 32])


@pytest.fixture
def data(study, tmp_path: Path) -> Path:
    """Stand-ins of the development volumes alone: bright rods in noise, 4 x 4 patches each."""
    import finetune_patches

    folder, rng = tmp_path / "data", np.random.default_rng(0)
    for name in study.DEVELOPMENT:
        volume = study.VOLUMES[name]
        _, side, _ = volume.spacing_um
        width = 4 * round(finetune_patches.SIDE_UM / side)
        label = np.zeros((6, width, width), bool)
        label[2:4, ::24] = label[2:4, 1::24] = label[2:4, 2::24] = label[2:4, 3::24] = True
        image = np.clip(rng.normal(20, 4, label.shape) + 150 * label, 0, 255)
        for place, array in ((volume.image, image), (volume.label, 255 * label)):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            first, *others = [Image.fromarray(page.astype(np.uint8)) for page in array]
            first.save(folder / place, save_all=True, append_images=others)
    return folder


def test_patches_hold_vessels_and_the_rest_keeps_off_them(study, data: Path):
    volume = study.VOLUMES["lowerRes_hiSNR"]
    one, three = (study.cut_patches(volume, data, n_patches=n, seed=0) for n in (1, 3))
    assert three.places[:1] == one.places
    assert len(three.places) == 3
    patch = three.places[0]
    assert three.image[patch].shape == (81, 81, 6)  # 128 um of 1.59 um
    taken = np.zeros(three.image.shape, bool)
    for place in three.places:
        assert three.label[place].mean() >= 0.05
        taken[place] = True
    away = ndimage.distance_transform_edt(~taken, sampling=three.spacing_um)
    assert away[three.rest].min() > 19.0  # 20 um, to whole voxels
    assert three.rest[away > 31.0].all()
    other = study.cut_patches(volume, data, n_patches=1, seed=1)
    assert other.places != one.places


def test_only_the_rest_is_scored(study, data: Path):
    patches = study.cut_patches(study.VOLUMES["tgMouse"], data, n_patches=1, seed=0)
    wrong_inside = np.where(patches.rest, patches.label, ~patches.label)
    scores = study.score_rest(wrong_inside, patches)
    assert scores["dice"] == 1.0
    assert scores["cldice"] > 0.98  # its skeleton reaches into the rest a little
    assert study.score_rest(np.zeros_like(patches.label), patches) == {"cldice": 0.0, "dice": 0.0}


def test_volumes_that_are_scored_once_are_not_opened(study, data: Path):
    with pytest.raises(ValueError, match="only development volumes"):
        study.cut_patches(study.VOLUMES["octa"], data, n_patches=1, seed=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:parsing config_file:UserWarning")
def test_every_cell_is_trained_once_and_the_page_compares_them(
    study, small: None, data: Path, tmp_path: Path, run_main, monkeypatch: pytest.MonkeyPatch
):
    words = ["--out", tmp_path / "page", "--work-dir", tmp_path / "work", "--data", data]
    words += ["--patches", 1, "--seeds", 0]
    run_main(study, *words)
    cells = json.loads((tmp_path / "page.json").read_text())["cells"]
    assert sorted(cell["way"] for cell in cells) == ["fine-tuned", "scratch"]
    assert all(0 <= cell["scores"]["cldice"] <= 1 for cell in cells)
    assert all(("scores_before" in c) == (c["way"] == "fine-tuned") for c in cells)
    assert cells[0]["made_with"]["preparation"]["side_mm"] == RECIPE.side_mm

    monkeypatch.setattr(study, "train", None)  # a second run takes what is there
    run_main(study, *words)
    assert json.loads((tmp_path / "page.json").read_text())["cells"] == cells


def test_differences_are_paired_by_volume_and_seed(study):
    import finetune_tables

    scores = {("a", 0): (0.5, 0.7), ("a", 1): (0.6, 0.7), ("b", 0): (0.4, 0.3)}
    cells = []
    for (volume, seed), (scratch, tuned) in scores.items():
        for way, value in (("scratch", scratch), ("fine-tuned", tuned)):
            cell = {"volume": volume, "seed": seed, "n_patches": 1, "way": way}
            figures = {"cldice": value, "dice": value}
            cells.append(cell | {"scores": figures, "scores_before": figures})
    cells.append(cells[0] | {"seed": 5})  # without its pair
    found = finetune_tables.differences(cells, "cldice", n_patches=1)
    np.testing.assert_allclose(found, [20, 10, -10])
    content = {"cells": cells, "steps": 4, "crops_a_step": 2, "roi": [8, 8, 8]}
    page = finetune_tables.results_tables(content)
    assert "+6.7 ± 15.3 (n = 3) | -10.0 |" in page
