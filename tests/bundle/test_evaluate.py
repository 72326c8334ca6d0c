"""The bundle's evaluation workflow, by its command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.slow


def test_masks_of_two_folders_are_measured(run_bundle: Callable, make_masks: Callable):
    folder = make_masks(1)
    result = run_bundle(
        "evaluate",
        "evaluating",
        pred_dirs=[str(folder / "good"), str(folder / "bad")],
        label_dir=folder / "labels",
        output_dir=folder / "out",
        patch_size=12,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "clDice" in result.stdout
    content = json.loads((folder / "out" / "evaluation.json").read_text())
    assert list(content["methods"]) == ["good", "bad"]
    assert content["settings"]["sampler"]["patch_size"] == 12
    assert (folder / "out" / "report.html").is_file()


def test_folder_that_is_missing_and_misspelt_setting_get_one_line(
    run_bundle: Callable, make_masks: Callable
):
    folder = make_masks(1)
    missing = run_bundle("evaluate", pred_dirs=folder / "nowhere", label_dir=folder / "labels")
    misspelt = run_bundle("evaluate", pred_dir=folder / "good", label_dir=folder / "labels")
    for result, words in ((missing, "nowhere: no such folder"), (misspelt, "--pred_dirs")):
        assert result.returncode != 0
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert words in result.stderr
