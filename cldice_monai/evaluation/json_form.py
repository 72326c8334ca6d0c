"""An evaluation as JSON: every figure with its definition, and why one is missing."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import cldice_monai
from cldice_monai.evaluation.case import EvaluatedCase, EvaluationSettings
from cldice_monai.evaluation.columns import COLUMNS
from cldice_monai.evaluation.network_tables import NETWORK_DEFINITIONS
from cldice_monai.evaluation.run import Evaluation, Method

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
        "label_dir": str(evaluation.label_dir),
        "settings": _settings(evaluation.settings),
        "definitions": {c.name: f"{c.definition}; {c.better} is better" for c in COLUMNS}
        | NETWORK_DEFINITIONS,
        "methods": {m.title: _method(m, evaluation.settings) for m in evaluation.methods},
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


def _method(method: Method, settings: EvaluationSettings) -> dict[str, Any]:
    return {
        "folder": str(method.folder),
        "class": method.class_number,
        "summary": {name: _plain(found._asdict()) for name, found in method.summary.items()},
        "cases": [_case(case, settings) for case in method.cases],
    }


def _case(case: EvaluatedCase, settings: EvaluationSettings) -> dict[str, Any]:
    means = case.means()
    missing = {name: _REASONS.get(name, "no patch could be measured") for name in means}
    return {
        "case_id": case.case_id,
        "class": case.class_number,
        "spacing_mm": list(case.spacing_mm),
        "n_patches": len(case.starts),
        "patch_size_voxels": settings.sampler.size_in(len(case.spacing_mm)),
        "figures": _plain(means),
        "not_measured_because": {n: why for n, why in missing.items() if math.isnan(means[n])},
        "volume": _plain(case.volume),
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
