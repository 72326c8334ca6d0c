"""Time and check skeletons and Betti numbers beside scikit-image and gudhi, in one run.

    python scripts/benchmark_topology.py [--label LABEL.nii.gz] [--json RESULTS.json]

One thread. Without a label a synthetic network of tubes stands in for it. Every time is the median
of five, ours and theirs taking turns; the ratio is ours / theirs, so below 1 is faster, and the
goal is the largest ratio that is good.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from cldice_monai.skeleton import skeletonize
from cldice_monai.topology import batched_betti_numbers, betti_numbers, labelled_components

PATCH = 48
REPEATS = 5


def main() -> None:
    """Run all comparisons and print them as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--label", type=Path, help="NIfTI file of a vessel label")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    arguments = parser.parse_args()
    label = read_label(arguments.label)
    patches = cut_patches(label, 64)
    rows = [*skeleton_speed(label, patches), *betti_speed(label, patches)]
    rows += [*linear_cost(label), *exactness(patches), *quality(patches), *peak_memory(label)]
    print(f"label {label.shape}, {100 * label.mean():.2f} % foreground\n")
    print("| what | ours | other | ours / other | goal |\n|---|---|---|---|---|")
    for row in rows:
        ratio = "" if row["other"] == 0 else f"{row['ours'] / row['other']:.4f}"
        goal = "" if row["goal"] is None else f"{row['goal']:.3g}"
        print(f"| {row['what']} | {row['ours']:.4g} | {row['other']:.4g} | {ratio} | {goal} |")
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


def median_times(*functions: Callable[[], Any], calls: int = 1) -> list[float]:
    """Return the median seconds of a call of each function; they take turns.

    Args:
        functions: what is timed.
        calls: how many calls in a row make one measurement.
    """
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(REPEATS):
        for function, taken in zip(functions, times, strict=True):
            start = time.perf_counter()
            for _ in range(calls):
                function()
            taken.append((time.perf_counter() - start) / calls)
    return [statistics.median(taken) for taken in times]


def scikit_image_skeleton(mask: np.ndarray) -> np.ndarray:
    """Return scikit-image's skeleton of one 3D mask."""
    from skimage.morphology import skeletonize as thin

    return np.asarray(thin(mask)) > 0


def row(what: str, pair: Sequence[float], goal: float | None = None) -> dict[str, Any]:
    """Return one line of the table from (ours, other) and the largest good ratio."""
    ours, other = pair
    return {"what": what, "ours": ours, "other": other, "goal": goal}


def skeleton_speed(label: np.ndarray, patches: np.ndarray) -> list[dict[str, Any]]:
    """Time the skeleton of the whole label, of a batch, of noise, bars, a solid and a plate."""
    batch = median_times(
        lambda: skeletonize(patches),
        lambda: [scikit_image_skeleton(patch) for patch in patches[:, 0]],
    )
    rows = [row("skeleton, 64 patches of 48^3 as a batch [s]", batch, 0.5)]
    for name, goal, mask in [("whole label", 0.6, label), *benchmark_masks()]:
        times = median_times(
            lambda m=mask: skeletonize(m),  # type: ignore[misc]
            lambda m=mask: scikit_image_skeleton(m),  # type: ignore[misc]
        )
        rows.append(row(f"skeleton, {name} [s]", times, goal))
    return rows


def benchmark_masks() -> list[tuple[str, float, np.ndarray]]:
    """Return name, goal and mask of noise, bars in a patch, a solid cube and plates."""
    rng = np.random.default_rng(0)
    masks = []
    for percent in (5, 20, 50, 80, 95):
        values = ndimage.gaussian_filter(rng.random((PATCH,) * 3), 1.0)
        mask = values > np.quantile(values, 1 - percent / 100)
        masks.append((f"noise {percent} % 48^3", 2.0, mask))
    for side in (2, 6, 12):
        bar = np.zeros((PATCH,) * 3, bool)
        bar[4 : 4 + side, 4 : 4 + side, 4:44] = True
        masks.append((f"bar {side}x{side}x40 in 48^3", 2.0, bar))
    masks.append(("solid 128^3", 3.0, np.ones((128,) * 3, bool)))
    for thickness in (4, 10):
        plate = np.zeros((128,) * 3, bool)
        plate[60 : 60 + thickness, 4:124, 4:124] = True
        masks.append((f"plate {thickness}x120x120 in 128^3", 3.0, plate))
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

    def with_runs() -> None:
        with without_extra():
            betti_numbers(patch)

    with_labels, by_runs, scikit_image = median_times(
        lambda: betti_numbers(patch), with_runs, with_scikit_image, calls=10
    )
    homology, batch = median_times(with_gudhi, lambda: batched_betti_numbers(patches))
    whole = median_times(lambda: betti_numbers(label), lambda: euler_number(label, connectivity=3))
    installed = labelled_components.labelling_is_faster((1, *patch.shape))
    rows = [
        row("Betti numbers, one 48^3 patch, other gudhi [s]", (by_runs, homology), 1 / 150),
        row(
            "Betti numbers, one 48^3 patch, other scikit-image [s]", (by_runs, scikit_image), 2 / 3
        ),
        row("Betti numbers, a patch of a batch [s]", (batch / len(patches), scikit_image)),
        row("Betti numbers of the whole label, other euler_number alone [s]", whole, 1),
    ]
    if installed:
        extra = ", with connected-components-3d"
        rows += [
            row(f"one 48^3 patch{extra}, other gudhi [s]", (with_labels, homology), 1 / 300),
            row(
                f"one 48^3 patch{extra}, other scikit-image [s]", (with_labels, scikit_image), 1 / 3
            ),
        ]
    return rows


@contextmanager
def without_extra() -> Iterator[None]:
    """Hide connected-components-3d."""
    found = labelled_components._connected_components_3d
    labelled_components._connected_components_3d = lambda: None  # type: ignore[assignment]
    try:
        yield
    finally:
        labelled_components._connected_components_3d = found


def linear_cost(label: np.ndarray) -> list[dict[str, Any]]:
    """Measure nanoseconds a voxel for part of the label, repeated 1, 8 and 16 times."""
    from skimage.measure import euler_number

    part = label[:160, :150, :300]
    rows = []
    for repeats in ((1, 1, 1), (2, 2, 2), (4, 2, 2)):
        mask = np.tile(part, repeats)
        times = median_times(
            lambda m=mask: skeletonize(m),  # type: ignore[misc]
            lambda m=mask: scikit_image_skeleton(m),  # type: ignore[misc]
            lambda m=mask: betti_numbers(m),  # type: ignore[misc]
            lambda m=mask: euler_number(m, connectivity=3),  # type: ignore[misc]
        )
        ours, others, numbers, euler = (1e9 * taken / mask.size for taken in times)
        million = f"{mask.size / 1e6:.0f} million voxels [ns/voxel]"
        rows.append(row(f"skeleton, {million}", (ours, others)))
        rows.append(row(f"Betti numbers, other euler_number, {million}", (numbers, euler)))
    return rows


def exactness(patches: np.ndarray) -> list[dict[str, Any]]:
    """Count the masks whose skeleton has other Betti numbers than the mask."""
    small = [mask for _, _, mask in benchmark_masks() if mask.size < 1e6]
    masks = [*patches[:, 0], *small]
    expected = [betti_numbers(mask) for mask in masks]
    ours, others = [
        sum(betti_numbers(thin(m)) != e for m, e in zip(masks, expected, strict=True))
        for thin in (skeletonize, scikit_image_skeleton)
    ]
    return [row(f"masks of {len(masks)} whose skeleton lost the topology", (ours, others), 0)]


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
        row(f"skeleton voxels, {where}", voxels, 1.05),
        row(f"curve ends, {where}", ends_, 1.5),
        row(
            f"mean distance to the ridge [voxels], {where}",
            (distances[0] / voxels[0], distances[1] / voxels[1]),
            0.9,
        ),
    ]


def peak_memory(label: np.ndarray) -> list[dict[str, Any]]:
    """Compare the peak memory that the skeleton of the label adds, in a process of its own."""
    scikit_image_skeleton(np.ones((3, 3, 3), bool))  # imports are no part of it
    skeletonize(np.ones((3, 3, 3), bool))
    added = [added_memory(function, label) for function in (skeletonize, scikit_image_skeleton)]
    return [row("peak memory added by the skeleton of the whole label [MiB]", added, 6)]


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
