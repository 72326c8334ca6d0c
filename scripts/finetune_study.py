"""Compare fine-tuning of the shipped weights with training from scratch on few labelled patches.

Patches are cut from the two development volumes of real_volumes.py, and no other volume is opened.
Both ways take the same patches, steps and working grid; the rest of the volume, less a margin
around the patches, is scored. Every finished cell is kept in --work-dir, so that a run that was
broken off goes on. Writes OUT.json and OUT.md. The weights trained here are never shipped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from finetune_patches import Patches, cut_patches, score_rest
from finetune_tables import results_tables
from real_volumes import ROOT, VOLUMES

from cldice_monai.errors import InputError
from cldice_monai.files import replace_when_complete
from cldice_monai.workflows import TrainingData, norm_of, read_preparation
from cldice_monai.zero_shot import RECIPE, ZeroShotRecipe, load_network, segment_volume

BUNDLE = ROOT / "bundle"
DEVELOPMENT = [name for name, volume in VOLUMES.items() if volume.part == "development"]
WAYS = {"scratch": [], "fine-tuned": ["finetune"]}
ROI = [48, 48, 32]
CROPS = 2  # a step
STEPS = 40
OVERLAP = 0.25  # of the windows of the scored segmentations: a third of the time of 0.5


@dataclass(frozen=True)
class Cell:
    """One training of the comparison.

    Attributes:
        volume: name of the volume.
        n_patches: labelled patches that it may use.
        seed: draws patches, first weights and crops.
        way: "scratch" or "fine-tuned".
    """

    volume: str
    n_patches: int
    seed: int
    way: str

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.volume}_{self.n_patches}_{self.seed}_{self.way}"


def main() -> None:
    """Train what is missing, and write the tables."""
    arguments = read_arguments()
    try:
        cells = [done(cell, arguments) for cell in all_cells(arguments)]
    except InputError as error:
        sys.exit(f"error: {error}")
    content = {
        "weights_sha256": digest(BUNDLE / "models" / "model.pt"),
        "steps": STEPS,
        "crops_a_step": CROPS,
        "roi": ROI,
        "threads": torch.get_num_threads(),
        "cells": cells,
    }
    texts = {".json": json.dumps(content, indent=1) + "\n", ".md": results_tables(content)}
    for ending, text in texts.items():
        path = arguments.out.with_name(arguments.out.name + ending)
        with replace_when_complete(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"written  {path}")
    print(texts[".md"])


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "finetuning")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "output" / "finetuning")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--patches", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", choices=sorted(WAYS), default=sorted(WAYS))
    return parser.parse_args()


def all_cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    """Yield every training that was asked for."""
    for seed in arguments.seeds:
        for way in arguments.ways:
            for volume in DEVELOPMENT:
                for n_patches in arguments.patches:
                    yield Cell(volume, n_patches, seed, way)


def done(cell: Cell, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the scores of a cell, from its file if it was made with these weights and settings."""
    path = arguments.work_dir / f"{cell.name}.json"
    made_with = {"steps": STEPS, "crops": CROPS, "roi": ROI, "preparation": of_the_grid()}
    made_with["norm"] = norm_of(BUNDLE / "models" / "model.pt" if WAYS[cell.way] else None)
    if cell.way == "fine-tuned":
        made_with["weights_sha256"] = digest(BUNDLE / "models" / "model.pt")
        made_with["threshold"] = RECIPE.threshold
        made_with["overlay_sha256"] = digest(BUNDLE / "configs" / "finetune.json")
    if path.is_file():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found["made_with"] == made_with:
            return found
    start = time.monotonic()
    volume = VOLUMES[cell.volume]
    patches = cut_patches(volume, arguments.data, n_patches=cell.n_patches, seed=cell.seed)
    weights = train(cell, patches, arguments.work_dir / cell.name)
    result = asdict(cell) | {"made_with": made_with, "n_voxels_scored": int(patches.rest.sum())}
    result |= {"scores": score(weights, patches)}
    if cell.way == "fine-tuned":
        result |= {"scores_before": score(BUNDLE / "models" / "model.pt", patches)}
    result |= {"seconds": round(time.monotonic() - start)}
    with replace_when_complete(path) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(arguments.work_dir / cell.name)
    print(f"{cell.name}: {result['scores']}, {result['seconds']} s", flush=True)
    return result


def train(cell: Cell, patches: Patches, folder: Path) -> Path:
    """Train with train.json, and finetune.json for the one way, for the same number of steps.

    One volume a step, and the weights of the last one: there is no label to choose a step by.
    """
    from monai.bundle import ConfigWorkflow

    items = patches.write(folder / "patches")
    workflow = ConfigWorkflow(
        config_file=[
            str(BUNDLE / "configs" / f"{name}.json") for name in ("train", *WAYS[cell.way])
        ],
        workflow_type="train",
        logging_file=False,
        bundle_root=str(BUNDLE),
        output_dir=str(folder),
        device="cpu",
        seed=cell.seed,
        roi=ROI,
        batch_size=1,
        crops_per_volume=CROPS,
        epochs=STEPS // len(items),
        num_workers=0,
        tensorboard=False,
        **({} if cell.way == "fine-tuned" else of_the_grid()),
    )
    workflow.parser["data"] = TrainingData(items, items)
    handlers = workflow.parser["train"]["handlers"]
    kept = ("EpochSeeds", "LrScheduleHandler", "LossMonitor")  # nothing that validates or saves
    workflow.parser["train"]["handlers"] = [h for h in handlers if h["_target_"].endswith(kept)]
    workflow.parser["finalize"] = [line for line in workflow.parser["finalize"] if "save" in line][
        :1
    ]
    workflow.initialize()
    workflow.run()
    workflow.finalize()
    return folder / "models" / "model_last.pt"


def of_the_grid() -> dict[str, Any]:
    """Return the preparation of the shipped weights; train.json keeps its own threshold."""
    names = ("side_mm", "cutoff", "lift", "floor", "factors", "pad_windows")
    values: dict[str, Any] = json.loads(json.dumps({name: getattr(RECIPE, name) for name in names}))
    return values


def score(weights: Path, patches: Patches) -> dict[str, float]:
    """Segment the whole volume as the file beside the weights says, and score the rest of it."""
    recipe = ZeroShotRecipe(**asdict(read_preparation(weights)), overlap=OVERLAP)
    network = load_network(weights)
    spacing_um = patches.spacing_um
    mask = segment_volume(patches.image, network, spacing_um=spacing_um, recipe=recipe)
    return score_rest(mask, patches)


def digest(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
