"""The one thing that writes the bundle's weights: what it writes, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import Preparation, read_preparation
from cldice_monai.zero_shot import RECIPE

WEIGHTS = b"weights of seed 0"


@pytest.fixture
def script(import_script):
    return import_script("install_zero_shot")


@pytest.fixture
def bundle(root: Path, tmp_path: Path) -> Path:
    """A copy of the bundle's configs, without weights."""
    shutil.copytree(root / "bundle" / "configs", tmp_path / "bundle" / "configs")
    return tmp_path / "bundle"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    (tmp_path / "seed_0.pt").write_bytes(WEIGHTS)
    return tmp_path / "seed_0.pt"


def test_shipped_weights_are_those_of_the_seed_that_the_model_card_names(root: Path):
    named = root / "docs" / "results" / "zero_shot" / "seed_0.pt"
    if not named.is_file():
        pytest.skip("the docs are not here")
    digests = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (named, root / "bundle" / "models" / "model.pt")
    ]
    assert digests[0] == digests[1]


def figures(cldice: float) -> dict[str, float]:
    others = {"tprec": 0.5, "tsens": 0.6, "dice": 0.7, "b1_error": 1.0, "b2_error": 2.0}
    return {"cldice": cldice, "b0_error": 3.456, **others}


def write_table(folder: Path, part: str, *, of: bytes = WEIGHTS, **changed: object) -> None:
    """Write a table where the weights are the second of two networks."""
    scores = {
        "development": {"tgMouse": 0.8, "lowerRes_hiSNR": 0.6},
        "scored": {"octa": 0.5, "bbbDisruption": 0.7, "plaqueVessels": 0.1},
    }[part]
    raw = {n: {"ours 0": figures(0.0), "ours 1": figures(c)} for n, c in scores.items()}
    content = {
        "weights_sha256": ["0" * 64, hashlib.sha256(of).hexdigest()],
        "recipe": asdict(RECIPE) | changed,
        "results": {"raw": raw},
    }
    folder.mkdir(exist_ok=True)
    (folder / f"zero_shot_{part}.json").write_text(json.dumps(content))


def test_weights_preparation_and_figures_are_written_and_nothing_else(
    script, bundle: Path, weights: Path, tmp_path: Path
):
    before = json.loads((bundle / "configs" / "metadata.json").read_text())
    write_table(tmp_path / "results", "development")
    script.install(weights, bundle=bundle, results=tmp_path / "results")
    assert (bundle / "models" / "model.pt").read_bytes() == WEIGHTS
    names = vars(Preparation())
    expected = Preparation(**{name: getattr(RECIPE, name) for name in names})
    assert read_preparation(bundle / "models" / "model.pt") == expected
    after = json.loads((bundle / "configs" / "metadata.json").read_text())
    written = after.pop("eval_metrics")
    before.pop("eval_metrics")
    assert after == before
    assert written["mean_cldice"] == 0.7
    assert written["volumes"]["tgMouse"]["cldice"] == 0.8
    assert written["volumes"]["tgMouse"]["patch_betti_errors"] == [3.46, 1.0, 2.0]
    assert written["weights_sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert "chose numbers" in written["data"]


def test_volumes_that_were_scored_once_come_first_and_one_is_apart(
    script, bundle: Path, weights: Path, tmp_path: Path
):
    for part in ("development", "scored"):
        write_table(tmp_path / "results", part)
    script.install(weights, bundle=bundle, results=tmp_path / "results")
    written = json.loads((bundle / "configs" / "metadata.json").read_text())["eval_metrics"]
    assert written["mean_cldice"] == 0.6
    assert written["not_in_the_means"] == ["plaqueVessels"]
    assert written["volumes"]["plaqueVessels"]["cldice"] == 0.1


def test_figures_of_other_weights_or_another_recipe_are_not_taken(
    script, bundle: Path, weights: Path, tmp_path: Path
):
    write_table(tmp_path / "results", "development", of=b"others")
    with pytest.raises(InputError, match=r"no table in .* scored these weights"):
        script.install(weights, bundle=bundle, results=tmp_path / "results")
    write_table(tmp_path / "results", "development", threshold=0.9)
    with pytest.raises(InputError, match=r"measured with another threshold \(0.9, now"):
        script.install(weights, bundle=bundle, results=tmp_path / "results")
    assert not (bundle / "models").exists()


def test_weights_that_the_zoo_does_not_take_are_refused(script, bundle: Path, tmp_path: Path):
    weights = tmp_path / "large.pt"
    with weights.open("wb") as file:
        file.truncate(25_000_000)
    with pytest.raises(InputError, match="less than 25 MB"):
        script.install(weights, bundle=bundle)
    assert not (bundle / "models").exists()


def test_the_training_script_installs_and_names_what_is_missing(
    script, bundle: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
):
    import train_zero_shot

    taken = {}
    monkeypatch.setattr(
        train_zero_shot, "install", lambda path, bundle: taken.update({path: bundle})
    )
    words = ["train_zero_shot.py", "--install", str(weights), "--bundle", str(bundle)]
    monkeypatch.setattr(sys, "argv", words)
    train_zero_shot.main()
    assert taken == {weights: bundle}
    monkeypatch.setattr(train_zero_shot, "install", script.install)
    monkeypatch.setattr(sys, "argv", [*words[:2], "seed_7.pt"])
    with pytest.raises(SystemExit, match=r"seed_7.pt: no such file; train that seed first"):
        train_zero_shot.main()


def test_metadata_keep_their_form(script, root: Path):
    text = (root / "bundle" / "configs" / "metadata.json").read_text()
    assert script.readable_json(json.loads(text)) == text
