"""One picture of a projection, and the marks on it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cldice_monai.report.projection import as_grey, outline

__all__ = ["COLOURS", "MEANINGS", "Panel", "error_panel", "image_panel", "label_panel"]

COLOURS = {
    "segmentation": (0, 158, 115),
    "skeleton": (240, 228, 66),
    "ghost": (255, 60, 160),
    "miss": (60, 170, 255),
    "label": (240, 150, 0),
}
"""Red, green and blue of what is drawn, told apart in the common kinds of colour blindness."""

MEANINGS = {
    "segmentation": "segmentation",
    "skeleton": "its skeleton",
    "ghost": "ghost: its skeleton outside the label",
    "miss": "miss: label's skeleton not covered",
    "label": "label",
}
"""What each colour shows, in words."""


_SEEN = 0.65  # share of the picture under a tint


class Panel:
    """A picture whose pixels are ``factor`` screen pixels wide, with marks thinner than those.

    Args:
        picture: (rows, columns, 3) uint8.
        factor: a whole one, or the lines of a skeleton would differ in width.

    Example:
        >>> panel = Panel(np.zeros((2, 3, 3), np.uint8), factor=4)
        >>> mask = np.array([[True, False, False], [False, False, False]])
        >>> found = panel.with_cells(mask, "miss").pixels
        >>> found.shape, bool((found[:4, :4] == COLOURS["miss"]).all()), int(found[4:].sum())
        ((8, 12, 3), True, 0)
    """

    def __init__(self, picture: np.ndarray, factor: int) -> None:
        self.factor = factor
        self.pixels = self._enlarge(picture)

    def _enlarge(self, flat: np.ndarray) -> np.ndarray:
        return flat.repeat(self.factor, axis=0).repeat(self.factor, axis=1)

    def _painted(self, where: np.ndarray, colour: str) -> Panel:
        painted = Panel(np.empty((0, 0, 3), np.uint8), self.factor)
        painted.pixels = self.pixels.copy()
        painted.pixels[where] = COLOURS[colour]
        return painted

    def with_tint(self, mask: np.ndarray, colour: str) -> Panel:
        """Lay a colour over a mask through which the picture is seen."""
        where = self._enlarge(mask)
        painted = self._painted(where, colour)
        seen = self.pixels[where].astype(np.float32)
        painted.pixels[where] = (_SEEN * seen + (1 - _SEEN) * painted.pixels[where]).astype(
            np.uint8
        )
        return painted

    def with_cells(self, mask: np.ndarray, colour: str) -> Panel:
        """Fill the pixels of a mask."""
        return self._painted(self._enlarge(mask), colour)

    def with_outline(self, mask: np.ndarray, colour: str) -> Panel:
        """Draw a thin line along the inside of a mask."""
        return self._painted(outline(self._enlarge(mask)), colour)

    def with_dots(self, mask: np.ndarray, colour: str) -> Panel:
        """Draw the pixels of a mask as dots that leave the picture between them visible."""
        inset = self.factor // 4
        dot = np.zeros((self.factor, self.factor), bool)
        dot[inset : self.factor - inset, inset : self.factor - inset] = True
        tiled = np.tile(dot, mask.shape)
        return self._painted(self._enlarge(mask) & tiled, colour)


def image_panel(flat: Mapping[str, np.ndarray], *, pixels: int) -> Panel:
    """Draw the image alone.

    Args:
        flat: projections, from `cldice_monai.report.layers.Layers.flat`.
        pixels: about the longer side of the panel; a larger projection keeps its own size.

    Returns:
        The panel.

    Example:
        >>> image_panel({"image": np.eye(10)}, pixels=100).pixels.shape
        (100, 100, 3)
    """
    grey = as_grey(flat["image"])
    return Panel(grey, _factor(grey, pixels))


def label_panel(flat: Mapping[str, np.ndarray], *, pixels: int) -> Panel:
    """Draw the label over the dimmed image, its outline in full colour.

    Args:
        flat: projections.
        pixels: about the longer side of the panel.

    Returns:
        The panel.
    """
    dimmed = _dimmed(flat, pixels)
    return dimmed.with_tint(flat["label"], "label").with_outline(flat["label"], "label")


def error_panel(flat: Mapping[str, np.ndarray], *, pixels: int) -> Panel:
    """Draw segmentation and skeleton with ghosts and misses over the dimmed image.

    Args:
        flat: projections.
        pixels: about the longer side of the panel.

    Returns:
        The panel.

    Reference:
        Shit et al., clDice, CVPR 2021, supplement A and figures 5, 8 and 9.
    """
    panel = _dimmed(flat, pixels).with_tint(flat["mask"], "segmentation")
    for name in ("skeleton", "miss", "ghost"):
        panel = panel.with_cells(flat[name], name)
    return panel


def _dimmed(flat: Mapping[str, np.ndarray], pixels: int) -> Panel:
    grey = as_grey(flat["image"]) // 2
    return Panel(grey, _factor(grey, pixels))


def _factor(picture: np.ndarray, pixels: int) -> int:
    return max(1, round(pixels / max(picture.shape[:2])))
