"""The files of an evaluation: JSON with everything, CSV to compute with, Markdown to paste."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cldice_monai.evaluation.case import EvaluatedCase
from cldice_monai.evaluation.columns import COLUMNS
from cldice_monai.evaluation.json_form import as_json
from cldice_monai.evaluation.markdown import as_markdown
from cldice_monai.evaluation.radius_bins import BIN_TITLES
from cldice_monai.evaluation.run import Evaluation, Method
from cldice_monai.evaluation.units import in_unit
from cldice_monai.files import replace_when_complete

__all__ = ["write_tables"]


def write_tables(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write summary.md, evaluation.json, cases.csv and patches.csv.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        folder: where to write; it is made.

    Returns:
        The files.

    Raises:
        InputError: a file cannot be written.
    """
    contents = {
        "summary.md": as_markdown(evaluation),
        "evaluation.json": json.dumps(as_json(evaluation), indent=2, allow_nan=False) + "\n",
    }
    paths = []
    for name, text in contents.items():
        with replace_when_complete(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        paths.append(folder / name)
    for name, rows in (("cases.csv", _case_rows), ("patches.csv", _patch_rows)):
        with replace_when_complete(folder / name) as temporary:
            _write_csv(temporary, [row for method in evaluation.methods for row in rows(method)])
        paths.append(folder / name)
    return paths


def _case_rows(method: Method) -> Iterable[dict[str, Any]]:
    for case in method.cases:
        missed = {
            f"missed_share_radius_{title.replace(' ', '_')}_voxels": one.share_missed
            for title, one in zip(BIN_TITLES, case.misses_by_radius, strict=True)
        }
        yield _identity(method, case) | _voxel(case) | _figures(case) | missed


def _voxel(case: EvaluatedCase) -> dict[str, float]:
    if case.frame.unit == "voxels":
        return {}
    sides = zip(case.frame.names, case.spacing_mm, strict=True)
    return {f"voxel_{axis}_mm": side for axis, side in sides}


def _figures(case: EvaluatedCase) -> dict[str, float]:
    empty = {
        "pred_is_empty": int(case.empty[0]),
        "label_is_empty": int(case.empty[1]),
        "patches_with_one_empty_network": int(case.patches["one_empty"].sum()),
    }
    return in_unit(case.means() | empty | _of_volume(case), case.frame.unit)


def _of_volume(case: EvaluatedCase) -> dict[str, float]:
    """Return what is not a column yet; what patches are measured on too says "volume"."""
    columns = {column.name for column in COLUMNS if column.level == "volume"}
    return {
        f"volume_{name}" if name in case.patches else name: value
        for name, value in case.volume.items()
        if name not in columns
    }


def _patch_rows(method: Method) -> Iterable[dict[str, Any]]:
    for case in method.cases:
        for number, start in enumerate(case.starts):
            figures = {name: float(values[number]) for name, values in case.patches.items()}
            names = (f"start_{axis}" for axis in case.frame.names)
            at = dict(zip(names, start.tolist(), strict=True))
            yield _identity(method, case) | {"patch": number} | at | figures


def _identity(method: Method, case: EvaluatedCase) -> dict[str, Any]:
    return {"method": method.name, "case_id": case.case_id, "class": case.class_number or ""}


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            empty = {key: "" for key, v in row.items() if isinstance(v, float) and math.isnan(v)}
            writer.writerow(row | empty)
