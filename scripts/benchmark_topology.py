"""Time and check skeletons and Betti numbers beside scikit-image and gudhi, in one run.

    python scripts/benchmark_topology.py [--label LABEL.nii.gz] [--json RESULTS.json]

One thread. Without a label a synthetic network of tubes stands in for it. Every time is the best of
some runs; the ratio is ours / theirs, so below 1 is faster.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from cldice_monai.skeleton import skeletonize
from cldice_monai.topology import batched_betti_numbers, betti_numbers

PATCH = 48


def main() -> None:
    """Run all comparisons and print them as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--label", type=Path, help="NIfTI file of a vessel label")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    arguments = parser.parse_args()
    label = read_label(arguments.label)
    patches = cut_patches(label, 64)
    rows = [*skeleton_speed(label, patches), *betti_speed(label, patches)]
    rows += [*exactness(patches), *quality(patches), *peak_memory(label)]
    print(f"label {label.shape}, {100 * label.mean():.2f} % foreground\n")
    print("| what | ours | other | ours / other |\n|---|---|---|---|")
    for row in rows:
        ratio = "" if row["other"] == 0 else f"{row['ours'] / row['other']:.3f}"
        print(f"| {row['what']} | {row['ours']:.4g} | {row['other']:.4g} | {ratio} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


def read_label(path: Path | None) -> np.ndarray:
    """Return the label as a boolean array in C order, or a random network of tubes."""
    if path is not None:
        import nibabel as nib

        return np.ascontiguousarray(np.asarray(nib.load(path).dataobj) > 0)
    rng = np.random.default_rng(0)
    volume = np.zeros((160, 160, 300), bool)
    for start, end in rng.uniform(4, [156, 156, 296], size=(70, 2, 3)):
        points = start + np.linspace(0, 1, 600)[:, None] * (end - start)
        volume[tuple(points.astype(int).T)] = True
    return np.asarray(ndimage.distance_transform_edt(~volume) <= 2.5)


def cut_patches(label: np.ndarray, count: int) -> np.ndarray:
    """Return random patches that are not empty, (count, 1, 48, 48, 48)."""
    rng = np.random.default_rng(0)
    found: list[np.ndarray] = []
    while len(found) < count:
        start = [int(rng.integers(0, size - PATCH + 1)) for size in label.shape]
        patch = label[tuple(slice(s, s + PATCH) for s in start)]
        if patch.any():
            found.append(patch)
    return np.stack(found)[:, None]


def best_time(function: Callable[[], Any], runs: int = 3) -> float:
    """Return the shortest wall time in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def scikit_image_skeleton(mask: np.ndarray) -> np.ndarray:
    """Return scikit-image's skeleton of one 3D mask."""
    from skimage.morphology import skeletonize as thin

    return np.asarray(thin(mask)) > 0


def row(what: str, ours: float, other: float) -> dict[str, Any]:
    """Return one line of the table."""
    return {"what": what, "ours": ours, "other": other}


def skeleton_speed(label: np.ndarray, patches: np.ndarray) -> list[dict[str, Any]]:
    """Time the skeleton of the whole label, of a batch, of noise, bars, a solid and a plate."""
    rows = [
        row(
            "skeleton, 64 patches of 48^3 as a batch [s]",
            best_time(lambda: skeletonize(patches)),
            best_time(lambda: [scikit_image_skeleton(p) for p in patches[:, 0]]),
        )
    ]
    masks = {"whole label": label} | dict(benchmark_masks())
    for name, mask in masks.items():
        runs = 1 if mask.size > 1e7 else 3
        ours = best_time(lambda m=mask: skeletonize(m), runs)  # type: ignore[misc]
        other = best_time(lambda m=mask: scikit_image_skeleton(m), runs)  # type: ignore[misc]
        rows.append(row(f"skeleton, {name} [s]", ours, other))
    return rows


def benchmark_masks() -> list[tuple[str, np.ndarray]]:
    """Return noise of growing density, bars in a patch, a solid cube and plates."""
    rng = np.random.default_rng(0)
    masks = []
    for percent in (5, 20, 50, 80, 95):
        values = ndimage.gaussian_filter(rng.random((PATCH,) * 3), 1.0)
        masks.append((f"noise {percent} % 48^3", values > np.quantile(values, 1 - percent / 100)))
    for side in (2, 6, 12):
        bar = np.zeros((PATCH,) * 3, bool)
        bar[4 : 4 + side, 4 : 4 + side, 4:44] = True
        masks.append((f"bar {side}x{side}x40 in 48^3", bar))
    masks.append(("solid 128^3", np.ones((128,) * 3, bool)))
    for thickness in (4, 10):
        plate = np.zeros((128,) * 3, bool)
        plate[60 : 60 + thickness, 4:124, 4:124] = True
        masks.append((f"plate {thickness}x120x120 in 128^3", plate))
    return masks


def betti_speed(label: np.ndarray, patches: np.ndarray) -> list[dict[str, Any]]:
    """Time the Betti numbers beside gudhi's homology and scikit-image doing the same work."""
    from skimage.measure import euler_number
    from skimage.measure import label as components

    gudhi: Any = import_module("gudhi")  # a test oracle, no dependency of the package
    patch = patches[0, 0]

    def with_gudhi() -> None:
        cells = np.where(patch, 0.0, 1.0)
        complex_ = gudhi.CubicalComplex(top_dimensional_cells=cells)
        complex_.compute_persistence()
        complex_.persistent_betti_numbers(0.5, 0.5)

    def with_scikit_image() -> None:
        components(patch, connectivity=3)
        components(~np.pad(patch, 1), connectivity=1)
        euler_number(patch, connectivity=3)

    one = best_time(lambda: betti_numbers(patch), 10)
    each = best_time(lambda: batched_betti_numbers(patches)) / len(patches)
    scikit_image = best_time(with_scikit_image, 10)
    return [
        row("Betti numbers, one 48^3 patch, other gudhi [s]", one, best_time(with_gudhi)),
        row("Betti numbers, one 48^3 patch, other scikit-image [s]", one, scikit_image),
        row("Betti numbers, a patch of a batch, other scikit-image [s]", each, scikit_image),
        row(
            "Betti numbers of the whole label, other scikit-image's Euler number alone [s]",
            best_time(lambda: betti_numbers(label), 2),
            best_time(lambda: euler_number(label, connectivity=3), 1),
        ),
    ]


def exactness(patches: np.ndarray) -> list[dict[str, Any]]:
    """Count the masks whose skeleton has other Betti numbers than the mask."""
    masks = [*patches[:, 0], *(mask for _, mask in benchmark_masks() if mask.size < 1e6)]
    expected = [betti_numbers(mask) for mask in masks]
    wrong = [
        sum(betti_numbers(thin(m)) != e for m, e in zip(masks, expected, strict=True))
        for thin in (skeletonize, scikit_image_skeleton)
    ]
    return [row(f"masks of {len(masks)} whose skeleton lost the topology", *wrong)]


def quality(patches: np.ndarray) -> list[dict[str, Any]]:
    """Compare length, ends and centring on the patches where scikit-image kept all components."""
    figures = np.zeros((2, 3))
    count = 0
    for patch in patches[:, 0]:
        theirs = scikit_image_skeleton(patch)
        if betti_numbers(theirs)[0] != betti_numbers(patch)[0]:
            continue
        count += 1
        depth = ndimage.distance_transform_edt(np.pad(patch, 1))[1:-1, 1:-1, 1:-1]
        ridge = patch & (depth >= ndimage.maximum_filter(depth, 3))
        away = ndimage.distance_transform_edt(~ridge)
        for place, skeleton in enumerate((skeletonize(patch), theirs)):
            around = ndimage.convolve(skeleton.astype(int), np.ones((3, 3, 3)), mode="constant")
            ends = int((skeleton & (around == 2)).sum())
            figures[place] += [skeleton.sum(), ends, away[skeleton].sum()]
    voxels, ends_, distances = figures.T.tolist()
    where = f"{count} patches where scikit-image kept b0"
    return [
        row(f"skeleton voxels, {where}", *voxels),
        row(f"curve ends, {where}", *ends_),
        row(
            f"mean distance to the ridge [voxels], {where}",
            distances[0] / voxels[0],
            distances[1] / voxels[1],
        ),
    ]


def peak_memory(label: np.ndarray) -> list[dict[str, Any]]:
    """Compare the peak memory that the skeleton of the label adds, in a process of its own."""
    scikit_image_skeleton(np.ones((3, 3, 3), bool))  # imports are no part of it
    skeletonize(np.ones((3, 3, 3), bool))
    added = [added_memory(function, label) for function in (skeletonize, scikit_image_skeleton)]
    return [row("peak memory added by the skeleton of the whole label [MiB]", *added)]


def added_memory(function: Callable[[np.ndarray], Any], label: np.ndarray) -> float:
    """Return by how many MiB a call raises the peak memory of a forked process."""
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()

    def work() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        function(label)
        results.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)

    process = context.Process(target=work)
    process.start()
    value = float(results.get())
    process.join()
    return value


if __name__ == "__main__":
    main()
