"""The table of the zero-shot weights beside the baselines, on tiny volumes."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cldice_monai.report.panel import COLOURS
from cldice_monai.workflows import save_weights
from cldice_monai.zero_shot import make_network


@pytest.fixture
def script(import_script):
    return import_script("evaluate_zero_shot")


def test_every_method_is_scored_on_every_development_volume(
    script, data: Path, tmp_path: Path, run_main, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    save_weights(make_network(), tmp_path / "seed_0.pt")
    words = ["--data", data, "--weights", tmp_path / "seed_0.pt"]
    run_main(script, tmp_path / "table", *words)
    content = json.loads((tmp_path / "table.json").read_text())
    digest = hashlib.sha256((tmp_path / "seed_0.pt").read_bytes()).hexdigest()
    assert content["weights_sha256"] == [digest]
    thresholds = ["otsu", "li", "yen", "mean", "triangle"]
    baselines = [f"{before}{t}" for before in ("", "sato+", "frangi+") for t in thresholds]
    for kind in ("raw", "cleaned", "filled"):
        assert set(content["results"][kind]) == {"tgMouse", "lowerRes_hiSNR"}
        for methods in content["results"][kind].values():
            assert set(methods) == {"ours 0", *baselines}
    otsu = content["results"]["raw"]["tgMouse"]["otsu"]
    assert otsu["dice"] > 0.99  # the bar is 36 standard deviations above the noise
    assert otsu["b0_error"] == 0.0
    assert content["summary"]["raw"][0]["method"] == "ours 0"
    table = (tmp_path / "table.md").read_text()
    assert table.startswith("Networks that saw drawn vessels alone")
    assert "### tgMouse" in table
    assert "| sato+otsu | " in table

    # the baselines do not depend on the weights, and take far longer on a real volume
    monkeypatch.setattr(script, "filter_ridges", None)
    words += ["--baselines", tmp_path / "table.json"]
    run_main(script, tmp_path / "again", *words)
    assert json.loads((tmp_path / "again.json").read_text()) == content

    run_main(script, tmp_path / "trial", *words, "--recipe", "threshold=0", "factors=[1]")
    trial = json.loads((tmp_path / "trial.json").read_text())
    assert (trial["recipe"]["threshold"], trial["recipe"]["factors"]) == (0, [1])
    assert trial["results"]["raw"]["tgMouse"]["ours 0"]["tsens"] == 1.0


def test_volumes_that_were_scored_one_by_one_are_joined_to_the_same_table(
    script, data: Path, tmp_path: Path, run_main, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(script, "get_args", lambda _: ["otsu"] if _ is script.Threshold else [])
    words = ["--data", data]
    run_main(script, tmp_path / "whole", *words)
    for name in ("lowerRes_hiSNR", "tgMouse"):
        run_main(script, tmp_path / name, *words, "--only", name)
    tables = [tmp_path / "lowerRes_hiSNR.json", tmp_path / "tgMouse.json"]
    run_main(script, tmp_path / "joined", *words, "--join", *tables)
    for ending in ("json", "md"):
        whole = (tmp_path / f"whole.{ending}").read_text()
        assert (tmp_path / f"joined.{ending}").read_text() == whole

    options = ["--join", tables[1], "--recipe", "threshold=0.9"]
    with pytest.raises(SystemExit, match="of other weights or another recipe"):
        run_main(script, tmp_path / "joined", *words, *options)
    with pytest.raises(SystemExit, match="--only octa: write one of"):
        run_main(script, tmp_path / "joined", *words, "--only", "octa")


def test_previews_are_drawn_of_the_methods_that_are_named_and_nothing_is_scored(
    script, data: Path, tmp_path: Path, run_main, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(script, "filter_ridges", None)  # nobody asks for one
    words = ["--data", data, "--previews", tmp_path / "drawn", "--show", "otsu", "mean"]
    run_main(script, tmp_path / "table", *words, "--only", "tgMouse")
    drawn = sorted((tmp_path / "drawn").iterdir())
    assert [path.name for path in drawn] == ["tgMouse_mean.png", "tgMouse_otsu.png"]
    colours = {colour for _, colour in Image.open(drawn[1]).convert("RGB").getcolors()}
    distances = [max(abs(a - b) for a, b in zip(c, COLOURS["miss"], strict=True)) for c in colours]
    assert min(distances) < 12  # the legend at least has it
    assert not (tmp_path / "table.json").exists()


def test_cavities_do_not_count_where_they_are_filled(script):
    label = np.zeros((16, 16, 40), bool)
    label[2:14, 2:14] = True
    hollow = label.copy()
    hollow[8, 8, 4:36:6] = False
    mask = np.pad(hollow, ((0, 0), (0, 0), (0, 20)), mode="edge")
    label = np.pad(label, ((0, 0), (0, 0), (0, 20)))
    filled = script.overlaps(script.ndimage.binary_fill_holes(mask), label)
    assert script.overlaps(mask, label)["tprec"] > filled["tprec"] + 0.05


def test_table_without_the_volume_cannot_give_its_baselines(
    script, data: Path, tmp_path: Path, run_main
):
    (tmp_path / "table.json").write_text('{"results": {"raw": {}, "cleaned": {}}}')
    words = ["--data", data, "--baselines", tmp_path / "table.json"]
    with pytest.raises(SystemExit, match="no table with tgMouse"):
        run_main(script, tmp_path / "again", *words)


def figures(cldice: float, b0_error: float = 1.0) -> dict[str, float]:
    return {"cldice": cldice, "dice": cldice, "b0_error": b0_error}


def test_volume_that_is_apart_is_in_no_mean(script):
    ours, baseline = {"octa": 0.7, "plaqueVessels": 0.1}, {"octa": 0.6, "plaqueVessels": 0.9}
    of_kind = {
        name: {"ours 0": figures(ours[name]), "otsu": figures(baseline[name])} for name in ours
    }
    (row,) = script.summarise({"raw": of_kind}, ["ours 0"])["raw"]
    gains = [row[name] for name in ("cldice_gain", "dice_gain", "worst_cldice_gain")]
    assert gains == pytest.approx([10.0, 10.0, 10.0])
    assert script.summarise({"raw": {"plaqueVessels": of_kind["plaqueVessels"]}}, ["ours 0"]) == {}


@pytest.mark.parametrize(
    ("name", "sigmas"), [("plaqueVessels", (1.0, 2.0, 4.0, 8.0)), ("octa", (1.0, 2.0, 4.0))]
)
def test_network_and_ridge_filters_are_told_the_size_of_the_voxels(
    name: str, sigmas: tuple[float, ...], script, monkeypatch: pytest.MonkeyPatch
):
    spacing = {"plaqueVessels": (5.0, 2.485, 2.485), "octa": None}[name]
    told: list[object] = []

    def segment(image: np.ndarray, network: object, *, spacing_um: object, recipe: object):
        told.append(("network", spacing_um))
        return image > 0

    def filter_ridges(image: np.ndarray, kind: str, *, sigmas: object, spacing: object):
        told.append((kind, sigmas, spacing))
        return image

    monkeypatch.setattr(script, "load_network", lambda path: None)
    monkeypatch.setattr(script, "segment_volume", segment)
    monkeypatch.setattr(script, "filter_ridges", filter_ridges)
    arguments = argparse.Namespace(weights=[Path("seed_0.pt")], recipe=[])
    image = np.random.default_rng(0).random((4, 8, 8))
    assert len(list(script.segmentations(image, script.VOLUMES[name], arguments))) == 16
    assert told == [("network", spacing), *((k, sigmas, spacing) for k in ("sato", "frangi"))]


def test_specks_below_50_voxels_count_in_the_raw_table_alone(
    script, monkeypatch: pytest.MonkeyPatch
):
    label = np.zeros((48, 48, 48), bool)
    label[10:20, 10:20, 4:44] = True
    mask = label.copy()
    mask[40, 40, 20:23] = True  # a speck of 3 voxels
    volume = argparse.Namespace(read=lambda folder: (mask.astype(np.float32), label))
    monkeypatch.setattr(script, "segmentations", lambda *_, **__: [("otsu", mask)])
    results = {kind: {} for kind in script.KINDS}
    arguments = argparse.Namespace(data=None, previews=None, baselines=None, weights=[])
    script.score_volume("octa", volume, arguments, results)
    errors = {kind: of_kind["octa"]["otsu"]["b0_error"] for kind, of_kind in results.items()}
    assert errors == {"raw": 1.0, "cleaned": 0.0, "filled": 1.0}


def test_missing_folder_is_one_line(script, tmp_path: Path, run_main):
    with pytest.raises(SystemExit, match="no such folder; pass --data"):
        run_main(script, tmp_path / "table", "--data", tmp_path / "nowhere")


def test_no_volume_is_both_for_development_and_scored(script):
    parts = {name: volume.part for name, volume in script.VOLUMES.items()}
    development = {name for name, part in parts.items() if part == "development"}
    assert development == {"tgMouse", "lowerRes_hiSNR"}
    assert [name for name, part in parts.items() if part == "apart"] == ["plaqueVessels"]
    assert len({volume.label for volume in script.VOLUMES.values()}) == len(parts)
