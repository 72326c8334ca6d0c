"""Time the inference of ``cldice-monai predict`` beside MONAI's default path.

    python scripts/benchmark_inference.py [--image IMAGE --label LABEL] [--spacing Z,Y,XUNIT]

MONAI's path is SlidingWindowInferer in float32, windows of 96 voxels, overlap 0.5, gaussian, 4 at
a time. Ours are the same windows and weights through the inferer of inference.json, in bfloat16
where the CPU has units for it, and in float32 beside. Times are medians of rounds in one process,
one path after the other; the peak memory is that of a process of its own for each. Without files a
synthetic volume of 192x160x160 voxels stands in. The masks are compared, and both with the label.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from monai.inferers import SlidingWindowInferer

from cldice_monai.data.formats import read_image
from cldice_monai.data.nifti import Volume
from cldice_monai.data.spacing import Spacing, spacing_from_text
from cldice_monai.inference.recipe import Recipe
from cldice_monai.memory_left import peak_bytes
from cldice_monai.topology import cldice

WINDOW, OVERLAP, BATCH = 96, 0.5, 4
SHAPE = (192, 160, 160)
PATHS = ("monai", "ours", "ours_float32")
TITLES = {"monai": "MONAI, float32", "ours": "ours, auto", "ours_float32": "ours, float32"}


def main() -> None:
    """Print the times, the memory and the agreement as a Markdown table."""
    options = _options()
    torch.set_num_threads(options.threads)
    if options.only is not None:
        _run_alone(options)
        return
    volume, label = read_case(options)
    peaks = {path: _peak_of(path, volume, threads=options.threads) for path in PATHS}
    runs = {path: make_run(path, volume) for path in PATHS}
    masks = {path: run() for path, run in runs.items()}  # warms up, too
    times = time_in_turns(runs, rounds=options.rounds)
    shape = "x".join(map(str, volume.array.shape[1:]))
    print(f"{shape} voxels, {options.threads} threads, medians of {options.rounds}\n")
    print("| path | seconds | MONAI / it | peak memory | Dice with MONAI | Dice | clDice |")
    print("|---|---|---|---|---|---|---|")
    for path in PATHS:
        of_label = score(masks[path], label)
        print(
            f"| {TITLES[path]} | {times[path]:.2f} | {times['monai'] / times[path]:.2f} "
            f"| {peaks[path] / 1e6:.0f} MB | {dice(masks[path], masks['monai']):.5f} "
            f"| {of_label[0]:.4f} | {of_label[1]:.4f} |"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, help="image of one channel")
    parser.add_argument("--label", type=Path, help="its label; vessel is > 0")
    parser.add_argument("--spacing", type=spacing_from_text, help="voxel size of TIFF files")
    parser.add_argument("--rounds", type=int, default=5, help="(5)")
    parser.add_argument("--threads", type=int, default=2, help="(2)")
    parser.add_argument("--only", nargs=2, metavar=("PATH", "ARRAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if (options.image is None) != (options.label is None):
        parser.error("--image and --label belong together")
    return options


def read_case(options: argparse.Namespace) -> tuple[Volume, np.ndarray]:
    """Return the image and its label, (X, Y, Z)."""
    if options.image is None:
        return synthetic_case(SHAPE)
    spacing: Spacing | None = options.spacing
    label = read_image(options.label, spacing=spacing).array[0] > 0
    return read_image(options.image, spacing=spacing), label


def synthetic_case(shape: tuple[int, ...]) -> tuple[Volume, np.ndarray]:
    """Draw vessels, with voxels of 1 mm.

    Args:
        shape: voxels along each axis.

    Returns:
        Image and boolean label.
    """
    from cldice_monai.data.synthetic import generate_vessels

    sample = generate_vessels(shape, seed=0)
    return in_mm(np.asarray(sample.image, np.float32)), np.asarray(sample.label) > 0


def in_mm(image: np.ndarray) -> Volume:
    """Return an image (C, X, Y, Z) as a volume with voxels of 1 mm."""
    return Volume(image, np.eye(4), "mm", 0, 1, image.shape[1:], Path("image"))


def make_run(path: str, volume: Volume) -> Callable[[], np.ndarray]:
    """Return a function that segments a volume by one of the paths.

    Args:
        path: one of `PATHS`.
        volume: the image; it stays on its own grid.

    Returns:
        Gives the mask, (X, Y, Z); what comes before the network is done already.
    """
    precision = "float32" if path == "ours_float32" else "auto"
    recipe = Recipe(
        settings={
            **{"device": "cpu", "roi": WINDOW, "overlap": OVERLAP, "precision": precision},
            **{"side_mm": None, "factors": [1.0], "pad_windows": True},
        }
    )
    image = recipe.prepare(volume)["image"][None].as_tensor()
    inferer = recipe.inferer
    if path == "monai":
        inferer = SlidingWindowInferer([WINDOW] * 3, BATCH, overlap=OVERLAP, mode="gaussian")
    threshold = float(recipe.settings["threshold"])

    def run() -> np.ndarray:
        with torch.no_grad():
            logits = inferer(image, recipe.network)
        return np.asarray(torch.sigmoid(logits[0, 0]) >= threshold)

    return run


def time_in_turns(runs: dict[str, Callable[[], np.ndarray]], *, rounds: int) -> dict[str, float]:
    """Return the median seconds of each, one after the other in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def dice(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Dice score of two masks; 1 where both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 1.0


def score(mask: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Return Dice and clDice of a mask."""
    return dice(mask, label), cldice(mask, label)


def _peak_of(path: str, volume: Volume, *, threads: int) -> int:
    """Return the peak memory of a process that runs one path once.

    It reads the voxels from a file, since drawing them takes more memory than segmenting them.
    """
    with tempfile.TemporaryDirectory() as folder:
        array = Path(folder) / "image.npy"
        np.save(array, volume.array)
        words = ["--only", path, str(array), "--threads", str(threads)]
        command = [sys.executable, __file__, *words]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(json.loads(printed)["peak_bytes"])


def _run_alone(options: argparse.Namespace) -> None:
    path, array = options.only
    make_run(path, in_mm(np.load(array)))()
    print(json.dumps({"peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    main()
