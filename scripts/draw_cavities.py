"""Draw how a network of the study pierces thick vessels: docs/images/study_cavities.png.

    python scripts/draw_cavities.py [--cell NAME]

Takes the network that a cell of the study kept in output/study, and of its test volumes the slice
in which cavities take most voxels of the mask.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np
from matplotlib.figure import Figure
from real_volumes import ROOT
from study import chosen_cells
from study_data import SHARED, data_folder
from study_run import segment

from cldice_monai.files import replace_when_complete
from cldice_monai.topology import fill_cavities


class Slice(NamedTuple):
    """What is drawn of one slice, each (H, W), and how many voxels of it are in cavities."""

    image: np.ndarray
    label: np.ndarray
    probability: np.ndarray
    mask: np.ndarray
    n_pierced: int


def main() -> None:
    """Segment the test volumes, find the slice, draw it."""
    arguments = read_arguments()
    cells = chosen_cells(arguments.cell)
    if len(cells) != 1:
        sys.exit(f"error: --cell {arguments.cell}: not one cell; study.py --list shows their names")
    folder = arguments.work_dir / "small" / cells[0].name
    if not (folder / "models" / "model.pt").is_file():
        sys.exit(f"error: {folder}: no trained network is here; study.py --only makes one")
    volumes = data_folder(cells[0].data, arguments.work_dir / "data", SHARED)
    masks = segment(cells[0], "small", volumes, folder, save_prob=True)
    draw(most_pierced(masks, volumes), arguments.out)
    print(f"written  {arguments.out}")


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", default="stacks_without_lowerRes_hiSNR_unet_dice-a0.5_s1")
    parser.add_argument("--work-dir", type=Path, default=ROOT / "output" / "study")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "study_cavities.png")
    return parser.parse_args()


def most_pierced(masks: Path, volumes: Path) -> Slice:
    """Return the slice along the last axis with the most voxels in cavities."""
    found = []
    for path in sorted(masks.glob("*_mask.nii.gz")):
        name = path.name.removesuffix("_mask.nii.gz")
        mask = _read(path) > 0
        pierced = (np.asarray(fill_cavities(mask)) & ~mask).sum((0, 1))
        k = int(pierced.argmax())
        image = _read(volumes / "imagesTs" / f"{name}.nii.gz")
        label = _read(volumes / "labelsTs" / f"{name}.nii.gz") > 0
        probability = _read(masks / f"{name}_prob.nii.gz")
        arrays = image[..., k], label[..., k], probability[..., k], mask[..., k]
        found.append(Slice(*arrays, int(pierced[k])))
    return max(found, key=lambda item: item.n_pierced)


def draw(found: Slice, path: Path) -> None:
    """Write the picture."""
    figure = Figure(figsize=(9.6, 2.8), dpi=120, layout="constrained")
    pictures = found[:4]
    for axes, picture, title in zip(
        figure.subplots(1, 4), pictures, ("image", "label", "probability", "mask"), strict=True
    ):
        axes.imshow(picture.T, cmap="gray", interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
    with replace_when_complete(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})


def _read(path: Path) -> np.ndarray:
    return np.asarray(nib.load(path).dataobj)


if __name__ == "__main__":
    main()
