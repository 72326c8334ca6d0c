"""An evaluation as JSON: every figure with its definition, and why one is missing."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import cldice_monai
from cldice_monai.evaluation.bootstrap import INTERVAL_WORDS
from cldice_monai.evaluation.case import EvaluatedCase, EvaluationSettings
from cldice_monai.evaluation.columns import COLUMNS
from cldice_monai.evaluation.empty_sides import empty_counts
from cldice_monai.evaluation.network_tables import NETWORK_DEFINITIONS
from cldice_monai.evaluation.permutation import TEST_WORDS
from cldice_monai.evaluation.run import Evaluation, Method
from cldice_monai.evaluation.units import in_unit

__all__ = ["as_json"]

_REASONS = {
    "dice": "the label is empty",
    "cldice": "the label is empty",
    "tprec": "the label is empty",
    "tsens": "the label is empty",
    "hd95_mm": "a mask is empty",
    "surface_dice": "both masks are empty",
    "opt_junction_f1": "neither network has a branch at a junction or end in any patch",
    "euler_ratio": "the Euler characteristics of the label's patches add up to 0",
}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return all figures as plain values; what was not measured is None, with its reason beside it.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        What ``json.dumps`` takes with ``allow_nan=False``.
    """
    return {
        "cldice_monai": cldice_monai.__version__,
        "label_dir": evaluation.label_dir.absolute().name,
        "settings": _settings(evaluation.settings),
        "length_unit": evaluation.unit or "mm or voxels",
        "definitions": in_unit(
            {c.name: f"{c.definition}; {c.better} is better" for c in COLUMNS}
            | NETWORK_DEFINITIONS,
            evaluation.unit,
        ),
        "notes": list(evaluation.notes),
        "methods": {m.title: _method(m, evaluation) for m in evaluation.methods},
        "comparisons_with_the_first": {
            name: in_unit(
                {key: _plain(found._asdict()) for key, found in columns.items()}, evaluation.unit
            )
            for name, columns in evaluation.comparisons.items()
        },
    }


def _settings(settings: EvaluationSettings) -> dict[str, Any]:
    return dataclasses.asdict(settings) | {
        "connectivity": "foreground-full",
        "interval": INTERVAL_WORDS,
        "test": TEST_WORDS,
    }


def _method(method: Method, evaluation: Evaluation) -> dict[str, Any]:
    summary = {
        name: _plain(found._asdict()) | empty_counts(method.cases, name)
        for name, found in method.summary.items()
    }
    return {
        "folder": method.folder.absolute().name,
        "class": method.class_number,
        "summary": in_unit(summary, evaluation.unit),
        "cases": [_case(case, evaluation.settings) for case in method.cases],
    }


def _case(case: EvaluatedCase, settings: EvaluationSettings) -> dict[str, Any]:
    means, unit = case.means(), case.frame.unit
    missing = {name: _REASONS.get(name, "no patch could be measured") for name in means}
    unmeasured = {name: why for name, why in missing.items() if math.isnan(means[name])}
    return {
        "case_id": case.case_id,
        "class": case.class_number,
        "length_unit": unit,
        "spacing_mm": list(case.spacing_mm) if unit == "mm" else None,
        "shape": list(case.frame.shape),
        "axes": list(case.frame.names),
        "n_patches": len(case.starts),
        "patch_size_voxels": settings.sampler.size_in(len(case.spacing_mm)),
        "figures": in_unit(_plain(means), unit),
        "not_measured_because": in_unit(unmeasured, unit),
        "patches_with_one_empty_network": int(case.patches["one_empty"].sum()),
        "volume": in_unit(_plain(case.volume), unit),
        "misses_by_radius": [
            _plain(one._asdict() | {"share_missed": one.share_missed})
            for one in case.misses_by_radius
        ],
        "notes": list(map(str, case.notes)),
    }


def _plain(numbers: dict[str, Any]) -> dict[str, Any]:
    """Replace what JSON has no number for: NaN by null, infinity by a word."""
    return {key: _plain_number(value) for key, value in numbers.items()}


def _plain_number(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return "infinity" if value == float("inf") else value
