"""Once a run: a table of all cases, and what the run was made with."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import cldice_monai
from cldice_monai.files import replace_when_complete
from cldice_monai.inference.folder import OutputFolder
from cldice_monai.inference.recipe import Recipe
from cldice_monai.lines import shortened
from cldice_monai.memory_left import peak_bytes

if TYPE_CHECKING:
    from cldice_monai.inference.request import CaseResult

__all__ = ["summary_table", "versions", "write_summaries"]

_FIGURES = (
    *("vessel_volume_mm3", "vessel_area_mm2", "vessel_fraction", "centreline_length_mm"),
    *("length_density_mm_per_mm3", "length_density_mm_per_mm2"),
    *("n_branch_points", "n_end_points", "n_segments"),
)
_RADII = ("mean", "p5", "p25", "p50", "p75", "p95")


def versions() -> dict[str, str]:
    """Return the versions of what computes a mask.

    Example:
        >>> sorted(versions())
        ['cldice_monai', 'monai', 'numpy', 'python', 'torch']
    """
    import monai
    import numpy as np
    import torch

    return {
        "cldice_monai": cldice_monai.__version__,
        "monai": str(monai.__version__),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def write_summaries(
    folder: OutputFolder, results: Sequence[CaseResult], *, recipe: Recipe, seconds: float
) -> None:
    """Write summary.csv and manifest.json.

    Args:
        folder: where they go.
        results: of all cases, those skipped included.
        recipe: what segmented them.
        seconds: that the run has taken.

    Raises:
        InputError: if they cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(_row(results[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(result) for result in results)
    manifest = {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "platform": platform.platform(),
        "device": str(recipe.device),
        "weights": {"file": recipe.weights.path.name, "sha256": recipe.weights.sha256},
        "settings": recipe.settings,
        "wall_seconds": round(seconds, 3),
        "peak_memory_bytes": peak_bytes(),
        "cases": [_entry(result) for result in results],
        "note": "research software, not a medical device",
    }
    contents = {"summary.csv": text.getvalue(), "manifest.json": _json(manifest)}
    for name, content in contents.items():
        with replace_when_complete(folder.path / name) as temporary:
            temporary.write_text(content, encoding="utf-8")


def summary_table(results: Sequence[CaseResult]) -> str:
    """Return the main figures of all cases in 80 columns.

    Args:
        results: of a run.

    Returns:
        Lines of text, a headline first.
    """
    columns = ("vessel mm3", "length mm", "branches", "b0", "b1")
    names = [shortened(result.case.case_id, 24) for result in results]
    width = max([len("case"), *map(len, names)])
    lines = [f"{'case':<{width}}  {'status':<7}" + "".join(f"{c:>{_cell(c)}}" for c in columns)]
    for name, result in zip(names, results, strict=True):
        cells = _cells(result.report) if result.report is not None else [""] * len(columns)
        row = "".join(f"{cell:>{_cell(c)}}" for c, cell in zip(columns, cells, strict=True))
        lines.append(f"{name:<{width}}  {result.status:<7}{row}".rstrip())
    return "\n".join(lines)


def _cell(column: str) -> int:
    return max(7, len(column)) + 1


def _cells(report: dict[str, Any]) -> list[str]:
    size = report.get("vessel_volume_mm3", report.get("vessel_area_mm2"))
    betti = report.get("betti_numbers") or {}
    counts = (report.get("n_branch_points"), betti.get("b0"), betti.get("b1"))
    return [
        _digits(size),
        _digits(report.get("centreline_length_mm")),
        *("-" if count is None else str(count) for count in counts),
    ]


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _row(result: CaseResult) -> dict[str, Any]:
    """Return a line of the table; an empty field is what was not measured."""
    report = result.report or {}
    radii, betti = report.get("radius_mm") or {}, report.get("betti_numbers") or {}
    spacing = report.get("spacing_mm")
    return {
        "case": result.case.case_id,
        "status": result.status,
        "shape": "x".join(map(str, report.get("shape", []))),
        "spacing_mm": "" if spacing is None else "x".join(f"{size:g}" for size in spacing),
        **{name: report.get(name) for name in _FIGURES},
        **{f"radius_{name}_mm": radii.get(name) for name in _RADII},
        **{name: betti.get(name) for name in ("b0", "b1", "b2")},
        "components_touching_border": (report.get("components") or {}).get("n_touching_border"),
        "wall_seconds": report.get("wall_seconds"),
        "problem": result.problem or "",
    }


def _entry(result: CaseResult) -> dict[str, Any]:
    report = result.report or {}
    entry = {
        "case": result.case.case_id,
        "status": result.status,
        "input": report.get("input") or [{"path": str(path)} for path in result.case.image],
        "wall_seconds": report.get("wall_seconds"),
        "peak_memory_bytes": report.get("peak_memory_bytes"),
    }
    return entry if result.problem is None else {**entry, "problem": result.problem}


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
