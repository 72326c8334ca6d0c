"""The command that writes synthetic volumes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import nibabel
import numpy as np
import pytest

from cldice_monai import cli
from cldice_monai.commands import synthesize
from cldice_monai.data.synthetic.presets import PRESET_NAMES
from cldice_monai.data.synthetic.write import write_synthetic_dataset


def _words(folder, **options):
    chosen = {"n": 3, "size": 16} | options
    return ["synthesize", str(folder), *(w for k, v in chosen.items() for w in (f"--{k}", str(v)))]


def _parts(folder):
    content = json.loads((folder / "dataset.json").read_text())
    return [len(content[part]) for part in ("training", "validation", "test")]


def test_command_writes_a_dataset_and_says_where(tmp_path, capsys):
    assert cli.main(_words(tmp_path / "v")) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].startswith("volume 1 of 3")
    assert printed.out.splitlines()[-1] == f"written: {tmp_path / 'v'}"
    assert printed.err == ""
    assert _parts(tmp_path / "v") == [1, 1, 1]


@pytest.mark.parametrize(("n", "parts"), [(22, [15, 2, 5]), (11, [8, 1, 2])])
def test_volumes_are_split_as_in_the_paper_or_in_proportion(tmp_path, n, parts):
    assert cli.main(_words(tmp_path / "v", n=n)) == 0
    assert _parts(tmp_path / "v") == parts


def test_options_reach_the_generator(tmp_path):
    words = _words(tmp_path / "v", preset="hard", seed=3, channels=2)
    size = words.index("--size")
    words[size : size + 2] = ["--size", "16", "20", "18"]
    assert cli.main(words) == 0
    expected = write_synthetic_dataset(
        tmp_path / "e", counts=(1, 1, 1), size=(16, 20, 18), preset="hard", seed=3, n_channels=2
    )
    for name in ("imagesTr/vessels_000.nii.gz", "labelsTs/vessels_002.nii.gz"):
        found = nibabel.load(tmp_path / "v" / name)
        np.testing.assert_array_equal(
            np.asarray(found.dataobj), np.asarray(nibabel.load(expected / name).dataobj)
        )
    assert nibabel.load(tmp_path / "v/imagesTr/vessels_000.nii.gz").shape == (16, 20, 18, 2)


@pytest.mark.parametrize("change", [{"size": 4}, {"seed": -1}, {"n": 2}, {"workers": -1}])
def test_bad_number_is_one_line_and_nothing_is_written(tmp_path, capsys, change):
    assert cli.main(_words(tmp_path / "v", **change)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_folder_in_use_is_refused(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert cli.main(_words(tmp_path)) == 1
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_run_that_is_broken_off_leaves_nothing(tmp_path, monkeypatch, capsys, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(nibabel, "save", fail)
    assert cli.main(_words(tmp_path / "v")) == (1 if isinstance(error, OSError) else 130)
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_every_preset_can_be_chosen():
    assert synthesize._PRESETS == PRESET_NAMES


def test_a_schedulers_sigterm_leaves_neither_files_nor_processes(tmp_path):
    command = [sys.executable, "-m", "cldice_monai", "synthesize", "out", "--n", "40"]
    command += ["--size", "48", "--workers", "1"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline().startswith("volume 1 of 40")
    process.terminate()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.strip() == "error: stopped; nothing half-written is left"
    assert list(tmp_path.iterdir()) == []
    deadline = time.monotonic() + 10
    while _has_processes(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _has_processes(process.pid)


def _has_processes(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
