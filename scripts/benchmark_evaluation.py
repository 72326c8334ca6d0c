"""Time the evaluation: four volumes with every column, one pair of patches, many patches.

    OMP_NUM_THREADS=1 python scripts/benchmark_evaluation.py [--label LABEL.nii.gz]

Two processes for the volumes, one for the patches; medians of five where repeated. The label is cut
and mirrored to 500x500x50 voxels; without one a network of tubes stands in for it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
from benchmark_topology import cut_patches, read_label
from scipy import ndimage

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.jobs import several_processes
from cldice_monai.evaluation.patches import patch_figures
from cldice_monai.evaluation.run import evaluate
from cldice_monai.topology import PatchSampler

SHAPE = (500, 500, 50)
GOAL_VOLUMES_S, GOAL_PATCH_MS = 60.0, 60.0


def main() -> None:
    """Print the times as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--label", type=Path, help="NIfTI file of a vessel label")
    label = read_label(parser.parse_args().label)
    print("| what | measured | goal |\n|---|---|---|")
    seconds = time_volumes(label)
    print(
        f"| 4 volumes of 500x500x50, 24 patches each, all columns, 2 processes | {seconds:.1f} s "
        f"| < {GOAL_VOLUMES_S:.0f} s |"
    )
    patches = cut_patches(label, 24)[:, 0]
    broken = break_vessels(patches, seed=0)
    one = median_time(lambda: patch_figures(broken[:1], patches[:1]))
    print(
        f"| one pair of 48^3 patches, every patch-wise figure | {1000 * one:.1f} ms "
        f"| < {GOAL_PATCH_MS:.0f} ms |"
    )
    few = median_time(lambda: patch_figures(broken, patches))
    many = median_time(lambda: patch_figures(quadruple(broken), quadruple(patches)))
    print(f"| 96 patches / 24 patches | {many / few:.2f} | linear: 4 |")


def time_volumes(label: np.ndarray) -> float:
    """Return the seconds to evaluate four volumes from their files.

    Args:
        label: boolean volume to cut and mirror them from.

    Returns:
        Seconds, processes started and files read included.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(4):
            turned = np.flip(label, axis=number % 3)
            reach = [(0, max(0, n - m)) for n, m in zip(SHAPE, turned.shape, strict=True)]
            volume = np.pad(turned, reach, mode="reflect")[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
            pair = {"label": volume, "pred": break_vessels(volume[None], seed=number)[0]}
            for kind, mask in pair.items():
                (folder / kind).mkdir(exist_ok=True)
                image = nib.Nifti1Image(mask.astype(np.uint8), np.eye(4))
                nib.save(image, folder / kind / f"case_{number}.nii.gz")
        start = time.perf_counter()
        settings = EvaluationSettings(PatchSampler())
        evaluate([folder / "pred"], folder / "label", settings, measure=several_processes(2))
        return time.perf_counter() - start


def break_vessels(masks: np.ndarray, *, seed: int) -> np.ndarray:
    """Cut gaps of a few voxels into masks and add specks.

    Args:
        masks: (N, X, Y, Z) boolean.
        seed: of the places.

    Returns:
        Masks of the same shape.
    """
    rng = np.random.default_rng(seed)
    structure = ndimage.generate_binary_structure(3, 1)[None]
    gaps = ndimage.binary_dilation(rng.random(masks.shape) < 2e-4, structure, iterations=2)
    return np.asarray((masks & ~gaps) | (rng.random(masks.shape) < 1e-4))


def quadruple(patches: np.ndarray) -> np.ndarray:
    """Return the patches four times.

    Args:
        patches: (N, X, Y, Z).

    Returns:
        (4 N, X, Y, Z).
    """
    return np.tile(patches, (4, 1, 1, 1))


def median_time(function: Callable[[], object]) -> float:
    """Return the median seconds of five calls, after one that is not counted.

    Args:
        function: what is timed.

    Returns:
        Seconds.
    """
    function()
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
