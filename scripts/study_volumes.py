"""Volumes of the study that the generator does not write itself: real ones, and other labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from real_volumes import VOLUMES

from cldice_monai.data.synthetic import VesselSample, generate_vessels
from cldice_monai.errors import InputError
from cldice_monai.transforms import DownsampleLabel

__all__ = ["Parts", "class_parts", "picture_parts", "stack_parts", "thick_parts"]

PARTS = ("training", "validation", "test")
SLICE = 3  # voxels of the drawn volume in the depth of a thick slice
THICK_RADIUS = 2.0  # from which on a vessel is of the second class, in voxels
Parts = dict[str, list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]]
"""By part: name, image, label and affine of each case."""


def thick_parts(preset: str, seed: int, counts: Sequence[int], size: int) -> Parts:
    """Draw volumes whose slices are three times as thick as their pixels are wide.

    Args:
        preset: of the generator.
        seed: of the first volume, times 1000.
        counts: volumes for training, validation and test.
        size: voxels along x and y; there are two thirds as many slices.
    """
    affine = np.diag([1.0, 1.0, SLICE, 1.0])
    parts: Parts = {part: [] for part in PARTS}
    for part, name, sample in _samples(preset, seed, counts, (size, size, 2 * size)):
        slices = sample.image[0].reshape(size, size, -1, SLICE)
        label = np.asarray(DownsampleLabel((1, 1, SLICE))(sample.label[None]))[0]
        parts[part].append((name, slices.mean(axis=-1), label, affine))
    return parts


def class_parts(preset: str, seed: int, counts: Sequence[int], size: int) -> Parts:
    """Draw volumes with two classes of vessel, thin (1) and thick (2); arguments as `thick_parts`.

    The size is that of all three sides.
    """
    parts: Parts = {part: [] for part in PARTS}
    for part, name, sample in _samples(preset, seed, counts, (size,) * 3):
        label = np.where(sample.label > 0, 1 + (sample.radius >= THICK_RADIUS), 0)
        parts[part].append((name, sample.image[0], label, np.eye(4)))
    return parts


def _samples(
    preset: str, seed: int, counts: Sequence[int], shape: Sequence[int]
) -> Iterator[tuple[str, str, VesselSample]]:
    parts = [part for part, count in zip(PARTS, counts, strict=True) for _ in range(count)]
    for number, part in enumerate(parts):
        name = f"vessels_{number:03d}"
        yield part, name, generate_vessels(shape, preset=preset, seed=1000 * seed + number)


def stack_parts(left_out: str, shared: Path, stacks: Sequence[str]) -> Parts:
    """Train on all but two stacks, validate on the next one, test on the one that is left out."""
    validation = stacks[(stacks.index(left_out) + 1) % len(stacks)]
    parts: Parts = {part: [] for part in PARTS}
    for name in stacks:
        others = "validation" if name == validation else "training"
        spacing_um = VOLUMES[name].spacing_um
        if spacing_um is None:
            raise InputError(f"{name}: its voxel size is not known; leave it out")
        image, label = (array.T for array in VOLUMES[name].read(shared))
        affine = np.diag([*(side / 1000 for side in spacing_um[::-1]), 1.0])
        part = "test" if name == left_out else others
        parts[part].append((name, image, label, affine))
    return parts


def picture_parts(folder: Path) -> Parts:
    """Train on the first picture, validate on the second, test on the third."""
    images, labels = (sorted((folder / name).iterdir()) for name in ("images", "labels"))
    cases = zip(PARTS, images, labels, strict=True)
    return {part: [(image.stem, *_picture(image, label))] for part, image, label in cases}


def _picture(image: Path, label: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    grey = np.asarray(Image.open(image).convert("L"), np.float32).T[..., None]
    mask = np.asarray(Image.open(label).convert("L")).T[..., None] > 0
    return grey, mask, np.eye(4)
