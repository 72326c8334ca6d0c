"""Hundreds of damaged files in one run: a line each, no traceback, no file, little memory."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, save_nifti
from tests.inference.damage import write_damaged
from tests.inference.damage_folders import write_damaged_dicom, write_damaged_zarr

_MOST_MORE = 600_000_000
_PROGRAM = """
import json, resource, sys
from cldice_monai.cli import main
from cldice_monai.data.itk_module import load_itk
import cldice_monai.inference.run
import cldice_monai.report, skimage.morphology, tifffile, nibabel, PIL.ImageDraw, zarr
load_itk()
before, out, first, stack, *inputs = sys.argv[1:]
words = ["--device", "cpu", "--spacing", "1,1,1um"]
main(["predict", first, stack, "-o", before, *words])
pages = int(open("/proc/self/statm").read().split()[0])
held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
most = pages * resource.getpagesize() + 2_000_000_000
resource.setrlimit(resource.RLIMIT_AS, (most, most))
status = main(["predict", *inputs, "-o", out, *words])
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
print(json.dumps({"status": status, "more_bytes": more * 1024}))
"""


@pytest.mark.slow
def test_damaged_files_get_a_line_each_and_cost_neither_memory_nor_the_good_ones(tmp_path: Path):
    pytest.importorskip("zarr")
    names = write_damaged(tmp_path / "bad") + write_damaged_zarr(tmp_path / "bad")
    names += write_damaged_dicom(tmp_path / "series")
    voxels = np.random.default_rng(0).normal(size=(20, 20, 20)).astype(np.float32)
    for name in ("first.nii.gz", "good.nii.gz"):
        save_nifti(tmp_path / name, voxels)
    (tmp_path / "bad" / "good.nii.gz").write_bytes((tmp_path / "good.nii.gz").read_bytes())
    stack = tmp_path / "stack.tif"
    _save_stack(stack)
    out = tmp_path / "out"
    words = [tmp_path / "before", out, tmp_path / "first.nii.gz", stack]
    words += [tmp_path / "bad", tmp_path / "series"]
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (out / "summary.csv").is_file(), result.stderr
    ended = json.loads(result.stdout.splitlines()[-1])
    assert ended["status"] == 1
    assert ended["more_bytes"] < _MOST_MORE
    with (out / "summary.csv").open() as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    failed = [row for row in rows.values() if row["status"] == "failed"]
    assert len(rows) == len(names) + 1
    assert len(failed) >= 300
    assert rows["good"]["status"] == "done"
    # what was cut off behind the last voxel is no damage
    assert {case for case, row in rows.items() if row["status"] == "done"} <= {
        "good", *(f"cut{n}_tif" for n in range(16, 20))
    }  # fmt: skip
    lines = result.stderr.splitlines()
    assert len(lines) == len(failed) + 1
    assert all(line.startswith("error: ") and len(line) < 500 for line in lines)
    by_file = {line.split(": ")[1] for line in lines[:-1]}
    assert all(row["problem"].split(": ")[0] in by_file for row in failed)
    left = {path.name for path in out.iterdir()}
    assert not [name for name in left if any(name.startswith(row["case"] + "_") for row in failed)]
    assert not [name for name in left if name.startswith(".")]


def _save_stack(path: Path) -> None:
    import tifffile

    stack = np.random.default_rng(0).integers(0, 255, (20, 20, 20)).astype(np.uint8)
    tifffile.imwrite(path, stack, photometric="minisblack")
