"""The table that quickstart ends with, and its verdict."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.report.scores import score_segmentation


def _results(folder: Path, dataset: Path, *, rows_kept: int) -> None:
    """Write metrics.json as if the label of case_0, cut after some rows, had been predicted."""
    label = np.asarray(nib.load(dataset / "labelsTs" / "case_0.nii.gz").dataobj) > 0
    prediction = label.copy()
    prediction[rows_kept:] = False
    cases = {"case_0": {"scores": score_segmentation(prediction, label)}}
    folder.mkdir()
    content = {"settings": {"in_channels": 1}, "cases": cases}
    (folder / "metrics.json").write_text(json.dumps(content))


def _summarise(root: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "scripts" / "summarise_inference.py", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("rows_kept", "status"), [(40, 0), (12, 1)], ids=["good", "bad"])
def test_verdict_follows_the_measured_cldice(
    rows_kept: int, status: int, root: Path, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(0, n_test=1)
    _results(tmp_path / "out", dataset, rows_kept=rows_kept)
    result = _summarise(root, tmp_path / "out", "--dataset-dir", dataset, "--min-cldice", "0.8")
    assert result.returncode == status, result.stdout + result.stderr
    assert "this model" in result.stdout
    assert "Otsu's threshold" in result.stdout
    assert "case_0_preview.png" in result.stdout
    assert ("is below 0.80" in result.stderr) == (status == 1)
    tables = [line for line in result.stdout.splitlines() if "/" not in line]
    assert max(len(line) for line in tables) <= 80


def test_another_run_stands_in_the_same_table(root: Path, make_dataset: Callable, tmp_path: Path):
    dataset = make_dataset(0, n_test=1)
    _results(tmp_path / "out", dataset, rows_kept=40)
    _results(tmp_path / "other", dataset, rows_kept=12)
    words = [tmp_path / "out", "--dataset-dir", dataset, "--min-cldice", "0.8"]
    result = _summarise(root, *words, "--also", f"bundle's weights={tmp_path / 'other'}")
    assert result.returncode == 0, result.stdout + result.stderr  # the first is judged
    rows = [line[:22].strip() for line in result.stdout.splitlines() if line.endswith("/0")]
    assert rows[:2] == ["this model", "bundle's weights"]
    assert f"{tmp_path / 'other'}/case_0_preview.png" in result.stdout


@pytest.mark.parametrize("also", ["folder", "=folder", "name="])
def test_another_run_without_a_name_is_refused(
    also: str, root: Path, make_dataset: Callable, tmp_path: Path
):
    result = _summarise(root, tmp_path, "--dataset-dir", make_dataset(0, n_test=1), "--also", also)
    assert result.returncode == 1
    assert (
        result.stderr == f"error: --also {also}: not a name and a folder; write --also NAME=DIR\n"
    )


def test_missing_metrics_are_one_line(root: Path, make_dataset: Callable, tmp_path: Path):
    result = _summarise(root, tmp_path, "--dataset-dir", make_dataset(0, n_test=1))
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'metrics.json'}: cannot be read")
    assert len(result.stderr.splitlines()) == 1


def test_volume_without_label_cannot_pass_the_verdict(
    root: Path, make_dataset: Callable, tmp_path: Path
):
    dataset = make_dataset(0, n_test=1)
    content = {
        "settings": {"in_channels": 1},
        "cases": {"case_0": {"scores": None, "scores_missing_because": "no label"}},
    }
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    result = _summarise(root, tmp_path, "--dataset-dir", dataset, "--min-cldice", "0.8")
    assert result.returncode == 1
    assert "could not be measured" in result.stderr
