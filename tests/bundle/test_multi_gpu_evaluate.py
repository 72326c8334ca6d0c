"""Two processes of torchrun that evaluate together write the files of one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cldice_monai.report.evaluation_report import EvaluationRequest, write_evaluation

pytestmark = pytest.mark.slow


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_two_processes_write_what_one_writes_and_report_once(
    root: Path, make_masks: Callable, tmp_path: Path
):
    folder = make_masks(3)
    configs = [
        root / "bundle" / "configs" / f"{n}.json" for n in ("evaluate", "multi_gpu_evaluate")
    ]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
    command += ["-m", "monai.bundle", "run", "evaluating", "--bundle_root", str(root / "bundle")]
    command += ["--config_file", str([str(config) for config in configs])]
    command += ["--pred_dirs", str([str(folder / "good"), str(folder / "bad")])]
    command += ["--label_dir", str(folder / "labels"), "--output_dir", str(tmp_path / "two")]
    command += ["--patch_size", "12", "--n_patches", "4"]
    quiet = "ignore:parsing config_file:UserWarning"
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": quiet},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("3/3  ") == 1
    assert done.stdout.count("report.html and 6 maps") == 1
    request = EvaluationRequest(
        [folder / "good", folder / "bad"],
        folder / "labels",
        tmp_path / "one",
        patch_size=12,
        n_patches=4,
    )
    write_evaluation(request, show=lambda line: None)
    one, two = _files(tmp_path / "one"), _files(tmp_path / "two")
    assert one.keys() == two.keys()
    assert all(one[name] == two[name] for name in one)
