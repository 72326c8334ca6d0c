"""Results of cells of the study that nobody has run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def a_result(
    cell: Any, value: float, *, cpu_seconds: int = 5, **figures: float | None
) -> dict[str, Any]:
    """Return a result as run_cell writes it, every figure of Table 1 the same but for some."""
    from study_run import made_with

    from cldice_monai.evaluation.columns import PAPER_COLUMNS

    names = [column.name for column in PAPER_COLUMNS] + ["cldice_filled", "b2_error"]
    volume = dict.fromkeys(names, value) | figures
    return {
        "name": cell.name,
        "made_with": json.loads(json.dumps(made_with(cell, "small"))),
        "iter_": 5,
        "validation": {"8": {"clDice": value}},
        "volumes": {"a": volume, "b": dict(volume)},
        "seconds": 7,
        "cpu_seconds": cpu_seconds,
    }


def save(folder: Path, cell: Any, value: float, **figures: Any) -> None:
    """Write a result into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(a_result(cell, value, **figures))
    (folder / f"{cell.name}.json").write_text(text)
