"""A run that is stopped, killed or out of disk leaves the old result or none."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.cli import main
from cldice_monai.inference import case as case_module
from cldice_monai.inference import folder as folder_module
from tests.conftest import ROOT

# stops for long at the place that the test names, after telling it
_PROGRAM = """
import sys, time
from pathlib import Path
from cldice_monai.cli import main
from cldice_monai.inference import case, recipe

def stop(*_, **__):
    Path(sys.argv[3]).touch()
    time.sleep(60)

if sys.argv[4] == "network":
    recipe.Recipe.segment = stop
else:
    case.save_preview = stop
sys.exit(main(["predict", sys.argv[1], "-o", sys.argv[2], "--device", "cpu", "--overwrite"]))
"""


def predict(*words: object) -> int:
    return main(["predict", *map(str, words), "--device", "cpu"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def done(save_scan: Callable[..., Path], tmp_path: Path, threshold_network: None) -> Path:
    """A folder with the result of a scan, which has changed since."""
    scan = save_scan()
    assert predict(scan, "-o", tmp_path / "out", "--quiet") == 0
    save_scan(array=np.random.default_rng(9).normal(size=(20, 20, 20)).astype(np.float32))
    return tmp_path / "out"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("place", ["network", "writing"])
def test_signal_in_the_middle_leaves_the_old_result(
    done: Path, name: str, place: str, tmp_path: Path
):
    before = contents(done)
    told = tmp_path / "told"
    words = [tmp_path / "scans" / "scan.nii.gz", done, told, place]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, words)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    while not told.exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    error = process.communicate()[1]
    assert contents(done) == before
    left = [path for path in done.iterdir() if path.name.startswith(".")]
    if name == "SIGTERM":
        assert process.returncode == 130
        assert error.splitlines() == ["error: stopped; nothing half-written is left"]
        assert left == []
    else:
        assert process.returncode == -signal.SIGKILL
        # what a killed run had begun is taken away by the next one
        assert predict(tmp_path / "scans", "-o", done, "--overwrite", "--quiet") == 0
        assert [path for path in done.iterdir() if path.name.startswith(".")] == []


def test_kill_between_two_renames_leaves_no_report(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if target.name.endswith("_preview.png") and target.parent == done:
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        assert predict(tmp_path / "scans", "-o", done, "--overwrite", "--quiet") == 130
    assert not (done / "scan_report.json").exists()
    assert predict(tmp_path / "scans", "-o", done, "--quiet") == 0  # so the case is done again
    shape = json.loads((done / "scan_report.json").read_text())["shape"]
    assert shape == [20, 20, 20]


@pytest.mark.parametrize("place", ["mask", "preview", "report", "rename"])
def test_full_disk_leaves_the_old_result(
    done: Path,
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    def full(*_: object, **__: object) -> Iterator[None]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = contents(done)
    with monkeypatch.context() as patched:
        if place in ("mask", "preview"):
            name = {"mask": "write_result", "preview": "save_preview"}[place]
            patched.setattr(case_module, name, full)
        elif place == "report":
            patched.setattr(case_module, "report_name", full)
        else:
            patched.setattr(folder_module.tempfile, "mkdtemp", full)
        assert predict(tmp_path / "scans", "-o", done, "--overwrite") == 1
    after = contents(done)
    for name in ("scan_mask.nii.gz", "scan_report.json", "scan_preview.png"):
        assert after[name] == before[name]
    assert not [name for name in after if name.startswith(".")]
    error = capsys.readouterr().err
    assert "No space left on device" in error
    assert "Traceback" not in error


def test_two_runs_do_not_write_to_one_folder(
    done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    lock = os.open(done, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert predict(tmp_path / "scans", "-o", done, "--overwrite") == 1
    finally:
        os.close(lock)
    assert "another run is writing to it" in capsys.readouterr().err


def test_input_is_never_replaced(
    save_scan: Callable[..., Path], capsys: pytest.CaptureFixture[str], threshold_network: None
):
    scan = save_scan("a_mask.nii.gz")
    before = scan.read_bytes()
    assert predict(scan, "-o", scan.parent) == 1
    assert "the result would replace it" in capsys.readouterr().err
    assert scan.read_bytes() == before
