"""The volumes of the study: drawn once for each preset, with fixed seeds, or cut from real ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image
from real_volumes import ROOT, VOLUMES
from study_plan import STACKS

from cldice_monai.data.synthetic import GENERATOR_VERSION, write_synthetic_dataset
from cldice_monai.errors import InputError
from cldice_monai.files import fill_folder_when_complete

__all__ = ["DATA", "DataSet", "data_folder"]

SHARED = ROOT.parent / "shared" / "data"
PARTS = ("training", "validation", "test")


@dataclass(frozen=True)
class DataSet:
    """A folder of volumes, and what train.json has to know of it.

    Attributes:
        settings: keys of train.json.
        window: voxels of a window where whole volumes are segmented.
        preset: of the generator; None for real volumes.
        counts: volumes for training, validation and test.
        seed: of the generator.
        left_out: the stack to test on.
        pictures: folder of pictures.
        size: sides of a synthetic volume.
    """

    settings: dict[str, Any]
    window: list[int]
    preset: str | None = None
    counts: tuple[int, int, int] = (15, 2, 5)
    seed: int = 0
    left_out: str | None = None
    pictures: str | None = None
    size: int = 96

    def made_with(self) -> dict[str, Any]:
        """Return what the voxels depend on, to tell whether a result is of these."""
        if self.preset is None:
            return {"left_out": self.left_out, "pictures": self.pictures}
        return {
            "preset": self.preset,
            "counts": list(self.counts),
            "seed": self.seed,
            "size": self.size,
            "generator": GENERATOR_VERSION,
        }


def _drawn(preset: str, seed: int, *, n_channels: int = 1, n_test: int = 5) -> DataSet:
    settings = {"in_channels": n_channels, "roi": [48, 48, 48]}
    return DataSet(settings, [96, 96, 96], preset, (15, 2, n_test), seed)


DATA: dict[str, DataSet] = {
    "hard": _drawn("hard", 11, n_test=8),
    "hard_2ch": _drawn("hard", 12, n_channels=2, n_test=8),
    "mild": _drawn("paper", 13),
    "trial_hard": _drawn("hard", 900, n_test=2),
    "trial_mild": _drawn("paper", 901, n_test=2),
    "cremi": DataSet({"roi": [96, 96]}, [160, 160], pictures="CREMI_crops"),
    "roads": DataSet({"roi": [96, 96]}, [160, 160], pictures="roads_crops"),
}
DATA |= {
    f"stacks_without_{name}": DataSet(
        {"roi": [48, 48, 32], "side_mm": 0.002}, [96, 96, 32], left_out=name
    )
    for name in STACKS
}


def data_folder(name: str, work_dir: Path, shared: Path = SHARED) -> Path:
    """Return the folder of a data set, made where it is missing.

    Args:
        name: of the data set.
        work_dir: where the folders of all data sets are.
        shared: folder of the real volumes.

    Returns:
        A folder in the Decathlon layout, with labelsTs for the test part.

    Raises:
        InputError: if the real volumes are not there.
    """
    folder, data = work_dir / name, DATA[name]
    if (folder / "dataset.json").is_file():
        return folder
    if data.preset is not None:
        write_synthetic_dataset(
            folder,
            counts=data.counts,
            size=data.size,
            preset=data.preset,
            seed=data.seed,
            n_channels=data.settings["in_channels"],
            progress=None,
        )
        return folder
    if not shared.is_dir():
        raise InputError(f"{shared}: no such folder; pass --data the folder of the real volumes")
    pictures = data.pictures
    parts = _stack_parts(data, shared) if pictures is None else _picture_parts(shared / pictures)
    return _write(folder, parts)


Parts = dict[str, list[tuple[str, np.ndarray, np.ndarray, np.ndarray]]]


def _stack_parts(data: DataSet, shared: Path) -> Parts:
    """Train on all but two stacks, validate on the next one, test on the one that is left out."""
    place = STACKS.index(str(data.left_out))
    validation = STACKS[(place + 1) % len(STACKS)]
    parts: Parts = {part: [] for part in PARTS}
    for name in STACKS:
        others = "validation" if name == validation else "training"
        spacing_um = VOLUMES[name].spacing_um
        if spacing_um is None:
            raise InputError(f"{name}: its voxel size is not known; leave it out")
        image, label = (array.T for array in VOLUMES[name].read(shared))
        affine = np.diag([*(side / 1000 for side in spacing_um[::-1]), 1.0])
        part = "test" if name == data.left_out else others
        parts[part].append((name, image, label, affine))
    return parts


def _picture_parts(folder: Path) -> Parts:
    images, labels = (sorted((folder / name).iterdir()) for name in ("images", "labels"))
    cases = zip(PARTS, images, labels, strict=True)
    return {part: [(image.stem, *_picture(image, label))] for part, image, label in cases}


def _picture(image: Path, label: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    grey = np.asarray(Image.open(image).convert("L"), np.float32).T[..., None]
    mask = np.asarray(Image.open(label).convert("L")).T[..., None] > 0
    return grey, mask, np.eye(4)


def _write(folder: Path, parts: Parts) -> Path:
    with fill_folder_when_complete(folder) as partial:
        content = {
            part: [_write_case(partial, "Ts" if part == "test" else "Tr", *case) for case in cases]
            for part, cases in parts.items()
        }
        text = json.dumps(content, indent=1) + "\n"
        (partial / "dataset.json").write_text(text, encoding="utf-8")
    return folder


def _write_case(
    folder: Path, suffix: str, name: str, image: np.ndarray, label: np.ndarray, affine: np.ndarray
) -> dict[str, str]:
    paths = {"image": f"images{suffix}/{name}.nii.gz", "label": f"labels{suffix}/{name}.nii.gz"}
    for path, array in zip(paths.values(), (image, label.astype(np.uint8)), strict=True):
        (folder / path).parent.mkdir(exist_ok=True)
        volume = nib.Nifti1Image(np.ascontiguousarray(array), affine)
        volume.header.set_xyzt_units("mm")
        nib.save(volume, folder / path)
    return paths
