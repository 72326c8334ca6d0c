"""Training patches out of synthetic volumes on disk."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cldice_monai.data.nifti import read_volume
from cldice_monai.data.synthetic import write_synthetic_dataset
from cldice_monai.files import as_path
from cldice_monai.zero_shot.recipe import RECIPE, TrainingPlan, ZeroShotRecipe
from cldice_monai.zero_shot.segment import prepare_intensities

__all__ = ["SyntheticVolumes", "draw_batch"]

_PRESET = "randomised"


@dataclass(frozen=True, eq=False)
class SyntheticVolumes:
    """Volumes in memory, prepared as those to be segmented are.

    Attributes:
        images: float16 arrays (X, Y, Z) from 0 to 1.
        labels: boolean arrays of the same shape.
    """

    images: list[np.ndarray]
    labels: list[np.ndarray]

    @classmethod
    def draw_or_read(
        cls,
        folder: str | os.PathLike[str],
        *,
        plan: TrainingPlan,
        seed: int,
        n_workers: int = 0,
        recipe: ZeroShotRecipe = RECIPE,
    ) -> SyntheticVolumes:
        """Read the volumes in a folder, which is filled first where it is missing.

        Args:
            folder: of `write_synthetic_dataset`.
            plan: number and size of the volumes.
            seed: of the volumes.
            n_workers: processes that draw; 0 draws in this one.
            recipe: how the intensities are prepared.

        Raises:
            InputError: if the folder holds something else.
        """
        folder = as_path(folder, argument="folder")
        if not (folder / "dataset.json").is_file():
            write_synthetic_dataset(
                folder,
                counts=(plan.n_volumes, 0, 0),
                size=plan.volume_side,
                preset=_PRESET,
                seed=seed,
                n_workers=n_workers,
                progress=None,
            )
        items = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))["training"]
        images = [read_volume(Path(folder, item["image"])).array[0] for item in items]
        labels = [read_volume(Path(folder, item["label"])).array[0] > 0 for item in items]
        prepared = [prepare_intensities(i, recipe=recipe).astype(np.float16) for i in images]
        return cls(prepared, labels)


def draw_batch(
    volumes: SyntheticVolumes, *, plan: TrainingPlan, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw patches, turned and mirrored at random, with a random change of the intensities.

    Args:
        volumes: what to cut them from.
        plan: size and number of the patches, spread of the changes.
        rng: source of randomness.

    Returns:
        float32 images and labels, (batch, 1, side, side, side).
    """
    pairs = [_draw_patch(volumes, plan, rng) for _ in range(plan.batch_size)]
    images, labels = (np.stack(part)[:, None] for part in zip(*pairs, strict=True))
    return images.astype(np.float32), labels.astype(np.float32)


def _draw_patch(
    volumes: SyntheticVolumes, plan: TrainingPlan, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    number = int(rng.integers(len(volumes.images)))
    image, label = volumes.images[number], volumes.labels[number]
    starts = [int(rng.integers(n - plan.patch_side + 1)) for n in image.shape]
    place = tuple(slice(start, start + plan.patch_side) for start in starts)
    axes = rng.permutation(3)
    steps = tuple(slice(None, None, int(step)) for step in rng.choice([-1, 1], size=3))
    exponent = np.exp(plan.gamma_spread * rng.standard_normal())
    factor = np.exp(plan.scale_spread * rng.standard_normal())
    changed = factor * image[place].astype(np.float32) ** exponent
    return changed.transpose(axes)[steps], label[place].transpose(axes)[steps]
