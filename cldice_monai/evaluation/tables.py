"""An evaluation as files: JSON with everything, CSV to compute with, Markdown to paste."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cldice_monai
from cldice_monai.evaluation.bootstrap import Interval
from cldice_monai.evaluation.case import EvaluatedCase, EvaluationSettings
from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS, Column
from cldice_monai.evaluation.permutation import MIN_CASES, Comparison
from cldice_monai.evaluation.run import Evaluation, Method
from cldice_monai.files import replace_when_complete

__all__ = [
    "NOT_MEASURED",
    "as_markdown",
    "comparison_cells",
    "interval_text",
    "introduction",
    "rounded",
    "write_tables",
]

NOT_MEASURED = "n/a"
_REASONS = {
    "dice": "the label is empty",
    "cldice": "the label is empty",
    "tprec": "the label is empty",
    "tsens": "the label is empty",
    "hd95_mm": "a mask is empty",
    "surface_dice": "a mask is empty",
    "opt_junction_f1": "neither mask has a junction or end in a patch",
    "euler_ratio": "the Euler characteristics of the label's patches add up to 0",
}


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
        "evaluation.json": json.dumps(_as_json(evaluation), indent=2, allow_nan=False) + "\n",
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


def as_markdown(evaluation: Evaluation) -> str:
    """Return the tables to paste: the paper's columns, the other ones, and the comparisons.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Markdown.
    """
    others = [column for column in COLUMNS if column not in PAPER_COLUMNS]
    parts = ["# Evaluation", introduction(evaluation), _table(evaluation, PAPER_COLUMNS)]
    parts += ["## Further figures", _table(evaluation, others)]
    if evaluation.comparisons:
        parts += [f"## Differences from {evaluation.methods[0].name}", _differences(evaluation)]
    parts += ["## What they mean", _meanings()]
    return "\n\n".join(parts) + "\n"


def introduction(evaluation: Evaluation) -> str:
    """Return what was measured and how, in a few words.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Plain text.
    """
    settings = evaluation.settings
    n_cases = len({case.case_id for case in evaluation.methods[0].cases})
    sampler = settings.sampler
    patches = "a full tiling" if sampler.tiling else f"{sampler.n_patches} patches a case"
    size = sampler.patch_size or "48 (3D) or 64 (2D)"
    return (
        f"{n_cases} cases, {patches} of {size} voxels a side, seed {sampler.seed}. Mean over cases "
        "with the 95 % interval of a bootstrap over cases and, within them, patches; "
        f"{NOT_MEASURED}: not measured."
    )


def _table(evaluation: Evaluation, columns: Sequence[Column]) -> str:
    measured = [c for c in columns if c.name in evaluation.methods[0].summary]
    lines = [
        "| | " + " | ".join(column.title for column in measured) + " |",
        "|---|" + "---|" * len(measured),
    ]
    for method in evaluation.methods:
        cells = [interval_text(method.summary[column.name]) for column in measured]
        lines.append(f"| {method.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def interval_text(interval: Interval) -> str:
    """Return a mean with its interval.

    Example:
        >>> interval_text(Interval(0.5, 0.25, 0.75, 4))
        '0.500 [0.250, 0.750]'
    """
    if math.isnan(interval.low):
        return rounded(interval.mean)
    return f"{rounded(interval.mean)} [{rounded(interval.low)}, {rounded(interval.high)}]"


def rounded(value: float) -> str:
    """Return a figure with as many digits as help, or that it was not measured.

    Example:
        >>> rounded(0.01234), rounded(0.5), rounded(123.456), rounded(float("nan"))
        ('0.0123', '0.500', '123.5', 'n/a')
    """
    if math.isnan(value):
        return NOT_MEASURED
    digits = 4 if abs(value) < 0.1 else 3 if abs(value) < 10 else 1
    return f"{value:.{digits}f}"


def _differences(evaluation: Evaluation) -> str:
    lines = [
        f"Paired permutation test over cases, two-sided; no p-value below {MIN_CASES} cases.",
        "",
        "| | figure | difference | p | cases |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(cells)} |" for cells in comparison_cells(evaluation)]
    return "\n".join(lines)


def comparison_cells(evaluation: Evaluation) -> list[tuple[str, str, str, str, str]]:
    """Return method, figure, difference from the first method, p-value and number of cases.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        One row for each method but the first and each figure.
    """
    return [
        (name, column.title, *_difference(comparisons[column.name]))
        for name, comparisons in evaluation.comparisons.items()
        for column in COLUMNS
        if column.name in comparisons
    ]


def _difference(found: Comparison) -> tuple[str, str, str]:
    change = NOT_MEASURED if math.isnan(found.difference) else f"{found.difference:+.4f}"
    p_value = NOT_MEASURED if found.p_value is None else f"{found.p_value:.4f}"
    return change, p_value, str(found.n_cases)


def _meanings() -> str:
    return "\n".join(f"- **{c.title}** ({c.better} is better): {c.definition}." for c in COLUMNS)


def _as_json(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "cldice_monai": cldice_monai.__version__,
        "label_dir": str(evaluation.label_dir),
        "settings": _settings(evaluation.settings),
        "definitions": {c.name: f"{c.definition}; {c.better} is better" for c in COLUMNS},
        "methods": {method.name: _method(method) for method in evaluation.methods},
        "comparisons_with_the_first": {
            name: {key: _plain(found._asdict()) for key, found in columns.items()}
            for name, columns in evaluation.comparisons.items()
        },
    }


def _settings(settings: EvaluationSettings) -> dict[str, Any]:
    return dataclasses.asdict(settings) | {
        "connectivity": "foreground-full",
        "interval": "95 %, percentile bootstrap over cases and patches, 2000 draws, seed 0",
    }


def _method(method: Method) -> dict[str, Any]:
    return {
        "folder": str(method.folder),
        "summary": {name: _plain(found._asdict()) for name, found in method.summary.items()},
        "cases": [_case(case) for case in method.cases],
    }


def _case(case: EvaluatedCase) -> dict[str, Any]:
    means = case.means()
    missing = {name: _REASONS.get(name, "no patch could be measured") for name in means}
    return {
        "case_id": case.case_id,
        "class": case.class_number,
        "spacing_mm": list(case.spacing_mm),
        "n_patches": len(case.starts),
        "figures": _plain(means),
        "not_measured_because": {n: why for n, why in missing.items() if math.isnan(means[n])},
        "volume": _plain(case.volume),
        "misses_by_radius": [
            _plain(one._asdict() | {"share_missed": one.share_missed})
            for one in case.misses_by_radius
        ],
        "notes": list(case.notes),
    }


def _plain(numbers: dict[str, Any]) -> dict[str, Any]:
    """Replace what JSON has no number for: NaN by null, infinity by a word."""
    return {key: _plain_number(value) for key, value in numbers.items()}


def _plain_number(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return "infinity" if value == float("inf") else value


def _case_rows(method: Method) -> Iterable[dict[str, Any]]:
    for case in method.cases:
        figures = case.means()
        yield _identity(method, case) | figures | _only_new(case.volume, figures)


def _patch_rows(method: Method) -> Iterable[dict[str, Any]]:
    for case in method.cases:
        for number, start in enumerate(case.starts):
            figures = {name: float(values[number]) for name, values in case.patches.items()}
            at = dict(zip(("start_x", "start_y", "start_z"), start.tolist(), strict=False))
            yield _identity(method, case) | {"patch": number} | at | figures


def _identity(method: Method, case: EvaluatedCase) -> dict[str, Any]:
    return {"method": method.name, "case_id": case.case_id, "class": case.class_number or ""}


def _only_new(volume: dict[str, float], figures: dict[str, float]) -> dict[str, float]:
    return {f"volume_{name}": value for name, value in volume.items() if name not in figures}


def _write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            empty = {key: "" for key, v in row.items() if isinstance(v, float) and math.isnan(v)}
            writer.writerow(row | empty)
