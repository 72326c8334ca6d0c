"""The scripts as modules, what runs them as a user does, and stand-ins for the real volumes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def import_script(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a script by its name; scripts import each other from their folder."""
    monkeypatch.syspath_prepend(str(root / "scripts"))
    return importlib.import_module


@pytest.fixture
def run_main(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call a script's main with words of the command line."""

    def run(script: ModuleType, *words: object) -> None:
        monkeypatch.setattr("sys.argv", [f"{script.__name__}.py", *map(str, words)])
        script.main()

    return run


@pytest.fixture
def data(import_script: Callable[[str], ModuleType], tmp_path: Path) -> Path:
    """Stand-ins for the development volumes: a bright bar in noise; the others are not there."""
    folder = tmp_path / "data"
    rng = np.random.default_rng(0)
    for volume in import_script("real_volumes").VOLUMES.values():
        if volume.part != "development":
            continue
        label = np.zeros((6, 24, 24), np.uint8)
        label[2:4, 9:14] = 255
        image = np.clip(rng.normal(20, 4, label.shape) + 0.6 * label, 0, 255).astype(np.uint8)
        for name, array in ((volume.image, image), (volume.label, label)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            first, *others = [Image.fromarray(page) for page in array]
            first.save(folder / name, save_all=True, append_images=others)
    return folder


@pytest.fixture
def study(import_script):
    return import_script("study")


@pytest.fixture
def plan(study):
    import study_plan

    return study_plan


@pytest.fixture
def call(study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Call the script with words after its name; pages and results go to tmp_path/docs."""

    def run(*words: str) -> None:
        places = ["--out", tmp_path / "docs", "--work-dir", tmp_path / "work"]
        monkeypatch.setattr("sys.argv", ["study.py", *words, *map(str, places)])
        study.main()

    return run
