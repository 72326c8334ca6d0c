"""Labelled patches of a volume, and the rest of it to score on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from real_volumes import RealVolume

from cldice_monai.skeleton import skeletonize

__all__ = ["Patches", "cut_patches", "score_rest"]

SIDE_UM = 128.0  # 64 voxels of 2 um
MARGIN_UM = 20.0
LEAST_VESSEL = 0.05  # of the voxels of a patch: nobody labels an empty one


@dataclass(frozen=True, eq=False)
class Patches:
    """A volume with labelled patches.

    Attributes:
        image: float32 (X, Y, Z).
        label: boolean, the same shape.
        spacing_um: voxel size along the three axes.
        places: the patches, as slices along x and y; they have the volume's depth.
        rest: boolean (X, Y, Z), what is neither in a patch nor near one.
    """

    image: np.ndarray
    label: np.ndarray
    spacing_um: tuple[float, float, float]
    places: list[tuple[slice, slice]]
    rest: np.ndarray

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Write the patches as NIfTI files and return them as items to train on."""
        folder.mkdir(parents=True, exist_ok=True)
        affine = np.diag([*(side / 1000 for side in self.spacing_um), 1.0])
        items = []
        for number, place in enumerate(self.places):
            paths = []
            for name, array in (("image", self.image), ("label", self.label.astype(np.uint8))):
                paths.append(folder / f"{number}_{name}.nii.gz")
                nib.save(nib.Nifti1Image(array[place], affine), paths[-1])
            image, label = map(str, paths)
            items.append({"image": [image], "label": label, "case_id": f"patch_{number}"})
        return items


def cut_patches(volume: RealVolume, data: Path, *, n_patches: int, seed: int) -> Patches:
    """Draw patches of a development volume; with more patches the first ones stay the same.

    Args:
        volume: where image and label are.
        data: folder of the real volumes.
        n_patches: how many.
        seed: of the draw.
    """
    if volume.part != "development" or volume.spacing_um is None:
        raise ValueError(f"{volume.image}: only development volumes may be opened here")
    image, label = (array.T for array in volume.read(data))
    spacing_um = volume.spacing_um[::-1]
    sides = [round(SIDE_UM / side) for side in spacing_um[:2]]
    counts = [n // side for n, side in zip(image.shape, sides, strict=False)]
    tiles = [
        tuple(slice(k * side, (k + 1) * side) for k, side in zip(index, sides, strict=True))
        for index in np.ndindex(*counts)
    ]
    order = np.random.default_rng(seed).permutation(len(tiles))
    drawn = [tiles[k] for k in order if label[tiles[k]].mean() >= LEAST_VESSEL]
    places = [(place[0], place[1]) for place in drawn[:n_patches]]
    rest = np.ones(image.shape, bool)
    for place in places:
        wider = [
            slice(max(0, part.start - margin), part.stop + margin)
            for part, margin in zip(
                place, (round(MARGIN_UM / s) for s in spacing_um[:2]), strict=True
            )
        ]
        rest[tuple(wider)] = False
    return Patches(np.ascontiguousarray(image), label, spacing_um, places, rest)


def score_rest(mask: np.ndarray, patches: Patches) -> dict[str, float]:
    """Return clDice and Dice of a mask of the whole volume, counted in the rest alone.

    Skeletons are those of the whole masks, so that the border of the rest cuts no vessel.
    """
    label, rest = patches.label, patches.rest
    of_mask, of_label = (skeletonize(one) & rest for one in (mask, label))
    tprec, tsens = share(of_mask & label, of_mask), share(of_label & mask, of_label)
    both = tprec + tsens
    n_voxels = int((mask & rest).sum()) + int((label & rest).sum())
    scores = {
        "cldice": 2 * tprec * tsens / both if both > 0 else 0.0,
        "dice": 2 * int((mask & label & rest).sum()) / n_voxels,
    }
    return {name: round(value, 5) for name, value in scores.items()}


def share(part: np.ndarray, whole: np.ndarray) -> float:
    """Return what share of a mask another one is that lies in it; 0 of an empty one."""
    n_voxels = int(whole.sum())
    return int(part.sum()) / n_voxels if n_voxels else 0.0
