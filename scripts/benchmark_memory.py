"""Print the peak memory of segmenting cubic volumes of 0.1, 0.4 and 1.6 Gvoxel.

Each volume is written as an uncompressed NIfTI file of uint8 into --folder (1.6 GB for the largest,
as much again for its mask), segmented in a process of its own, and removed. One row alone:

    python scripts/benchmark_memory.py --gvoxel 1.6 --smallest      # at --max-memory 2GB
    python scripts/benchmark_memory.py --gvoxel --smallest 0.4 1.6  # the two least amounts

The network is one convolution of single voxels, since only memory is measured. Peaks are the
largest sum of RssAnon and RssShmem of /proc/PID/status, looked at from outside every 5 ms.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

_COUNTED = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_ROI, _OVERLAP = 128, 0.25
_TILE = 64


def main() -> None:
    """Read the words, run every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gvoxel", type=float, nargs="*", default=[0.1, 0.4, 1.6])
    parser.add_argument("--max-memory", default="2GB", help="of the first round (2GB)")
    parser.add_argument("--smallest", type=float, nargs="*", default=[0.4, 1.6], metavar="GVOXEL")
    parser.add_argument("--folder", type=Path, default=None, help="on a disk, not in memory")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _segment(*options.child)
        return
    print("| Gvoxel | --max-memory [MB] | columns | peak [MB] | at most [MB] | minutes |")
    print("|---|---|---|---|---|---|", flush=True)
    sizes = sorted({*options.gvoxel, *options.smallest})
    peaks = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for gvoxel in sizes:
            scan = _write_scan(Path(name) / "scan.nii", round((gvoxel * 1e9) ** (1 / 3)))
            if gvoxel in options.gvoxel:
                _row(gvoxel, scan, options.max_memory)
            if gvoxel in options.smallest:
                peaks.append(_row(gvoxel, scan, _smallest(scan)))
    if len(peaks) > 1:
        apart = 100 * (max(peaks) / min(peaks) - 1)
        print(f"\nThe peaks at the least memory that is accepted are {apart:.1f} % apart.")


def _row(gvoxel: float, scan: Path, max_memory: str) -> int:
    """Print a row of the table; return the peak in bytes."""
    start = time.monotonic()
    result, peak = _watched(scan, max_memory)
    minutes = (time.monotonic() - start) / 60
    allowed = result["max_bytes"] / 1e6
    print(
        f"| {gvoxel:g} | {allowed:.0f} | {result['n_columns']} | {peak / 1e6:.0f} | "
        f"{'held' if peak <= result['max_bytes'] else 'EXCEEDED'} | {minutes:.1f} |",
        flush=True,
    )
    return peak


def _smallest(scan: Path) -> str:
    """Return the least memory, as the refusal names it."""
    child = subprocess.run(
        [sys.executable, __file__, "--child", str(scan), "100MB", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    named = re.search(r"--max-memory (\d+MB) is the least", child.stderr)
    if named is None:
        raise RuntimeError(child.stderr)
    return named[1]


def _watched(scan: Path, max_memory: str) -> tuple[dict[str, Any], int]:
    """Run one case, and look at its memory from outside."""
    report = scan.with_suffix(".json")
    words = [sys.executable, __file__, "--child", str(scan), max_memory, str(report)]
    child = subprocess.Popen(words)
    status = Path(f"/proc/{child.pid}/status")
    peak = 0
    while child.poll() is None:
        peak = max(peak, 1024 * sum(map(int, _COUNTED.findall(status.read_text()))))
        time.sleep(0.005)
    if child.returncode:
        raise RuntimeError(f"the case ended with status {child.returncode}")
    result: dict[str, Any] = json.loads(report.read_text())
    return result, peak


def _segment(scan: str, max_memory: str, report: str) -> None:
    """Segment the scan in this process."""
    import torch

    from cldice_monai.volumes import LargeSettings, parse_bytes, predict_large

    network = torch.nn.Conv3d(1, 1, 1)
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), (20.0, -10.0), strict=True):
            parameter.fill_(value)
    settings = LargeSettings(
        roi=(_ROI,) * 3, overlap=_OVERLAP, cutoff=1.0, max_bytes=parse_bytes(max_memory)
    )
    mask = Path(scan).with_name("mask.nii")
    result = predict_large([Path(scan)], mask, network, settings=settings)
    mask.unlink()
    facts = {"n_columns": result.n_columns, "max_bytes": settings.max_bytes}
    Path(report).write_text(json.dumps(facts | result.figures))


def _write_scan(path: Path, side: int) -> Path:
    """Write tubes of radius 3 that wind along all three axes, 64 voxels apart, in noise."""
    import nibabel as nib

    header = nib.Nifti1Header()
    header.set_data_shape((side,) * 3)
    header.set_data_dtype(np.uint8)
    header.set_sform(np.eye(4), code=1)
    header.set_xyzt_units("mm")
    header["vox_offset"], header["magic"] = 352, b"n+1"
    tile = _tile()
    n_tiles = -(-side // _TILE)
    with path.open("wb") as file:
        file.write(header.binaryblock + bytes(4))
        for layer in range(side):  # the last axis is the slowest in the file
            plane = np.tile(tile[:, :, layer % _TILE], (n_tiles, n_tiles))[:side, :side]
            file.write(plane.tobytes(order="F"))
    return path


def _tile() -> np.ndarray:
    places = np.indices((_TILE,) * 3)
    wave = 6 * np.sin(2 * np.pi * places / _TILE)
    inside = np.zeros((_TILE,) * 3, bool)
    for axis in range(3):
        first, second = (a for a in range(3) if a != axis)
        off = [places[a] - _TILE / 2 - 8 * axis - wave[axis] for a in (first, second)]
        inside |= off[0] ** 2 + off[1] ** 2 <= 9
    noise = np.random.default_rng(0).integers(0, 60, inside.shape)
    return (noise + 180 * inside).astype(np.uint8)


if __name__ == "__main__":
    main()
