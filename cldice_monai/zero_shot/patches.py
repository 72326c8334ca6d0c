"""Training patches out of synthetic volumes on disk."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from cldice_monai.data.nifti import read_volume
from cldice_monai.data.synthetic import GENERATOR_VERSION, write_synthetic_dataset
from cldice_monai.errors import InputError
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

    Example:
        >>> volume = np.random.default_rng(0).random((32, 32, 32))
        >>> volumes = SyntheticVolumes([volume.astype(np.float16)], [volume > 0.9])
        >>> plan = TrainingPlan(patch_side=16, volume_side=32, batch_size=2)
        >>> image, label = draw_batch(volumes, plan=plan, rng=np.random.default_rng(0))
        >>> image.shape, label.dtype
        ((2, 1, 16, 16, 16), dtype('float32'))
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

        Returns:
            The volumes.

        Raises:
            InputError: if the folder holds something else, or volumes of another seed, size, number
                or version of the generator.
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
        content = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        items = content["training"]
        _require_same(folder, {"n_volumes": len(items), **content["generator"]}, plan, seed)
        images = [read_volume(Path(folder, item["image"])).array[0] for item in items]
        labels = [read_volume(Path(folder, item["label"])).array[0] > 0 for item in items]
        prepared = [prepare_intensities(i, recipe=recipe).astype(np.float16) for i in images]
        return cls(prepared, labels)


def _require_same(folder: Path, found: dict[str, Any], plan: TrainingPlan, seed: int) -> None:
    """Raise where volumes were drawn otherwise than they would be now."""
    wanted = {
        "n_volumes": plan.n_volumes,
        "shape": [plan.volume_side] * 3,
        "seed": seed,
        "preset": _PRESET,
        "version": GENERATOR_VERSION,
    }
    if differ := [
        f"{name} {found.get(name)}" for name in wanted if found.get(name) != wanted[name]
    ]:
        raise InputError(
            f"{folder}: holds volumes made with another {', '.join(differ)}; choose another folder "
            "(--work-dir) or delete it"
        )


def draw_batch(
    volumes: SyntheticVolumes, *, plan: TrainingPlan, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw patches, turned, mirrored and zoomed at random, with a random change of intensities.

    Args:
        volumes: what to cut them from.
        plan: size and number of the patches, spread of the changes.
        rng: source of randomness.

    Returns:
        float32 images and labels, (batch, 1, side, side, side).

    Example:
        >>> label = np.zeros((16, 16, 16), bool)
        >>> label[8, 8] = True
        >>> plan = TrainingPlan(patch_side=16, volume_side=16, batch_size=1, zoom_chance=0)
        >>> volumes = SyntheticVolumes([label.astype(np.float16)], [label])
        >>> _, drawn = draw_batch(volumes, plan=plan, rng=np.random.default_rng(0))
        >>> drawn.shape, drawn.sum()  # the whole volume, turned
        ((1, 1, 16, 16, 16), np.float32(16.0))
    """
    pairs = [_draw_patch(volumes, plan, rng) for _ in range(plan.batch_size)]
    images, labels = (np.stack(part)[:, None] for part in zip(*pairs, strict=True))
    return images.astype(np.float32), labels.astype(np.float32)


def _draw_patch(
    volumes: SyntheticVolumes, plan: TrainingPlan, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    number = int(rng.integers(len(volumes.images)))
    image, label = volumes.images[number], volumes.labels[number]
    sides = _draw_sides(image.shape, plan, rng)
    starts = [int(rng.integers(n - side + 1)) for n, side in zip(image.shape, sides, strict=True)]
    place = tuple(slice(start, start + n) for start, n in zip(starts, sides, strict=True))
    cut_image, cut_label = _zoomed(image[place], label[place], plan.patch_side)
    axes = rng.permutation(3)
    steps = tuple(slice(None, None, int(step)) for step in rng.choice([-1, 1], size=3))
    exponent = np.exp(plan.gamma_spread * rng.standard_normal())
    factor = np.exp(plan.scale_spread * rng.standard_normal())
    changed = factor * cut_image**exponent
    return changed.transpose(axes)[steps], cut_label.transpose(axes)[steps]


def _draw_sides(
    shape: tuple[int, ...], plan: TrainingPlan, rng: np.random.Generator
) -> tuple[int, ...]:
    """Draw how many voxels a patch has along each axis before it is zoomed."""
    if rng.random() >= plan.zoom_chance:
        return (plan.patch_side,) * 3
    zoom = np.exp(plan.zoom_spread * rng.uniform(-1, 1))
    factors = zoom * np.exp(plan.stretch_spread * rng.standard_normal(3))
    wanted = np.round(plan.patch_side * factors).astype(int)
    return tuple(int(n) for n in np.clip(wanted, plan.patch_side // 2, shape))


def _zoomed(image: np.ndarray, label: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate a cut to a cube; the label is where the interpolated one is above a half."""
    if image.shape == (side,) * 3:
        return image.astype(np.float32), label
    both = torch.from_numpy(np.stack([image, label]).astype(np.float32))[None]
    zoomed = interpolate(both, size=(side,) * 3, mode="trilinear")[0].numpy()
    return zoomed[0], zoomed[1] > 0.5
