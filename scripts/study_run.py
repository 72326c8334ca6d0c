"""One cell of the study: train with the bundle, segment the test volumes with it, measure them."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from real_volumes import ROOT
from study_cavities import FILLED, cldice_of_filled_masks
from study_cells import Budget, Cell, network_config
from study_data import DATA, data_folder
from study_plan import VALIDATIONS

import cldice_monai
from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.columns import COLUMNS
from cldice_monai.evaluation.run import evaluate
from cldice_monai.files import replace_when_complete

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = [
    "Result",
    "ValidationCurve",
    "is_result_of",
    "made_with",
    "measure_again",
    "read_result",
    "run_cell",
    "segment",
]

BUNDLE = ROOT / "bundle"
COMMON = {"batch_size": 1, "crops_per_volume": 2, "num_workers": 0, "precision": "bfloat16"}
Result = dict[str, Any]


class ValidationCurve:
    """Handler of a validator: keeps the figures of every validation, also of a resumed training.

    Args:
        path: JSON file, from epoch to figures.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def attach(self, engine: Engine) -> None:
        """Write after each validation."""
        from ignite.engine import Events

        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Add the figures of this validation to the file."""
        curve = json.loads(self.path.read_text("utf-8")) if self.path.is_file() else {}
        curve[str(engine.state.epoch)] = _nulls(engine.state.metrics)
        _write_json(self.path, curve)


def made_with(cell: Cell, budget: Budget) -> dict[str, Any]:
    """Return all that the figures of a cell depend on, but for the versions of the packages."""
    return {
        "data": DATA[cell.data].made_with(),
        "overlays": list(cell.method.overlays),
        "settings": training_settings(cell, budget),
    }


def read_result(path: Path) -> Result | None:
    """Return what a file of results says; None where there is no such file."""
    if not path.is_file():
        return None
    found: Result = json.loads(path.read_text(encoding="utf-8"))
    return found


def is_result_of(result: Result | None, cell: Cell, budget: Budget) -> bool:
    """Return whether a result is there and belongs to the plan as it stands now."""
    return result is not None and result["made_with"] == made_with(cell, budget)


def training_settings(cell: Cell, budget: Budget) -> dict[str, Any]:
    """Return the keys of train.json that a cell changes."""
    data = DATA[cell.data]
    return {
        **COMMON,
        "network_def": network_config(cell.network, budget),
        "seed": cell.seed,
        "epochs": cell.epochs,
        "val_interval": max(cell.epochs // VALIDATIONS, 1),
        "validate#inferer#inferer#roi_size": data.window,
        **data.settings,
        **cell.method.settings,
    }


def run_cell(cell: Cell, budget: Budget, *, work_dir: Path, shared: Path, out: Path) -> Result:
    """Train, segment, measure and write the result; a training that was stopped goes on.

    Args:
        cell: what is trained.
        budget: the width of the network.
        work_dir: for volumes, checkpoints and masks.
        shared: folder of the real volumes.
        out: folder of the results.

    Returns:
        What was written to ``out``/<name>.json.
    """
    clock = time.monotonic(), time.process_time()
    volumes = data_folder(cell.data, work_dir / "data", shared)
    folder = work_dir / budget / cell.name
    _train(cell, budget, volumes, folder)
    masks = segment(cell, budget, volumes, folder)
    result = {
        "name": cell.name,
        **{key: value for key, value in asdict(cell).items() if key != "method"},
        "method": cell.method.name,
        "budget": budget,
        "made_with": made_with(cell, budget),
        "cldice_monai": cldice_monai.__version__,
        **_training_facts(folder),
        "volumes": _measure(masks, volumes / "labelsTs", _classes(cell, budget)),
        "seconds": round(time.monotonic() - clock[0]),
        "cpu_seconds": round(time.process_time() - clock[1]),
    }
    _write_json(out / f"{cell.name}.json", result)
    shutil.rmtree(masks)
    return result


def measure_again(cell: Cell, budget: Budget, *, work_dir: Path, shared: Path, out: Path) -> Result:
    """Segment and measure the test volumes of a finished cell anew, with the network it kept.

    Args:
        cell: with a result.
        budget: the width of the network.
        work_dir: with what the training left.
        shared: folder of the real volumes.
        out: folder of the results.

    Returns:
        What was written to ``out``/<name>.json: the result with new figures of its volumes.

    Raises:
        InputError: the cell has no result, or its network is not there any more.
    """
    path, folder = out / f"{cell.name}.json", work_dir / budget / cell.name
    known = read_result(path)
    if known is None or not (folder / "models" / "model.pt").is_file():
        raise InputError(f"{folder}: no trained network is kept here; remove {path} to train anew")
    volumes = data_folder(cell.data, work_dir / "data", shared)
    masks = segment(cell, budget, volumes, folder)
    measured = _measure(masks, volumes / "labelsTs", _classes(cell, budget))
    result = known | {"cldice_monai": cldice_monai.__version__, "volumes": measured}
    _write_json(path, result)
    shutil.rmtree(masks)
    return result


def _train(cell: Cell, budget: Budget, volumes: Path, folder: Path) -> None:
    overlay = training_settings(cell, budget)
    curve = {"_target_": "study_run.ValidationCurve", "path": str(folder / "curve.json")}
    handlers = {"+validate#handlers": [curve]}
    files = ["train", *cell.method.overlays]
    _run_bundle("train", files, overlay | handlers, volumes, folder, resume="auto")


def segment(
    cell: Cell, budget: Budget, volumes: Path, folder: Path, *, save_prob: bool = False
) -> Path:
    """Segment the test volumes of a cell with the network that its training kept.

    Args:
        cell: what was trained.
        budget: the width of the network.
        volumes: folder of the data set.
        folder: of the cell, in which its networks are.
        save_prob: whether probabilities are written beside the masks.

    Returns:
        The folder of the masks.
    """
    settings = training_settings(cell, budget)
    kept = ("network_def", "in_channels", "out_channels", "precision", "overlap")
    overlay = {name: settings[name] for name in kept if name in settings}
    overlay |= {"roi": DATA[cell.data].window, "weights": str(folder / "models" / "model.pt")}
    overlay["save_prob"] = save_prob
    masks = folder / "masks"
    _run_bundle("inference", ["inference"], overlay, volumes, masks)
    return masks


def _run_bundle(
    kind: str,
    files: list[str],
    overlay: Mapping[str, Any],
    volumes: Path,
    folder: Path,
    **more: Any,
) -> None:
    """Run a config of the bundle with an overlay, which is kept beside what it writes."""
    from monai.bundle import ConfigWorkflow

    path = folder.parent / f"{folder.name}_{kind}.json"
    _write_json(path, dict(overlay))
    configs = [str(BUNDLE / "configs" / f"{name}.json") for name in files]
    workflow = ConfigWorkflow(
        config_file=[*configs, str(path)],
        workflow_type=kind,
        meta_file=str(BUNDLE / "configs" / "metadata.json"),
        logging_file=False,
        bundle_root=str(BUNDLE),
        dataset_dir=str(volumes),
        output_dir=str(folder),
        device="cpu",
        **({"tensorboard": False} if kind == "train" else {}),
        **more,
    )
    workflow.initialize()
    workflow.run()
    workflow.finalize()


def _training_facts(folder: Path) -> dict[str, Any]:
    import torch

    path = folder / "models" / "checkpoint.pt"
    state = torch.load(path, map_location="cpu", weights_only=True)["state"]
    curve = json.loads((folder / "curve.json").read_text("utf-8"))
    return {
        "iter_": state["settings"]["iter_"],
        "best_epoch": state["best"]["epoch"],
        "validation": curve,
    }


def _classes(cell: Cell, budget: Budget) -> tuple[int, ...]:
    """Return the classes that are measured each for itself; none where all is vessel."""
    n_outputs = training_settings(cell, budget).get("out_channels", 1)
    return tuple(range(1, n_outputs)) if n_outputs > 2 else ()


def _measure(
    masks: Path, labels: Path, classes: tuple[int, ...]
) -> dict[str, dict[str, float | None]]:
    """Return the figures of every test volume, means over its classes; None if not measured."""
    methods = evaluate([masks], labels, EvaluationSettings(classes=classes)).methods
    measured: dict[str, list[dict[str, float]]] = {}
    for case in (case for method in methods for case in method.cases):
        measured.setdefault(case.case_id, []).append(case.means())
    names = [c.name for c in COLUMNS if all(c.name in m for ms in measured.values() for m in ms)]
    figures = {
        case: {name: float(np.mean([m[name] for m in means])) for name in names}
        for case, means in measured.items()
    }
    if not classes:  # a cavity of one class may be the place of another
        for name, filled in cldice_of_filled_masks(masks, labels).items():
            figures[name][FILLED.name] = filled
    return {case: _nulls(values) for case, values in figures.items()}


def _nulls(figures: Mapping[str, float]) -> dict[str, float | None]:
    numbers = {name: float(figure) for name, figure in figures.items()}
    return {k: round(v, 6) if math.isfinite(v) else None for k, v in numbers.items()}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with replace_when_complete(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
