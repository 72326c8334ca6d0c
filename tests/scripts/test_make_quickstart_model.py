"""The one thing that writes the bundle's weights: what it runs, what it writes, and when."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest

SCORES = {"cldice": 0.5, "tprec": 0.4, "tsens": 0.7, "dice": 0.6, "betti_errors": [3, 2, 1]}


@pytest.fixture
def script(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(root / "scripts"))
    import make_quickstart_model

    return make_quickstart_model


@pytest.fixture
def bundle(root: Path, tmp_path: Path) -> Path:
    """A copy of the bundle's configs, without weights."""
    shutil.copytree(root / "bundle" / "configs", tmp_path / "bundle" / "configs")
    return tmp_path / "bundle"


def _stand_in(step: str, bundle: Path, output: Path) -> None:
    """What the two steps leave behind."""
    if step == "train_quickstart":
        (output / "models").mkdir(parents=True)
        (output / "models" / "model.pt").write_bytes(b"weights")
    else:
        scores = SCORES | {"betti_numbers": [1, 1, 1]}
        content = {"cases": {"case": {"scores": scores}}, "definitions": {"dice": "..."}}
        (output / "metrics.json").write_text(json.dumps(content))


def _run(script, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(script, "run_step", _stand_in)
    monkeypatch.setattr(sys, "argv", ["make_quickstart_model.py", *words])
    script.main()


def test_without_install_nothing_is_written(script, bundle: Path, monkeypatch, capsys):
    before = (bundle / "configs" / "metadata.json").read_bytes()
    _run(script, monkeypatch, "--bundle", str(bundle))
    assert json.loads(capsys.readouterr().out)["cldice"] == 0.5
    assert not (bundle / "models").exists()
    assert (bundle / "configs" / "metadata.json").read_bytes() == before


def test_install_writes_the_weights_and_their_figures_alone(script, bundle: Path, monkeypatch):
    path = bundle / "configs" / "metadata.json"
    before = json.loads(path.read_text())
    _run(script, monkeypatch, "--install", "--bundle", str(bundle))
    assert (bundle / "models" / "model.pt").read_bytes() == b"weights"
    after = json.loads(path.read_text())
    figures = after.pop("eval_metrics")
    assert {name: figures[name] for name in SCORES} == SCORES
    assert figures["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    before.pop("eval_metrics")
    assert after == before


def test_metadata_keep_their_form(script, root: Path):
    text = (root / "bundle" / "configs" / "metadata.json").read_text()
    assert script.readable_json(json.loads(text)) == text


def test_weights_that_the_zoo_does_not_take_are_refused(script, bundle: Path, tmp_path: Path):
    weights = tmp_path / "large.pt"
    with weights.open("wb") as file:
        file.truncate(25_000_000)
    with pytest.raises(SystemExit, match="less than 25 MB"):
        script.install(weights, {}, bundle)
    assert not (bundle / "models").exists()


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Python that writes down its words, and fails on a training."""
    path = tmp_path / "python"
    said = tmp_path / "said"
    path.write_text(f'#!/bin/bash\necho "$*" >> {said}\n[ "$4" != training ]\n')
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    return said


def test_the_steps_are_those_of_the_quick_start(script, python: Path, tmp_path: Path, root: Path):
    script.run_step("segment_quickstart", Path("BUNDLE"), tmp_path / "out")
    (words,) = python.read_text().splitlines()
    assert "--config_file BUNDLE/configs/inference.json" in words
    assert words.endswith(f"--weights {tmp_path}/out/models/model.pt --output_dir {tmp_path}/out")
    quickstart = (root / "scripts" / "quickstart.sh").read_text()
    assert "source scripts/_quickstart.sh" in quickstart
    for step in ("train_quickstart", "segment_quickstart"):
        assert f'{step} .venv/bin/python bundle "$output"' in quickstart


def test_a_step_that_fails_ends_the_script_with_its_status(script, python: Path, tmp_path: Path):
    with pytest.raises(SystemExit) as ended:
        script.run_step("train_quickstart", Path("BUNDLE"), tmp_path / "out")
    assert ended.value.code == 1
