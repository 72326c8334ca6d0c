"""The data sets of the study, each made once in the Decathlon layout, with fixed seeds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
from real_volumes import ROOT
from study_plan import STACKS
from study_volumes import Parts, class_parts, picture_parts, stack_parts, thick_parts

from cldice_monai.data.synthetic import GENERATOR_VERSION, write_synthetic_dataset
from cldice_monai.errors import InputError
from cldice_monai.files import fill_folder_when_complete

__all__ = ["DATA", "DataSet", "data_folder"]

SHARED = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class DataSet:
    """A folder of volumes, and what train.json has to know of it.

    Attributes:
        settings: keys of train.json.
        window: voxels of a window where whole volumes are segmented.
        preset: of the generator; None for real volumes.
        kind: "plain" volumes of the generator, "thick" slices or several "classes" of them; real
            "stacks" or "pictures".
        counts: volumes for training, validation and test.
        seed: of the generator.
        name: of the stack to test on, or of the folder of pictures.
        size: sides of a synthetic volume.
    """

    settings: dict[str, Any]
    window: list[int]
    preset: str | None = None
    counts: tuple[int, int, int] = (15, 2, 5)
    seed: int = 0
    name: str | None = None
    size: int = 96
    kind: Literal["plain", "thick", "classes", "stacks", "pictures"] = "plain"

    def made_with(self) -> dict[str, Any]:
        """Return what the voxels depend on, to tell whether a result is of these."""
        if self.preset is None:
            return {"kind": self.kind, "name": self.name}
        return {
            "kind": self.kind,
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
    "thick": replace(
        _drawn("hard", 14, n_test=8),
        kind="thick",
        settings={"roi": [48, 48, 32]},
        window=[96, 96, 32],
    ),
    "classes": replace(_drawn("hard", 15, n_test=8), kind="classes"),
    "cremi": DataSet({"roi": [96, 96]}, [160, 160], name="CREMI_crops", kind="pictures"),
    "roads": DataSet({"roi": [96, 96]}, [160, 160], name="roads_crops", kind="pictures"),
}
DATA |= {
    f"stacks_without_{name}": DataSet(
        {"roi": [48, 48, 32], "side_mm": 0.002, "overlap": 0.25},
        [96, 96, 32],
        name=name,
        kind="stacks",
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
    if data.kind == "plain":
        write_synthetic_dataset(
            folder,
            counts=data.counts,
            size=data.size,
            preset=str(data.preset),
            seed=data.seed,
            n_channels=data.settings["in_channels"],
            progress=None,
        )
        return folder
    return _write(folder, _parts(data, shared))


def _parts(data: DataSet, shared: Path) -> Parts:
    if data.preset is not None:
        make = {"thick": thick_parts, "classes": class_parts}[data.kind]
        return make(data.preset, data.seed, data.counts, data.size)
    if not shared.is_dir():
        raise InputError(f"{shared}: no such folder; pass --data the folder of the real volumes")
    if data.kind == "stacks":
        return stack_parts(str(data.name), shared, STACKS)
    return picture_parts(shared / str(data.name))


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
