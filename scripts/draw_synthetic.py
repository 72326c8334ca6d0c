#!/usr/bin/env python
"""Draw the pictures of docs/synthetic.md: `python scripts/draw_synthetic.py [FOLDER]`.

One picture a preset: a slice of the image, its brightest voxel through a slab, and the label of
that slab, thick vessels brighter. The preset randomised is drawn for four seeds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from cldice_monai.data.synthetic import VesselSample, generate_vessels
from cldice_monai.data.synthetic.presets import PRESET_NAMES, RANDOMISED
from cldice_monai.files import replace_when_complete

_SIZE = 128
_GAP = 4
_SLAB = 48  # voxels along the line of sight; the sparse preset is looked through to its other side
_SPARSE = "deepvesselnet"
_SEEDS = (0, 5, 7, 4)  # the last without a vessel, as a tenth of them is

_Pixels = npt.NDArray[np.uint8]


def main(folder: Path) -> None:
    """Write ``synthetic_<preset>.png`` for every preset.

    Args:
        folder: where to.
    """
    for preset in PRESET_NAMES:
        shape = (_SIZE, _SIZE, _SIZE * (2 if preset == _SPARSE else 1))
        depth = _SIZE if preset == _SPARSE else _SLAB
        seeds = _SEEDS if preset == RANDOMISED else (0,)
        rows = [_row(generate_vessels(shape, preset=preset, seed=seed), depth) for seed in seeds]
        picture = _joined(rows, axis=0)
        with replace_when_complete(folder / f"synthetic_{preset}.png") as temporary:
            Image.fromarray(picture).save(temporary, optimize=True)


def _row(sample: VesselSample, depth: int) -> _Pixels:
    image = sample.image[0]
    low, high = np.quantile(image, [0.01, 0.999])
    grey = np.clip((image - low) / (high - low), 0.0, 1.0)
    first = (image.shape[1] - depth) // 2
    slab = (slice(None), slice(first, first + depth))
    thick = np.clip(sample.radius[slab].max(axis=1) / 4.0, 0.0, 1.0) ** 0.7
    tiles = [grey[:, image.shape[1] // 2], grey[slab].max(axis=1), thick]
    return _joined([np.asarray(255.0 * tile, dtype=np.uint8) for tile in tiles], axis=1)


def _joined(tiles: list[_Pixels], *, axis: int) -> _Pixels:
    """Put tiles beside or below each other with a white line between them."""
    size = list(tiles[0].shape)
    size[axis] = _GAP
    line = np.full(size, 255, dtype=np.uint8)
    parts = [part for tile in tiles for part in (tile, line)]
    return np.concatenate(parts[:-1], axis=axis)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "images")
