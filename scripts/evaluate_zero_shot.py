"""Score zero-shot weights on real volumes beside thresholds and ridge filters.

Writes OUT.json with every figure and OUT.md with the tables. The development volumes may be scored
as often as one likes; the scored ones once, when weights, threshold and grid rule are committed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import numpy as np
from real_volumes import ROOT, VOLUMES, RealVolume

from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.report.against_baselines import compare
from cldice_monai.report.baselines import (
    RidgeFilter,
    Threshold,
    filter_ridges,
    segment_by_threshold,
)
from cldice_monai.report.preview import save_preview
from cldice_monai.report.scores import patch_betti_errors, without_small_objects
from cldice_monai.topology import overlap_scores
from cldice_monai.zero_shot import (
    RECIPE,
    ZeroShotRecipe,
    load_network,
    segment_volume,
    with_changes,
)

SIGMAS_UM = (1.0, 2.0, 4.0, 8.0)
SIGMAS_VOXELS = (1.0, 2.0, 4.0)
SMALLEST_OBJECT = 50  # voxels
_OURS = "ours"
Results = dict[str, dict[str, dict[str, dict[str, float]]]]  # kind, volume, method, figure


def main() -> None:
    """Segment, score and write the tables."""
    arguments = read_arguments()
    parts = {"development": ["development"], "scored": ["scored", "apart"]}[arguments.volumes]
    volumes = {name: v for name, v in VOLUMES.items() if v.part in parts}
    if not arguments.data.is_dir():
        sys.exit(f"error: {arguments.data}: no such folder; pass --data")
    results: Results = {"raw": {}, "cleaned": {}}
    try:
        for name, volume in volumes.items():
            score_volume(name, volume, arguments, results)
    except InputError as error:
        sys.exit(f"error: {error}")
    write_report(results, volumes, arguments)


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="files to write, without their ending")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="one file a seed")
    parser.add_argument("--volumes", choices=("development", "scored"), default="development")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--baselines", type=Path, metavar="JSON", help="take them from an earlier table"
    )
    parser.add_argument(
        "--recipe", nargs="*", default=[], metavar="NAME=VALUE", help="other numbers, for a trial"
    )
    parser.add_argument("--previews", type=Path, help="folder for a picture of each volume")
    return parser.parse_args()


def score_volume(
    name: str, volume: RealVolume, arguments: argparse.Namespace, results: Results
) -> None:
    """Score all methods on one volume, as they are and without small objects."""
    image, label = volume.read(arguments.data)
    earlier = baselines_of(arguments.baselines, name)
    for kind, results_of_kind in results.items():
        results_of_kind[name] = earlier.get(kind, {})
    masks = segmentations(image, volume, arguments, with_baselines=not earlier)
    for method, mask in masks:
        if arguments.previews is not None and method in names_of(arguments.weights):
            show(arguments.previews / f"{name}_{method}.png", image, mask, label, volume)
        cleaned = without_small_objects(mask, smallest=SMALLEST_OBJECT)
        for kind, scored in (("raw", mask), ("cleaned", cleaned)):
            results[kind][name][method] = measure(scored, label, name)
        print(f"{name} {method}: {cells(results['raw'][name][method])}", flush=True)


def baselines_of(table: Path | None, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures of the baselines on one volume from an earlier table, if one is named."""
    if table is None:
        return {}
    try:
        results: Results = json.loads(table.read_text(encoding="utf-8"))["results"]
        return {
            kind: {m: f for m, f in volumes[name].items() if not m.startswith(_OURS)}
            for kind, volumes in results.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"--baselines {table}: no table with {name} ({error!r}); leave the option out"
        ) from error


def segmentations(
    image: np.ndarray, volume: RealVolume, arguments: argparse.Namespace, *, with_baselines: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the mask of every method."""
    weights, recipe = arguments.weights, recipe_of(arguments)
    for name, path in zip(names_of(weights), weights, strict=True):
        spacing = volume.spacing_um
        yield name, segment_volume(image, load_network(path), spacing_um=spacing, recipe=recipe)
    if not with_baselines:
        return
    answers = {"": image}
    sigmas = SIGMAS_VOXELS if volume.spacing_um is None else SIGMAS_UM
    for ridge in get_args(RidgeFilter):
        answers[f"{ridge}+"] = filter_ridges(image, ridge, sigmas=sigmas, spacing=volume.spacing_um)
    for before, answer in answers.items():
        for threshold in get_args(Threshold):
            yield f"{before}{threshold}", segment_by_threshold(answer, threshold)


def recipe_of(arguments: argparse.Namespace) -> ZeroShotRecipe:
    """Return the recipe, with the numbers of a trial."""
    return with_changes(RECIPE, arguments.recipe, argument="--recipe")


def names_of(weights: Sequence[Path]) -> list[str]:
    """Return how the table calls the networks: by their place, since files may share a name."""
    return [f"{_OURS} {number}" for number in range(len(weights))]


def measure(mask: np.ndarray, label: np.ndarray, case_id: str) -> dict[str, float]:
    """Return the figures of one mask."""
    n_voxels = int(np.count_nonzero(mask)) + int(np.count_nonzero(label))
    dice = 2 * int(np.count_nonzero(mask & label)) / n_voxels
    errors = patch_betti_errors(mask, label, case_id=case_id)
    named = {f"b{k}_error": error for k, error in enumerate(errors)}
    return {"dice": dice, **overlap_scores(mask, label)._asdict(), **named}


def show(
    path: Path, image: np.ndarray, mask: np.ndarray, label: np.ndarray, volume: RealVolume
) -> None:
    """Write a picture of one mask; the arrays are (z, y, x) and a preview looks along the last."""
    micrometres = volume.spacing_um or (1.0, 1.0, 1.0)
    spacing = tuple(side / 1000.0 for side in micrometres[::-1])
    save_preview(path, image.T, mask.T, label=label.T, spacing_mm=spacing, title=path.stem)


def cells(figures: dict[str, float]) -> str:
    """Return the figures of one mask as cells of a table."""
    overlaps = [f"{figures[key]:.3f}" for key in ("cldice", "tprec", "tsens", "dice")]
    errors = [f"{figures[f'b{k}_error']:.2f}" for k in range(3)]
    return " | ".join([*overlaps, *errors])


def write_report(
    results: Results, volumes: dict[str, RealVolume], arguments: argparse.Namespace
) -> None:
    """Write the JSON and the Markdown file and say where they are."""
    summary = summarise(results, volumes, names_of(arguments.weights))
    content = {
        "volumes": arguments.volumes,
        "weights": [path.name for path in arguments.weights],
        "weights_sha256": [sha256(path.read_bytes()).hexdigest() for path in arguments.weights],
        "recipe": asdict(recipe_of(arguments)),
        "smallest_object_voxels": SMALLEST_OBJECT,
        "summary": summary,
        "results": results,
    }
    texts = {
        ".json": json.dumps(content, indent=2) + "\n",
        ".md": "\n".join([*summary_table(summary), *volume_tables(results)]) + "\n",
    }
    for ending, text in texts.items():
        path = arguments.out.with_name(arguments.out.name + ending)
        with replace_when_complete(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"written  {path}")


def summarise(
    results: Results, volumes: dict[str, RealVolume], ours: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Compare each network with the best baselines over the volumes that are not apart."""
    counted = [name for name, volume in volumes.items() if volume.part != "apart"]
    summary: dict[str, list[dict[str, Any]]] = {}
    for kind, of_kind in results.items():
        scores = [of_kind[name] for name in counted]
        baselines = [method for method in scores[0] if method not in ours]
        summary[kind] = [asdict(compare(scores, method, baselines)) for method in ours]
    return summary


def summary_table(summary: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the lines of the table of differences."""
    head = (
        "objects | network | clDice gain | against | worst volume | Dice gain | against | b0 ratio"
    )
    lines = [f"| {head} |", "|---" * 8 + "|"]
    kinds = {"raw": "all", "cleaned": f"{SMALLEST_OBJECT} voxels or more"}
    for kind, rows in summary.items():
        for row in rows:
            cldice = f"{row['cldice_gain']:+.1f} | {row['cldice_baseline']}"
            dice = f"{row['dice_gain']:+.1f} | {row['dice_baseline']}"
            worst = f"{row['worst_cldice_gain']:+.1f}"
            start = f"| {kinds[kind]} | {row['method']} | {cldice} | {worst} | {dice}"
            lines.append(f"{start} | {row['b0_ratio']:.2f} |")
    return lines


def volume_tables(results: Results) -> list[str]:
    """Return the lines of one table a volume, as segmented and without small objects."""
    lines = []
    for name, methods in results["raw"].items():
        lines += ["", f"**{name}**", ""]
        lines += ["| method | clDice | Tprec | Tsens | Dice | b0 | b1 | b2 | b0, cleaned |"]
        lines += ["|---" * 9 + "|"]
        for method, figures in methods.items():
            cleaned = results["cleaned"][name][method]["b0_error"]
            lines.append(f"| {method} | {cells(figures)} | {cleaned:.2f} |")
    return lines


if __name__ == "__main__":
    main()
