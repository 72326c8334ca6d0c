"""The command line of the evaluation, as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cldice_monai.cli import main
from tests.evaluation.masks import save_mask, vessels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    label = vessels(0)
    save_mask(tmp_path / "labels" / "a.nii.gz", label)
    save_mask(tmp_path / "one" / "a_mask.nii.gz", label)
    save_mask(
        tmp_path / "two" / "a_mask.nii.gz",
        label & (np.random.default_rng(0).random(label.shape) > 0.2),
    )
    return tmp_path


def test_two_folders_are_measured_and_compared(folder: Path, capsys: pytest.CaptureFixture[str]):
    words = ["evaluate", "--pred", folder / "one", "--pred", folder / "two"]
    words += ["--label", folder / "labels", "--out", folder / "out", "--patch-size", "12"]
    assert main([str(word) for word in words]) == 0
    printed = capsys.readouterr().out
    assert max(len(line) for line in printed.splitlines() if str(folder) not in line) <= 80
    names = ["cases.csv", "error_maps", "evaluation.json", "patches.csv", "report.html"]
    names += ["summary.md"]
    assert sorted(path.name for path in (folder / "out").iterdir()) == names
    assert "| one | 1.000 |" in (folder / "out" / "summary.md").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--patch-size", "0"], "patch_size must be positive"),
        (["--n-patches", "0"], "n_patches must be at least 1"),
        (["--th-snap", "0"], "th_snap 0.0: must be above 0"),
        (["--classes", "0"], "classes [0]: must be whole numbers"),
        (["--num-workers", "0"], "num_workers 0: must be 1 or more"),
        (["--surface-tolerance-mm", "-1"], "surface_tolerance_mm -1.0: must be 0 or more"),
        (["--image", "nowhere"], "nowhere: no such folder"),
        (["--label", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_bad_words_get_one_line(
    words: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
):
    given = ["evaluate", "--pred", str(folder / "one"), "--label", str(folder / "labels")]
    assert main([*given, "--out", str(folder / "out"), *words]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert says in lines[0]
    assert not list((folder / "out").glob("*")) if (folder / "out").exists() else True
