"""The tables of the zero-shot weights beside the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from real_volumes import VOLUMES

from cldice_monai.report.against_baselines import compare

__all__ = ["KINDS", "SMALLEST_OBJECT", "Results", "cells", "merged", "summarise", "table_lines"]

SMALLEST_OBJECT = 50  # voxels
KINDS = {
    "raw": "all",
    "cleaned": f"{SMALLEST_OBJECT} voxels or more",
    "filled": "all, cavities filled",
}
Results = dict[str, dict[str, dict[str, dict[str, float]]]]  # kind, volume, method, figure

_INTRODUCTION = f"""\
Networks that saw drawn vessels alone, beside thresholds and ridge filters, on real volumes that are
labelled. What to make of it is in the [model card](../model_card.md). Written by
`scripts/evaluate_zero_shot.py`; the JSON file of the same name has every figure, the hashes of the
weights and the settings.

- **`ours 0`, `ours 1`, ...** are networks that were trained alike from different seeds.
- **`otsu`, `li`, `yen`, `mean`, `triangle`** are scikit-image's thresholds, **`sato+otsu`** and so
  on those of the answer of Sato's or Frangi's ridge filter.
- **clDice, Tprec, Tsens, Dice** are of the whole volume, from 0 to 1.
- **b0, b1, b2** are errors: how many components, loops and cavities too many or too few, in the
  mean of 24 patches of 48 voxels a side. 0 is best.
- **Cleaned** masks have lost every object below {SMALLEST_OBJECT} voxels, in **filled** ones the
  cavities are filled, which otherwise [swell clDice](../model_card.md#cavities-and-cldice)."""
_AGAINST_THE_BEST = """\
## Against the best baseline

"Against" is the threshold or filter with the highest mean over the volumes, of clDice or of Dice. A
gain is the network's mean less that one's, in points (hundredths), and negative where the network
is worse. "Worst volume" is the smallest gain in clDice on one volume. "b0 ratio" compares b0 with
that of the baseline in clDice: (error + 0.5) / (its error + 0.5), the geometric mean over the
volumes; below 1 the network has the smaller error. "Objects" says of which masks."""
_VOLUME_BY_VOLUME = "## Volume by volume"


def cells(figures: dict[str, float]) -> str:
    """Return the figures of one mask as cells of a table."""
    overlaps = [f"{figures[key]:.3f}" for key in ("cldice", "tprec", "tsens", "dice")]
    errors = [f"{figures[f'b{k}_error']:.2f}" for k in range(3)]
    return " | ".join([*overlaps, *errors])


def summarise(results: Results, ours: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Compare each network with the best baselines over the volumes that are not apart."""
    counted = [name for name in results["raw"] if VOLUMES[name].part != "apart"]
    if not counted:
        return {}
    summary: dict[str, list[dict[str, Any]]] = {}
    for kind, of_kind in results.items():
        scores = [of_kind[name] for name in counted]
        baselines = [method for method in scores[0] if method not in ours]
        summary[kind] = [asdict(compare(scores, method, baselines)) for method in ours]
    return summary


def table_lines(results: Results, summary: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the lines of the page in Markdown: what the columns are, then all tables."""
    lines = [*_INTRODUCTION.splitlines(), ""]
    if summary:
        lines += [*_AGAINST_THE_BEST.splitlines(), ""]
        for name in results["raw"]:
            if VOLUMES[name].part == "apart":
                lines += [f"{name} is in none of these means, since its label misses vessels.", ""]
        lines += [*_summary_table(summary), ""]
    return [*lines, _VOLUME_BY_VOLUME, *_volume_tables(results)]


def _summary_table(summary: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the lines of the table of differences."""
    head = (
        "objects | network | clDice gain | against | worst volume | Dice gain | against | b0 ratio"
    )
    lines = [f"| {head} |", "|---" * 8 + "|"]
    for kind, rows in summary.items():
        for row in rows:
            cldice = f"{row['cldice_gain']:+.1f} | {row['cldice_baseline']}"
            dice = f"{row['dice_gain']:+.1f} | {row['dice_baseline']}"
            worst = f"{row['worst_cldice_gain']:+.1f}"
            start = f"| {KINDS[kind]} | {row['method']} | {cldice} | {worst} | {dice}"
            lines.append(f"{start} | {row['b0_ratio']:.2f} |")
    return lines


def _volume_tables(results: Results) -> list[str]:
    """Return the lines of one table a volume, with two columns of the changed masks."""
    head = "method | clDice | Tprec | Tsens | Dice | b0 | b1 | b2 | b0, cleaned | clDice, filled"
    lines = []
    for name, methods in results["raw"].items():
        lines += ["", f"### {name}", ""]
        lines += [f"| {head} |", "|---" * 10 + "|"]
        for method, figures in methods.items():
            cleaned = results["cleaned"][name][method]["b0_error"]
            filled = results["filled"][name][method]["cldice"]
            lines.append(f"| {method} | {cells(figures)} | {cleaned:.2f} | {filled:.3f} |")
    return lines


def merged(tables: Sequence[Results]) -> Results:
    """Join the figures of several volumes, in the order of `VOLUMES`."""
    joined = {kind: {n: f for t in tables for n, f in t[kind].items()} for kind in KINDS}
    return {kind: {n: found[n] for n in VOLUMES if n in found} for kind, found in joined.items()}
