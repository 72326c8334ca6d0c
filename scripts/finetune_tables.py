"""The page of the comparison of fine-tuning with training from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["differences", "results_tables"]

FIGURES = {"cldice": "clDice", "dice": "Dice"}
Cells = Sequence[dict[str, Any]]


def results_tables(content: dict[str, Any]) -> str:
    """Return the Markdown page.

    Args:
        content: of the JSON file: "cells", and what they were made with.
    """
    lines = [
        "# Fine-tuning the shipped weights, beside training from scratch",
        "",
        f"Written by `scripts/finetune_study.py`: {content['steps']} steps of "
        f"{content['crops_a_step']} crops of {' x '.join(map(str, content['roi']))} voxels of the "
        "working grid, from labelled patches of 128 x 128 um and the depth of the stack. Scored is "
        "the rest of the volume, 20 um from every patch, with windows that overlap by a quarter. "
        "Both ways see the same patches on the same grid, and keep the weights of the last step. "
        "Fine-tuning goes by `finetune.json`, with a learning rate of 0.00005 and the batch norms' "
        "statistics kept; training from scratch by `train.json`, with 0.005 and instance norms. "
        "These volumes also chose numbers of the recipe of the shipped weights, and how they are "
        "fine-tuned: `zero_shot_ablation.md` has what was tried.",
        "",
        *_summary(content["cells"]),
        "",
        *_all_cells(content["cells"]),
    ]
    return "\n".join(lines) + "\n"


def differences(cells: Cells, figure: str, *, n_patches: int) -> np.ndarray:
    """Return fine-tuned less scratch, in points, for every volume and seed that has both.

    Args:
        cells: of the JSON file.
        figure: "cldice" or "dice".
        n_patches: of the cells that count.
    """
    found: dict[tuple[str, int], dict[str, float]] = {}
    for cell in cells:
        if cell["n_patches"] == n_patches:
            pair = found.setdefault((cell["volume"], cell["seed"]), {})
            pair[cell["way"]] = 100 * cell["scores"][figure]
    pairs = [pair for pair in found.values() if len(pair) == 2]
    return np.array([pair["fine-tuned"] - pair["scratch"] for pair in pairs])


def _summary(cells: Cells) -> list[str]:
    head = "| patches | figure | shipped | scratch | fine-tuned | difference, mean and sd | least |"
    lines = [head, "|---" * 7 + "|"]
    for n_patches in sorted({cell["n_patches"] for cell in cells}):
        for figure, name in FIGURES.items():
            gains = differences(cells, figure, n_patches=n_patches)
            if not len(gains):
                continue
            means = [
                _mean(cells, key, figure, n_patches=n_patches, way=way)
                for key, way in (
                    ("scores_before", "fine-tuned"),
                    ("scores", "scratch"),
                    ("scores", "fine-tuned"),
                )
            ]
            sd = f" ± {gains.std(ddof=1):.1f}" if len(gains) > 1 else ""
            spread = f"{gains.mean():+.1f}{sd} (n = {len(gains)})"
            lines.append(
                f"| {n_patches} | {name} | {' | '.join(means)} | {spread} | {gains.min():+.1f} |"
            )
    return [*lines, "", "Differences in points, over two volumes and three draws of patches."]


def _mean(cells: Cells, key: str, figure: str, *, n_patches: int, way: str) -> str:
    values = [
        cell[key][figure] for cell in cells if (cell["n_patches"], cell["way"]) == (n_patches, way)
    ]
    return f"{np.mean(values):.3f}"


def _all_cells(cells: Cells) -> list[str]:
    lines = ["| volume | patches | seed | way | clDice | Dice |", "|---" * 6 + "|"]
    for cell in sorted(cells, key=lambda c: (c["volume"], c["n_patches"], c["seed"], c["way"])):
        where = f"{cell['volume']} | {cell['n_patches']} | {cell['seed']} | {cell['way']}"
        scores = " | ".join(f"{cell['scores'][figure]:.3f}" for figure in FIGURES)
        lines.append(f"| {where} | {scores} |")
    return lines
