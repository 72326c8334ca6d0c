"""The labelled real volumes that scripts measure on; they lie beside the repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageSequence

__all__ = ["ROOT", "VOLUMES", "RealVolume", "read_tiff"]

ROOT = Path(__file__).resolve().parents[1]
Part = Literal["development", "scored", "apart"]
_DEPTH_UM = 5.0  # of the two-photon stacks


@dataclass(frozen=True)
class RealVolume:
    """Where a volume and its label are, and what part it plays for the zero-shot weights.

    Attributes:
        image: the image's file, in the folder of real volumes.
        label: the label's file.
        spacing_um: voxel size in micrometres along z, y, x, from the folder's PROVENANCE.md; None
            where nobody says it.
        part: "development" may choose numbers of the recipe; "scored" is looked at once with
            each set of weights, at the end; "apart" likewise, but is left out of the means, since
            its label misses vessels.
    """

    image: str
    label: str
    spacing_um: tuple[float, float, float] | None
    part: Part

    def read(self, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """Read image and label.

        Args:
            folder: folder of the real volumes.

        Returns:
            float32 and boolean arrays, (z, y, x).
        """
        image, label = read_tiff(folder / self.image), read_tiff(folder / self.label)
        return image.astype(np.float32), label > 0


def read_tiff(path: Path) -> np.ndarray:
    """Read a TIFF stack (LZW too) as a (z, y, x) array."""
    with Image.open(path) as stack:
        return np.stack([np.asarray(page) for page in ImageSequence.Iterator(stack)])


def _stack(stem: str, side_um: float, part: Part, ending: str = "_labels_v1") -> RealVolume:
    image = f"vesselNN/images/{stem}_BM4D_denoised.tif"
    label = f"vesselNN/labels/{stem}{ending}.tif"
    return RealVolume(image, label, (_DEPTH_UM, side_um, side_um), part)


VOLUMES = {
    "tgMouse": _stack("burgess2014_tgMouse", 0.994, "development"),
    "lowerRes_hiSNR": _stack("burgess2014_lowerRes_hiSNR", 1.59, "development"),
    "noisySparseVessels": _stack("burgess2014_noisySparseVessels", 0.994, "scored"),
    "bbbDisruption": _stack("burgess2014_bbbDisruption", 0.994, "scored"),
    "octa": RealVolume(
        "tUbeNet_OCTA/OCTA-Data.tif", "tUbeNet_OCTA/OCTA-Labels.tif", None, "scored"
    ),
    "plaqueVessels": _stack("poon2015_plaqueVessels", 2.485, "apart", "_label_underSegmented"),
}
