"""Print the scores of a finished inference beside simple thresholds, and where its files are.

Reads metrics.json of an inference run and the volumes it segmented, and of other runs on the same
volumes. Exit status 1 if --min-cldice is given and the mean clDice of the first is below it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cldice_monai.data.find_cases import find_inference_cases
from cldice_monai.data.nifti import read_volume
from cldice_monai.errors import InputError
from cldice_monai.report.baselines import segment_by_threshold
from cldice_monai.report.scores import score_segmentation
from cldice_monai.transforms.intensity import fill_non_finite

METHODS: dict[Literal["otsu", "triangle"], str] = {
    "otsu": "Otsu's threshold",
    "triangle": "triangle threshold",
}


def main() -> None:
    """Read the arguments, print the table and judge it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output_dir", type=Path, help="output_dir of the inference")
    parser.add_argument("--dataset-dir", required=True, help="dataset_dir of the inference")
    parser.add_argument(
        "--also", metavar="NAME=DIR", action="append", default=[], help="another inference to show"
    )
    parser.add_argument("--min-cldice", type=float, help="fail below this mean clDice")
    arguments = parser.parse_args()
    try:
        also = dict(named_folder(text) for text in arguments.also)
        cldice = print_summary(arguments.output_dir, arguments.dataset_dir, also)
    except InputError as error:
        sys.exit(f"error: {error}")
    if arguments.min_cldice is not None:
        judge(cldice, arguments.min_cldice)


def named_folder(text: str) -> tuple[str, Path]:
    """Read NAME=DIR."""
    name, equals, folder = text.partition("=")
    if not name or not equals or not folder:
        raise InputError(f"--also {text}: not a name and a folder; write --also NAME=DIR")
    return name, Path(folder)


def print_summary(
    output_dir: Path, dataset_dir: str, also: Mapping[str, Path] | None = None
) -> list[float]:
    """Print one table a volume and the files; return the clDice of the scored volumes."""
    folders = {"this model": output_dir, **(also or {})}
    metrics = read_metrics(output_dir / "metrics.json")
    others = {name: read_metrics(path / "metrics.json") for name, path in (also or {}).items()}
    in_channels = metrics["settings"]["in_channels"]
    cases = {c.case_id: c for c in find_inference_cases(dataset_dir, in_channels=in_channels)}
    cldice = []
    for case_id, result in metrics["cases"].items():
        print(f"\n{case_id}")
        case, scores = cases.get(case_id), result["scores"]
        if scores is None or scores["cldice"] is None or case is None or case.label is None:
            print(f"  not scored: {result.get('scores_missing_because', 'not in dataset_dir')}")
        else:
            cldice.append(scores["cldice"])
            rows = {"this model": scores} | scores_of(others, case_id)
            image, label = read_volume(case.image).array[0], read_volume(case.label).array[0]
            image = fill_non_finite(image)
            for method, name in METHODS.items():
                rows[name] = score_segmentation(segment_by_threshold(image, method), label)
            print_table(rows)
        for name, folder in folders.items():
            print_files(folder, case_id, of=name if others else "")
    print(f"\nscores of all volumes  {output_dir / 'metrics.json'}")
    return cldice


def read_metrics(path: Path) -> dict[str, Any]:
    """Read metrics.json, with one line for what can be wrong."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); run the inference first") from error
    if not isinstance(content, dict) or not {"settings", "cases"} <= content.keys():
        raise InputError(f"{path}: not the metrics.json of an inference; run the inference first")
    return content


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Print one line a method, within 80 columns."""
    print("  b0, b1, b2: components, loops, cavities; foreground 26-connected, background 6")
    print(f"  {'':<20} {'clDice':>7} {'Tprec':>7} {'Tsens':>7} {'Dice':>7}   errors in b0/b1/b2")
    for name, scores in rows.items():
        values = " ".join(f"{scores[key]:7.3f}" for key in ("cldice", "tprec", "tsens", "dice"))
        print(f"  {name:<20} {values}   {'/'.join(str(e) for e in scores['betti_errors'])}")


def scores_of(runs: Mapping[str, dict[str, Any]], case_id: str) -> dict[str, dict[str, Any]]:
    """Return by the name of a run the scores that it has of one volume."""
    found = {name: run["cases"].get(case_id, {}).get("scores") for name, run in runs.items()}
    return {name: scores for name, scores in found.items() if scores is not None}


def print_files(output_dir: Path, case_id: str, *, of: str = "") -> None:
    """Print the paths of what was written for one volume."""
    if of:
        print(f"  {of}")
    start = "    " if of else "  "
    print(f"{start}mask     {output_dir / f'{case_id}_mask.nii.gz'}")
    print(f"{start}picture  {output_dir / f'{case_id}_preview.png'}")


def judge(cldice: list[float], least: float) -> None:
    """Exit with status 1 if the mean clDice is below the least that was asked for."""
    if not cldice:
        sys.exit("error: no volume has a label, so the clDice could not be measured")
    mean = float(np.mean(cldice))
    if mean < least:
        sys.exit(f"error: clDice {mean:.3f} on the unseen volume is below {least:.2f}")
    print(f"clDice {mean:.3f} on the unseen volume, at least {least:.2f} was asked for: good")


if __name__ == "__main__":
    main()
