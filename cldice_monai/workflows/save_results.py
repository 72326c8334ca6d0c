"""Masks, previews and metrics of a finished inference, one volume at a time."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import cldice_monai
from cldice_monai.data.nifti import read_volume, write_like
from cldice_monai.files import replace_when_complete
from cldice_monai.report import save_preview
from cldice_monai.report.scores import DEFINITIONS, score_segmentation
from cldice_monai.workflows.stale_results import name_stale_results

if TYPE_CHECKING:
    import torch
    from ignite.engine import Engine

__all__ = ["ResultSaver"]

_logger = logging.getLogger(__name__)


class ResultSaver:
    """Handler of an evaluator: writes what a person wants to have of each volume.

    For every volume ``<case>_mask.nii.gz`` on the input's grid and ``<case>_preview.png``;
    ``<case>_prob.nii.gz``, the probability of a vessel, where the items have it under "prob"; and
    at the end ``metrics.json`` with the scores of the volumes that have a label; the others say
    why they have none. All files appear under their name only once they are complete.

    Args:
        output_dir: folder for the files.
        settings: what the run was made with; written into metrics.json as it is.
    """

    def __init__(
        self, output_dir: str | os.PathLike[str], settings: dict[str, Any] | None = None
    ) -> None:
        self.output_dir = Path(output_dir)
        self.settings = dict(settings or {})
        self._cases: dict[str, dict[str, Any]] = {}

    def attach(self, engine: Engine) -> None:
        """Write after each volume of ``engine`` and once more at its end."""
        from ignite.engine import Events

        engine.add_event_handler(Events.STARTED, lambda _: self._cases.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._save_volumes)
        engine.add_event_handler(Events.COMPLETED, self._save_metrics)

    def _save_volumes(self, engine: Engine) -> None:
        for item, output in zip(engine.state.batch, engine.state.output, strict=True):
            mask = np.asarray(output["pred"][0].cpu()) > 0
            self._cases[item["case_id"]] = self._save_volume(item, mask)
            self._save_probability(item, output.get("prob"))

    def _save_volume(self, item: dict[str, Any], mask: np.ndarray) -> dict[str, Any]:
        case_id = item["case_id"]
        volume = read_volume(item["image_path"])
        label = read_volume(item["label_path"]).array[0] > 0 if item["label_path"] else None
        mask_path = self.output_dir / f"{case_id}_mask.nii.gz"
        write_like(mask.astype(np.uint8), mask_path, like=item["image_path"])
        scores = score_segmentation(mask, label) if label is not None else None
        title = case_id
        if scores is not None and scores["cldice"] is not None:
            title += f": clDice {scores['cldice']:.3f}, Dice {scores['dice']:.3f}"
        save_preview(
            self.output_dir / f"{case_id}_preview.png",
            volume.array[0],
            mask,
            label=label,
            spacing_mm=volume.spacing_mm,
            title=title,
        )
        result: dict[str, Any] = {
            "mask": mask_path.name,
            "n_vessel_voxels": int(mask.sum()),
            "spacing_mm": [round(s, 6) for s in volume.spacing_mm],
            "scores": scores,
        }
        if scores is None:
            result["scores_missing_because"] = "no label for this volume"
        elif scores["cldice"] is None:
            result["scores_missing_because"] = "the label is empty: overlaps are not defined"
        return result

    def _save_probability(self, item: dict[str, Any], prob: torch.Tensor | None) -> None:
        case_id, ending = item["case_id"], "_prob.nii.gz"
        if prob is None:
            name_stale_results(self.output_dir, [case_id], endings=[ending])
            return
        # a sigmoid's one channel is vessel; a softmax has the background first
        vessel = prob[0] if len(prob) == 1 else 1 - prob[0]
        path = self.output_dir / f"{case_id}{ending}"
        write_like(np.asarray(vessel.cpu()), path, like=item["image_path"], dtype="float32")
        self._cases[case_id]["probability"] = path.name

    def _save_metrics(self, engine: Engine) -> None:
        content = {
            "cldice_monai": cldice_monai.__version__,
            "settings": self.settings,
            "cases": self._cases,
            "definitions": DEFINITIONS,
        }
        path = self.output_dir / "metrics.json"
        with replace_when_complete(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        _logger.info("results of %d volumes are in %s", len(self._cases), self.output_dir)
