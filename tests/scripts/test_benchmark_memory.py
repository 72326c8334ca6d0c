from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_small_volume_is_measured_and_stays_below_its_memory(root: Path, tmp_path: Path):
    words = ["--gvoxel", "0.002", "--smallest", "--folder", str(tmp_path)]
    result = subprocess.run(
        [sys.executable, str(root / "scripts" / "benchmark_memory.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    cells = result.stdout.splitlines()[2].split("|")[1:-1]
    gvoxel, allowed, columns, peak, verdict, _ = (cell.strip() for cell in cells)
    assert (gvoxel, allowed, columns, verdict) == ("0.002", "2000", "1", "held")
    assert 100 < int(peak) < 2000
    assert list(tmp_path.iterdir()) == []
