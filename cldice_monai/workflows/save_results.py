"""Masks, previews and metrics of a finished inference, one volume at a time."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import cldice_monai
from cldice_monai.data.nifti import Volume, write_like
from cldice_monai.data.nifti_file import has_nifti_ending
from cldice_monai.data.pictures import write_picture
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.files import replace_when_complete
from cldice_monai.report import save_preview
from cldice_monai.report.scores import DEFINITIONS, score_segmentation
from cldice_monai.workflows.stale_results import name_stale_results
from cldice_monai.workflows.too_much_vessel import too_much_vessel
from cldice_monai.workflows.upright import upright

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
    why they have none. Of a picture mask and probability are PNG files, from 0 to 255. Scores leave
    out what lies outside the mask of a case. All files appear under their name only once they are
    complete.

    Args:
        output_dir: folder for the files.
        settings: what the run was made with; written into metrics.json as it is.
        readers: how the files of the cases are read.
        n_classes: classes with the background. From 3 on masks and labels hold the numbers of the
            classes, and each is scored beside all of them together; with fewer vessel is > 0.

    Example:
        >>> import nibabel, tempfile, torch
        >>> from ignite.engine import Engine
        >>> pred = torch.eye(8).expand(1, 8, 8, 8) > 0
        >>> evaluator = Engine(lambda engine, batch: [{"pred": pred}])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.nii.gz")
        ...     nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 8)), np.eye(4)), path)
        ...     ResultSaver(Path(folder, "out")).attach(evaluator)
        ...     item = {"image_path": path, "label_path": "", "mask_path": "", "case_id": "a"}
        ...     _ = evaluator.run([[item]])
        ...     print(*sorted(file.name for file in Path(folder, "out").iterdir()))
        a_mask.nii.gz a_preview.png metrics.json
    """

    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        settings: dict[str, Any] | None = None,
        *,
        readers: CaseReaders = NIFTI,
        n_classes: int = 2,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.settings = dict(settings or {})
        self.readers = readers
        self.n_classes = n_classes
        self._cases: dict[str, dict[str, Any]] = {}

    def attach(self, engine: Engine) -> None:
        """Write after each volume of ``engine`` and once more at its end."""
        from ignite.engine import Events

        engine.add_event_handler(Events.STARTED, lambda _: self._cases.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._save_volumes)
        engine.add_event_handler(Events.COMPLETED, self._save_metrics)

    def _save_volumes(self, engine: Engine) -> None:
        for item, output in zip(engine.state.batch, engine.state.output, strict=True):
            classes = np.asarray(output["pred"][0].cpu()).astype(np.uint8)
            volume = self.readers.image([Path(item["image_path"])])
            # a picture has no third axis in the network, but one of length 1 as a volume
            classes = classes.reshape(volume.array.shape[1:])
            self._cases[item["case_id"]] = self._save_volume(item, volume, classes)
            self._save_probability(item, output.get("prob"))

    def _save_volume(
        self, item: dict[str, Any], volume: Volume, classes: np.ndarray
    ) -> dict[str, Any]:
        case_id, mask = item["case_id"], classes > 0
        result: dict[str, Any] = {
            "mask": self._write_mask(item, classes),
            "n_vessel_voxels": int(mask.sum()),
            "spacing_mm": _spacing_mm(volume),
        }
        label = self._read(item["label_path"], self.readers.label)
        result |= self._scores(item, classes, label)
        for line in too_much_vessel(float(mask.mean())):
            _logger.warning("%s: %s", case_id, line)
        title = case_id
        if result["scores"] is not None and result["scores"]["cldice"] is not None:
            title += ": clDice {cldice:.3f}, Dice {dice:.3f}".format(**result["scores"])
        save_preview(
            self.output_dir / f"{case_id}_preview.png",
            **upright(volume, mask=mask, label=None if label is None else label > 0),
            title=title,
        )
        return result

    def _write_mask(self, item: dict[str, Any], classes: np.ndarray) -> str:
        """Write the mask on the grid of the image: a NIfTI file as NIfTI, anything else as PNG."""
        if has_nifti_ending(Path(item["image_path"])):
            path = self.output_dir / f"{item['case_id']}_mask.nii.gz"
            write_like(classes, path, like=item["image_path"])
        else:
            path = self.output_dir / f"{item['case_id']}_mask.png"
            write_picture(classes[..., 0] * (255 if self.n_classes < 3 else 1), path)
        return path.name

    def _read(self, path: str, reader: Callable[[Path], Volume]) -> np.ndarray | None:
        return reader(Path(path)).array[0] if path else None

    def _scores(
        self, item: dict[str, Any], classes: np.ndarray, label: np.ndarray | None
    ) -> dict[str, Any]:
        """Return the scores of a case, and what is to be known of them."""
        if label is None:
            return {"scores": None, "scores_missing_because": "no label for this volume"}
        found: dict[str, Any] = {}
        counts = self._read(item["mask_path"], self.readers.mask)
        if counts is not None:
            found["scores_within"] = Path(item["mask_path"]).name
            classes, label = classes * (counts > 0), label * (counts > 0)
        found["scores"] = score_segmentation(classes > 0, label > 0)
        if self.n_classes > 2:
            found["scores_by_class"] = {
                str(number): score_segmentation(classes == number, label == number)
                for number in range(1, self.n_classes)
            }
        if found["scores"]["cldice"] is None:
            found["scores_missing_because"] = "the label is empty: overlaps are not defined"
        return found

    def _save_probability(self, item: dict[str, Any], prob: torch.Tensor | None) -> None:
        case_id = item["case_id"]
        is_nifti = has_nifti_ending(Path(item["image_path"]))
        ending = "_prob.nii.gz" if is_nifti else "_prob.png"
        if prob is None:
            name_stale_results(self.output_dir, [case_id], endings=[ending])
            return
        # a sigmoid's one channel is vessel; a softmax has the background first
        vessel = np.asarray((prob[0] if len(prob) == 1 else 1 - prob[0]).cpu())
        path = self.output_dir / f"{case_id}{ending}"
        if is_nifti:
            vessel = vessel.reshape((*vessel.shape, 1)[:3])
            write_like(vessel, path, like=item["image_path"], dtype="float32")
        else:
            write_picture(np.round(255 * vessel), path)
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


def _spacing_mm(volume: Volume) -> list[float] | None:
    """Return the voxel size, None for a picture file, which does not say it."""
    if volume.unit == "unknown" and not has_nifti_ending(volume.path):
        return None
    return [round(size, 6) for size in volume.spacing_mm]
