"""Make zero-shot weights those of the bundle; train_zero_shot.py --install calls it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from real_volumes import ROOT, VOLUMES

import cldice_monai
from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.report.scores import DEFINITIONS
from cldice_monai.workflows import copy_weights
from cldice_monai.zero_shot import RECIPE

__all__ = ["install", "readable_json"]

LARGEST_BYTES = 25_000_000  # the model zoo takes no larger file
SHOWN = {
    "scored": "labelled real volumes that no training saw, scored once with these weights; not a "
    "blind test, since what the weights before them failed by here said which backgrounds to draw",
    "development": "labelled real volumes that chose numbers of the recipe, not its weights: no "
    "measure of what to expect elsewhere",
}
FIGURES = ("cldice", "tprec", "tsens", "dice")


def install(weights: Path, *, bundle: Path, results: Path = ROOT / "docs" / "results") -> None:
    """Write weights, their preparation and their measured figures into a bundle.

    Args:
        weights: file to become models/model.pt.
        bundle: folder of the bundle.
        results: folder with zero_shot_scored.json or zero_shot_development.json, as
            evaluate_zero_shot.py writes them. The first of them that scored these weights, by
            their hash, gives the figures.

    Raises:
        InputError: if the weights are missing or too large, or no table scored them.
    """
    if not weights.is_file():
        raise InputError(f"--install {weights}: no such file; train that seed first")
    size = weights.stat().st_size
    if size >= LARGEST_BYTES:
        raise InputError(
            f"--install {weights}: has {size} bytes, the model zoo takes less than 25 MB a file; "
            "store them in half precision"
        )
    figures = read_figures(weights, results)
    metadata = bundle / "configs" / "metadata.json"
    content = json.loads(metadata.read_text(encoding="utf-8"))
    content["eval_metrics"] = figures
    copy_weights(weights, bundle / "models" / "model.pt", preparation=RECIPE)
    with replace_when_complete(metadata) as temporary:
        temporary.write_text(readable_json(content), encoding="utf-8")
    print(f"installed  {bundle / 'models' / 'model.pt'}")
    print(f"figures    {metadata}, of {figures['table']}")


def read_figures(weights: Path, results: Path) -> dict[str, Any]:
    """Return what the metadata say of the weights: what was measured, where, and by what."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    for part, volumes in SHOWN.items():
        table = results / f"zero_shot_{part}.json"
        content = json.loads(table.read_text(encoding="utf-8")) if table.is_file() else {}
        if digest in content.get("weights_sha256", []):
            method = f"ours {content['weights_sha256'].index(digest)}"
            require_same_recipe(content, table)
            return {
                "data": volumes,
                **_means_and_volumes(content["results"]["raw"], method),
                "definitions": _definitions(),
                "table": f"docs/results/{table.name} of the repository",
                "made_by": f"scripts/evaluate_zero_shot.py of cldice_monai "
                f"{cldice_monai.__version__}",
                "weights_sha256": digest,
            }
    raise InputError(
        f"--install {weights}: no table in {results} scored these weights; run "
        "scripts/evaluate_zero_shot.py docs/results/zero_shot_development with them first"
    )


def require_same_recipe(content: dict[str, Any], table: Path) -> None:
    """Refuse figures that were measured with another preparation than is installed."""
    scored, now = content["recipe"], json.loads(json.dumps(asdict(RECIPE)))
    differ = sorted(name for name in now if scored.get(name) != now[name])
    if differ:
        raise InputError(
            f"{table}: was measured with another {differ[0]} ({scored.get(differ[0])}, now "
            f"{now[differ[0]]}); score the weights again"
        )


def _means_and_volumes(by_volume: dict[str, Any], method: str) -> dict[str, Any]:
    ours = {name: methods[method] for name, methods in by_volume.items()}
    counted = [figures for name, figures in ours.items() if VOLUMES[name].part != "apart"]
    means = {
        f"mean_{name}": round(sum(figures[name] for figures in counted) / len(counted), 4)
        for name in FIGURES
    }
    apart = [name for name in ours if VOLUMES[name].part == "apart"]
    volumes = {
        name: {
            **{key: round(figures[key], 4) for key in FIGURES},
            "patch_betti_errors": [round(figures[f"b{k}_error"], 2) for k in range(3)],
        }
        for name, figures in ours.items()
    }
    return {**means, **({"not_in_the_means": apart} if apart else {}), "volumes": volumes}


def _definitions() -> dict[str, str]:
    whole = {name: DEFINITIONS[name] for name in FIGURES}
    return whole | {
        "patch_betti_errors": "mean over 24 patches of |b_k(P) - b_k(L)| for k = 0 (components), 1 "
        "(loops), 2 (cavities); foreground 26-connected, background 6-connected"
    }


def readable_json(content: dict[str, Any]) -> str:
    """Indent JSON by four, with lists of numbers on one line."""
    text = json.dumps(content, indent=4)
    return re.sub(r"\[[\s\d,.-]+\]", lambda found: json.dumps(json.loads(found[0])), text) + "\n"
