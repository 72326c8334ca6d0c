"""Draw the pictures of docs/topology.md: connectivity, and ghosts and misses.

    python scripts/draw_topology.py [--folder docs/images]

What is drawn is computed: the numbers under the masks and the colours of the skeletons come from
the package.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cldice_monai.files import replace_when_complete
from cldice_monai.report.panel import COLOURS
from cldice_monai.skeleton import skeletonize
from cldice_monai.skeleton.connectivity import Connectivity
from cldice_monai.topology import betti_numbers, ghosts_and_misses

_CELL = 26
_MARGIN = 24
_LINE = 24
_PAPER, _INK, _GRID = (255, 255, 255), (30, 30, 30), (215, 215, 215)
_MASK, _LABEL_ONLY, _PRED_ONLY = (150, 150, 150), (196, 214, 238), (248, 212, 228)
_SKELETON, _BOTH = (40, 40, 40), (225, 225, 225)


def font(size: int = 17) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return pillow's own font."""
    return ImageFont.load_default(size)


def draw_cells(draw: ImageDraw.ImageDraw, corner: tuple[int, int], colours: np.ndarray) -> None:
    """Draw a grid of cells, (H, W, 3)."""
    for (row, column), _ in np.ndenumerate(colours[..., 0]):
        left, top = corner[0] + column * _CELL, corner[1] + row * _CELL
        box = (left, top, left + _CELL, top + _CELL)
        draw.rectangle(box, fill=tuple(colours[row, column].tolist()), outline=_GRID)


def painted(
    shape: tuple[int, ...], layers: Sequence[tuple[np.ndarray, tuple[int, ...]]]
) -> np.ndarray:
    """Return colours (H, W, 3) of masks painted one over the other."""
    colours = np.full((*shape, 3), _PAPER, np.uint8)
    for mask, colour in layers:
        colours[mask] = colour
    return colours


def draw_connectivity() -> Image.Image:
    """Draw masks that touch at corners, with their numbers under both conventions."""
    diamond = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool)
    masks = {
        "two squares": np.kron(np.eye(2, dtype=bool), np.ones((2, 2), bool)),
        "a diamond": diamond,
        "a ring": np.pad(np.zeros((2, 2), bool), 1, constant_values=True),
        "a staircase": np.eye(4, dtype=bool),
    }
    column, height = 270, 330
    picture = Image.new("RGB", (column * len(masks) + _MARGIN, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    for place, (name, mask) in enumerate(masks.items()):
        left, top = _MARGIN + place * column, _MARGIN
        draw.text((left, top), name, fill=_INK, font=font(20))
        padded = np.pad(mask, 1)
        draw_cells(draw, (left, top + 34), painted(padded.shape, [(padded, _MASK)]))
        line = top + 34 + 6 * _CELL + 18
        for title, connectivity in _CONVENTIONS:
            b0, b1 = betti_numbers(mask, connectivity=connectivity)
            draw.text((left, line), f"{title}", fill=_INK, font=font())
            draw.text((left + 152, line), f"b0 {b0}, b1 {b1}", fill=_INK, font=font())
            line += _LINE
    return picture


_CONVENTIONS: list[tuple[str, Connectivity]] = [
    ("foreground-full", "foreground-full"),
    ("foreground-face", "foreground-face"),
]


def example_pair() -> tuple[np.ndarray, np.ndarray]:
    """Return prediction and label: a vessel with a gap, a branch and a blob too many."""
    label = np.zeros((11, 36), bool)
    label[4:7, 1:35] = True
    label[6:11, 27:30] = True
    pred = label.copy()
    pred[:, 12:17] = False
    pred[7:10, 6:8] = True
    pred[0:2, 19:25] = True
    pred[8:11, 26:31] = False
    return pred, label


def draw_ghosts_and_misses() -> Image.Image:
    """Draw prediction, label, their skeletons, ghosts and misses."""
    pred, label = example_pair()
    found = ghosts_and_misses(pred, label)
    skeletons = {"prediction": skeletonize(pred), "label": skeletonize(label)}
    row = label.shape[0] * _CELL + 58
    size = (label.shape[1] * _CELL + 2 * _MARGIN, 3 * row + 52)
    picture = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(picture)
    panels = [
        ("label and its skeleton", [(label, _LABEL_ONLY), (skeletons["label"], _SKELETON)]),
        ("prediction and its skeleton", [(pred, _PRED_ONLY), (skeletons["prediction"], _SKELETON)]),
        (
            "both: hits, ghosts and misses",
            [
                (label, _LABEL_ONLY),
                (pred, _PRED_ONLY),
                (pred & label, _BOTH),
                (skeletons["label"] | skeletons["prediction"], _SKELETON),
                (found.ghosts, COLOURS["ghost"]),
                (found.misses, COLOURS["miss"]),
            ],
        ),
    ]
    for place, (title, layers) in enumerate(panels):
        top = 16 + place * row
        draw.text((_MARGIN, top), title, fill=_INK, font=font(20))
        draw_cells(draw, (_MARGIN, top + 32), painted(label.shape, layers))
    draw_legend(
        draw,
        3 * row + 14,
        [
            ("hit", _SKELETON),
            (f"{found.n_ghost_voxels} ghosts in {found.n_ghost_pieces} pieces", COLOURS["ghost"]),
            (f"{found.n_miss_voxels} misses in {found.n_miss_pieces} pieces", COLOURS["miss"]),
            ("label alone", _LABEL_ONLY),
            ("prediction alone", _PRED_ONLY),
            ("both", _BOTH),
        ],
    )
    return picture


def draw_legend(
    draw: ImageDraw.ImageDraw, top: int, entries: list[tuple[str, tuple[int, ...]]]
) -> None:
    """Draw coloured squares with their meaning in one line."""
    left = _MARGIN
    for text, colour in entries:
        draw.rectangle((left, top, left + 18, top + 18), fill=colour, outline=_GRID)
        draw.text((left + 26, top - 1), text, fill=_INK, font=font())
        left += 26 + int(draw.textlength(text, font=font())) + 26


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in (
        ("connectivity", draw_connectivity),
        ("ghosts_and_misses", draw_ghosts_and_misses),
    ):
        with replace_when_complete(folder / f"{name}.png") as temporary:
            draw().save(temporary, format="PNG", optimize=True)


if __name__ == "__main__":
    main()
