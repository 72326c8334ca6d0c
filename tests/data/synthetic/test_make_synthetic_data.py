"""The command line over the generator."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[3] / "scripts" / "make_synthetic_data.py"


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("make_synthetic_data", _SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def _words(folder, **options):
    chosen = {"training": 1, "validation": 0, "test": 0, "size": 16} | options
    return [str(folder), *(word for k, v in chosen.items() for word in (f"--{k}", str(v)))]


def test_command_writes_a_dataset_and_says_where(main, tmp_path, capsys):
    assert main(_words(tmp_path / "v")) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0].startswith("volume 1 of 1")
    assert printed.out.splitlines()[-1] == f"written: {tmp_path / 'v'}"
    assert printed.err == ""
    assert (tmp_path / "v" / "dataset.json").is_file()


@pytest.mark.parametrize("change", [{"size": 4}, {"seed": -1}, {"training": 0}])
def test_command_ends_with_status_one_and_one_line(main, tmp_path, capsys, change):
    assert main(_words(tmp_path / "v", **change)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_command_refuses_a_folder_in_use(main, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    assert main(_words(tmp_path)) == 1
    assert "not empty" in capsys.readouterr().err


def test_quiet_prints_nothing(main, tmp_path, capsys):
    assert main([*_words(tmp_path / "v"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_script_runs_by_itself():
    command = [sys.executable, str(_SCRIPT), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0
    assert "--preset" in done.stdout
