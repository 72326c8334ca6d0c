"""Score zero-shot weights on real volumes beside thresholds and ridge filters.

Writes OUT.json with every figure and OUT.md with the tables. The development volumes may be scored
as often as one likes; the scored ones once for each set of weights, when these, the threshold and
the grid rule are committed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from PIL.Image import Quantize
from real_volumes import ROOT, VOLUMES, RealVolume
from scipy import ndimage
from zero_shot_tables import KINDS, SMALLEST_OBJECT, Results, cells, merged, summarise, table_lines

from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.report.baselines import (
    RidgeFilter,
    Threshold,
    filter_ridges,
    segment_by_threshold,
)
from cldice_monai.report.preview import draw_preview
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
PICTURE_SIZE = (1400, 560)  # pixels at most; a picture stays below 300 KB
_OURS = "ours"


def main() -> None:
    """Segment, score and write the tables."""
    arguments = read_arguments()
    parts = {"development": ["development"], "scored": ["scored", "apart"]}[arguments.volumes]
    volumes = {name: v for name, v in VOLUMES.items() if v.part in parts}
    if not arguments.data.is_dir():
        sys.exit(f"error: {arguments.data}: no such folder; pass --data")
    if unknown := set(arguments.only) - set(volumes):
        sys.exit(f"error: --only {unknown.pop()}: write one of {list(volumes)}")
    results: Results = {kind: {} for kind in KINDS}
    try:
        if arguments.join:
            results = merged([earlier_results(path, arguments) for path in arguments.join])
        for name in arguments.only or ([] if arguments.join else volumes):
            score_volume(name, volumes[name], arguments, results)
        if arguments.previews is None:
            write_report(results, arguments)
    except InputError as error:
        sys.exit(f"error: {error}")


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
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these volumes alone")
    parser.add_argument(
        "--join", type=Path, nargs="*", default=[], metavar="JSON", help="join tables of --only"
    )
    parser.add_argument(
        "--recipe", nargs="*", default=[], metavar="NAME=VALUE", help="other numbers, for a trial"
    )
    parser.add_argument("--previews", type=Path, help="draw each volume into it; score none")
    parser.add_argument(
        "--show", nargs="*", default=[f"{_OURS} 0"], metavar="METHOD", help="draw these methods"
    )
    return parser.parse_args()


def score_volume(
    name: str, volume: RealVolume, arguments: argparse.Namespace, results: Results
) -> None:
    """Score all methods on one volume, or draw those that are to be shown."""
    image, label = volume.read(arguments.data)
    if arguments.previews is not None:
        for method, mask in segmentations(image, volume, arguments, wanted=arguments.show):
            path = arguments.previews / f"{name}_{method.replace(' ', '_')}.png"
            show(path, image, mask, label, volume)
        return
    earlier = baselines_of(arguments.baselines, name)
    for kind, results_of_kind in results.items():
        results_of_kind[name] = earlier.get(kind, {})
    wanted = names_of(arguments.weights) if earlier else None
    for method, mask in segmentations(image, volume, arguments, wanted=wanted):
        cleaned = without_small_objects(mask, smallest=SMALLEST_OBJECT)
        for kind, scored in (("raw", mask), ("cleaned", cleaned)):
            results[kind][name][method] = measure(scored, label, name)
        # a skeleton keeps a cavity as a closed sheet around it, whose voxels swell Tprec
        filled = ndimage.binary_fill_holes(mask)
        figures = {**results["raw"][name][method], **overlaps(filled, label)}
        results["filled"][name][method] = figures
        print(f"{name} {method}: {cells(results['raw'][name][method])}", flush=True)


def baselines_of(table: Path | None, name: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures of the baselines on one volume from an earlier table, if one is named."""
    if table is None:
        return {}
    try:
        results: Results = json.loads(table.read_text(encoding="utf-8"))["results"]
        return {
            kind: {m: f for m, f in results[kind][name].items() if not m.startswith(_OURS)}
            for kind in KINDS
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"--baselines {table}: no table with {name} ({error!r}); leave the option out"
        ) from error


def earlier_results(table: Path, arguments: argparse.Namespace) -> Results:
    """Return the figures of an earlier table of the same weights and recipe."""
    wanted = json.loads(json.dumps(provenance(arguments)))
    try:
        content = json.loads(table.read_text(encoding="utf-8"))
        found = {key: content[key] for key in wanted}
        results = {kind: content["results"][kind] for kind in KINDS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"--join {table}: no table of this script ({error!r})") from error
    if found != wanted:
        raise InputError(f"--join {table}: of other weights or another recipe; score it again")
    return results


def segmentations(
    image: np.ndarray,
    volume: RealVolume,
    arguments: argparse.Namespace,
    *,
    wanted: Sequence[str] | None = None,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the mask of the methods that are wanted, or of all."""
    weights, recipe = arguments.weights, recipe_of(arguments)
    for name, path in zip(names_of(weights), weights, strict=True):
        if wanted is None or name in wanted:
            spacing = volume.spacing_um
            yield name, segment_volume(image, load_network(path), spacing_um=spacing, recipe=recipe)
    for ridge in ("", *get_args(RidgeFilter)):
        names = {f"{ridge}+{t}".lstrip("+"): t for t in get_args(Threshold)}
        names = {n: t for n, t in names.items() if wanted is None or n in wanted}
        answer = filtered(image, volume, ridge) if names else image
        for name, threshold in names.items():
            yield name, segment_by_threshold(answer, threshold)


def filtered(image: np.ndarray, volume: RealVolume, ridge: RidgeFilter | Literal[""]) -> np.ndarray:
    """Return what a ridge filter says of an image; the image without one."""
    if not ridge:
        return image
    sigmas = SIGMAS_VOXELS if volume.spacing_um is None else SIGMAS_UM
    return filter_ridges(image, ridge, sigmas=sigmas, spacing=volume.spacing_um)


def recipe_of(arguments: argparse.Namespace) -> ZeroShotRecipe:
    """Return the recipe, with the numbers of a trial."""
    return with_changes(RECIPE, arguments.recipe, argument="--recipe")


def names_of(weights: Sequence[Path]) -> list[str]:
    """Return how the table calls the networks: by their place, since files may share a name."""
    return [f"{_OURS} {number}" for number in range(len(weights))]


def measure(mask: np.ndarray, label: np.ndarray, case_id: str) -> dict[str, float]:
    """Return the figures of one mask."""
    errors = patch_betti_errors(mask, label, case_id=case_id)
    return {**overlaps(mask, label), **{f"b{k}_error": error for k, error in enumerate(errors)}}


def overlaps(mask: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Return Dice, clDice, Tprec and Tsens of one mask."""
    n_voxels = int(np.count_nonzero(mask)) + int(np.count_nonzero(label))
    dice = 2 * int(np.count_nonzero(mask & label)) / n_voxels
    return {"dice": dice, **overlap_scores(mask, label)._asdict()}


def show(
    path: Path, image: np.ndarray, mask: np.ndarray, label: np.ndarray, volume: RealVolume
) -> None:
    """Write a picture of one mask; the arrays are (z, y, x) and a preview looks along the last."""
    micrometres = volume.spacing_um or (1.0, 1.0, 1.0)
    spacing = tuple(side / 1000.0 for side in micrometres[::-1])
    picture = draw_preview(
        image.T, mask.T, label=label.T, spacing_mm=spacing, title=path.stem, show_label=True
    )
    picture.thumbnail(PICTURE_SIZE)
    with replace_when_complete(path) as temporary:
        # an octree keeps rare colours: ghosts and misses are few pixels
        picture.quantize(method=Quantize.FASTOCTREE).save(temporary, format="PNG", optimize=True)
    print(f"written  {path}", flush=True)


def provenance(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return which weights were scored, and with which recipe."""
    return {
        "weights": [path.name for path in arguments.weights],
        "weights_sha256": [sha256(path.read_bytes()).hexdigest() for path in arguments.weights],
        "recipe": asdict(recipe_of(arguments)),
    }


def write_report(results: Results, arguments: argparse.Namespace) -> None:
    """Write the JSON and the Markdown file and say where they are."""
    summary = summarise(results, names_of(arguments.weights))
    content = {
        "volumes": arguments.volumes,
        **provenance(arguments),
        "smallest_object_voxels": SMALLEST_OBJECT,
        "summary": summary,
        "results": results,
    }
    texts = {
        ".json": json.dumps(content, indent=2) + "\n",
        ".md": "\n".join(table_lines(results, summary)) + "\n",
    }
    for ending, text in texts.items():
        path = arguments.out.with_name(arguments.out.name + ending)
        with replace_when_complete(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"written  {path}")


if __name__ == "__main__":
    main()
