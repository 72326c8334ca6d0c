"""The command line of the evaluation, as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cldice_monai.cli import main
from tests.evaluation.masks import save_in_format, save_mask, vessels


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
    lines = [line for line in printed.splitlines() if not line.startswith("note: ")]
    assert max(len(line) for line in lines if str(folder) not in line) <= 80
    names = ["cases.csv", "error_maps", "evaluation.json", "patches.csv", "report.html"]
    names += ["summary.md"]
    assert sorted(path.name for path in (folder / "out").iterdir()) == names
    assert "| one | 1.000 |" in (folder / "out" / "summary.md").read_text()


@pytest.mark.parametrize("ending", [".tif", ".png", ".nrrd", ".mha", ".zarr"])
def test_masks_of_every_format_are_measured(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    flat, needs_spacing = ending == ".png", ending in (".tif", ".png")
    mask = vessels(0, (24, 20)) if flat else vessels(0)
    for name in ("pred/a_mask", "label/a"):
        save_in_format(tmp_path / f"{name}{ending}", mask)
    words = ["--pred", tmp_path / "pred", "--label", tmp_path / "label", "--out", tmp_path / "out"]
    words += ["--patch-size", "12", "--n-patches", "2"]
    if needs_spacing:
        words += ["--spacing", "1,2mm" if flat else "0.5,1,2mm"]
    assert main(["evaluate", *map(str, words)]) == 0
    assert "1/1  pred/a" in capsys.readouterr().out
    text = (tmp_path / "out" / "summary.md").read_text()
    assert "| pred | 1.000 |" in text
    assert ("24 x 20 | 2 x 1 mm" if flat else "24 x 24 x 20 | 2 x 1 x 0.5 mm") in text
    assert (tmp_path / "out" / "error_maps" / "a_ghosts_misses.nii.gz").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--patch-size", "0"], "patch_size must be positive"),
        (["--n-patches", "0"], "n_patches must be at least 1"),
        (["--th-snap", "0"], "th_snap 0.0: must be above 0"),
        (["--classes", "0"], "classes [0]: must be whole numbers"),
        (["--num-workers", "0"], "num_workers 0: must be 1 or more"),
        (["--surface-tolerance-mm", "-1"], "surface_tolerance_mm -1.0: must be 0 or more"),
        (["--spacing", "1,1,1"], "spacing 1,1,1: the unit is missing"),
        (["--spacing", "1,1,1mm"], "spacing: every label says its own voxel size"),
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
