"""One picture of one segmentation: projection, mask, skeleton, ghosts and misses."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cldice_monai.files import replace_when_complete
from cldice_monai.report.projection import as_grey, outline, project
from cldice_monai.skeleton import skeletonize

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["COLOURS", "draw_preview", "save_preview"]

# Told apart by the common kinds of colour blindness, and bright on a dark projection.
COLOURS = {
    "segmentation": (0, 158, 115),
    "skeleton": (240, 228, 66),
    "ghost": (255, 60, 160),
    "miss": (60, 170, 255),
    "label": (240, 150, 0),
}
_PANEL_PIXELS = 460
_MARGIN = 14
_SLAB_SLICES = 16
_TITLE_PIXELS = 34
_LEAST_WIDTH = 780  # the legend fits
_CAPTION_PIXELS = 26
_BACKGROUND = (22, 24, 28)
_TEXT = (235, 235, 235)


def draw_preview(
    image: np.ndarray,
    mask: np.ndarray,
    *,
    label: np.ndarray | None = None,
    spacing_mm: tuple[float, ...] = (1.0, 1.0, 1.0),
    title: str = "",
    show_label: bool = False,
    panel_pixels: int = _PANEL_PIXELS,
) -> Image:
    """Draw the projection of an image beside what was segmented in it.

    Three panels, or two without a label: the maximum-intensity projection along the last axis;
    the same with the outline of the segmentation and its skeleton; the skeletons with ghosts
    (predicted skeleton outside the label) and misses (label skeleton outside the prediction) in
    their own colours. A deep volume hides most of its network behind the rest, so a second row
    shows its middle slices alone.

    Args:
        image: (X, Y, Z) or (X, Y) intensities; not finite values are drawn black.
        mask: the segmentation, same shape, vessel is > 0.
        label: the reference, same shape, or None.
        spacing_mm: size of a voxel along each axis, in mm.
        title: line of text above the panels.
        show_label: whether a panel of its own shows the outline of the label.
        panel_pixels: about the longer side of a panel; a larger projection keeps its own size.

    Returns:
        A Pillow RGB image.

    Raises:
        ValueError: if mask or label has another shape than image, or there is no label to show.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((16, 16, 8)); image[4:12, 8, 4] = 1
        >>> draw_preview(image, image > 0, label=image > 0).mode
        'RGB'

    Reference:
        Shit et al., CVPR 2021, supplement A (ghosts and misses).
    """
    for name, other in (("mask", mask), ("label", label)):
        if other is not None and other.shape != image.shape:
            raise ValueError(f"{name} must have the image's shape {image.shape}, got {other.shape}")
    if show_label and label is None:
        raise ValueError("show_label needs a label")

    layers = _Layers(image, mask > 0, None if label is None else label > 0, spacing_mm)
    rows = [("maximum projection", layers)]
    if image.ndim == 3 and image.shape[2] > 2 * _SLAB_SLICES:
        rows.append((f"middle {_SLAB_SLICES} slices", layers.middle(_SLAB_SLICES)))
    entries = ["segmentation", "skeleton"] + ([] if label is None else ["ghost", "miss"])
    entries += ["label"] if show_label else []
    panels = [row.panels(caption, panel_pixels, show_label=show_label) for caption, row in rows]
    return _compose(panels, entries, title)


def save_preview(path: Path, image: np.ndarray, mask: np.ndarray, **options: object) -> None:
    """Write `draw_preview` to a PNG file, under a temporary name until it is complete.

    Args:
        path: file to write, ends in .png.
        image: see `draw_preview`.
        mask: see `draw_preview`.
        **options: the other arguments of `draw_preview`.
    """
    picture = draw_preview(image, mask, **options)  # type: ignore[arg-type]
    with replace_when_complete(path) as temporary:
        picture.save(temporary, format="PNG")


class _Layers:
    """What is drawn on top of each other; skeletons are those of the whole volume."""

    def __init__(
        self,
        image: np.ndarray,
        mask: np.ndarray,
        label: np.ndarray | None,
        spacing_mm: tuple[float, ...],
    ) -> None:
        self.spacing_mm = spacing_mm
        self.volumes = {"image": np.where(np.isfinite(image), image, -np.inf), "mask": mask}
        self.volumes["skeleton"] = skeletonize(mask)
        if label is not None:
            self.volumes["label"] = label
            self.volumes["ghost"] = self.volumes["skeleton"] & ~label
            self.volumes["miss"] = skeletonize(label) & ~mask

    def middle(self, n_slices: int) -> _Layers:
        """Return the middle slices of all volumes."""
        start = (self.volumes["image"].shape[2] - n_slices) // 2
        part = copy.copy(self)
        part.volumes = {
            name: volume[:, :, start : start + n_slices] for name, volume in self.volumes.items()
        }
        return part

    def panels(self, caption: str, pixels: int, *, show_label: bool) -> list[tuple[str, _Panel]]:
        """Return the row of pictures with their captions."""
        flat = {
            name: project(volume, spacing_mm=self.spacing_mm)
            for name, volume in self.volumes.items()
        }
        grey = as_grey(flat["image"])
        # A whole factor, or the lines of a skeleton would differ in width.
        factor = max(1, round(pixels / max(grey.shape[:2])))
        panels = [(f"image, {caption}", _Panel(grey, factor))]
        if show_label:
            panels.append(("label", _Panel(grey, factor).with_outline(flat["label"], "label")))
        found = _Panel(grey, factor).with_outline(flat["mask"], "segmentation")
        panels.append(("segmentation", found.with_dots(flat["skeleton"], "skeleton")))
        if "miss" in flat:
            errors = _Panel(grey // 2, factor).with_dots(flat["skeleton"], "skeleton")
            errors = errors.with_dots(flat["miss"], "miss").with_dots(flat["ghost"], "ghost")
            panels.append(("against the label", errors))
        return panels


class _Panel:
    """A picture whose pixels are ``factor`` screen pixels wide, with marks thinner than those."""

    def __init__(self, picture: np.ndarray, factor: int) -> None:
        self.factor = factor
        self.pixels = self._enlarge(picture)

    def _enlarge(self, flat: np.ndarray) -> np.ndarray:
        return flat.repeat(self.factor, axis=0).repeat(self.factor, axis=1)

    def _painted(self, where: np.ndarray, colour: str) -> _Panel:
        painted = _Panel(np.empty((0, 0, 3), np.uint8), self.factor)
        painted.pixels = self.pixels.copy()
        painted.pixels[where] = COLOURS[colour]
        return painted

    def with_outline(self, mask: np.ndarray, colour: str) -> _Panel:
        """Draw a thin line along the inside of a mask."""
        return self._painted(outline(self._enlarge(mask)), colour)

    def with_dots(self, mask: np.ndarray, colour: str) -> _Panel:
        """Draw the pixels of a mask as dots that leave the picture between them visible."""
        inset = self.factor // 4
        dot = np.zeros((self.factor, self.factor), bool)
        dot[inset : self.factor - inset, inset : self.factor - inset] = True
        tiled = np.tile(dot, mask.shape)
        return self._painted(self._enlarge(mask) & tiled, colour)


def _compose(rows: list[list[tuple[str, _Panel]]], entries: list[str], title: str) -> Image:
    from PIL import Image, ImageDraw

    pictures = [[(text, Image.fromarray(panel.pixels)) for text, panel in row] for row in rows]
    width = _MARGIN + sum(picture.width + _MARGIN for _, picture in pictures[0])
    row_height = _CAPTION_PIXELS + pictures[0][0][1].height + _MARGIN
    legend_top = _TITLE_PIXELS + row_height * len(rows)
    sheet = Image.new("RGB", (max(width, _LEAST_WIDTH), legend_top + _TITLE_PIXELS), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_MARGIN, 8), title, size=17)
    for i, row in enumerate(pictures):
        left, top = _MARGIN, _TITLE_PIXELS + i * row_height
        for caption, picture in row:
            _write(draw, (left, top), caption, size=14)
            sheet.paste(picture, (left, top + _CAPTION_PIXELS))
            left += picture.width + _MARGIN
    _draw_legend(draw, entries, top=legend_top)
    return sheet


def _draw_legend(draw: ImageDraw, entries: list[str], *, top: int) -> None:
    words = {
        "segmentation": "segmentation",
        "skeleton": "its skeleton",
        "ghost": "ghost: skeleton outside the label",
        "miss": "miss: label's skeleton not covered",
        "label": "label",
    }
    left = _MARGIN
    for entry in entries:
        draw.rectangle((left, top + 3, left + 12, top + 15), fill=COLOURS[entry])
        left += 18
        left += _write(draw, (left, top), words[entry], size=14) + 20


def _write(draw: ImageDraw, at: tuple[int, int], text: str, *, size: int) -> int:
    from PIL import ImageFont

    font = ImageFont.load_default(size=size)
    draw.text(at, text, fill=_TEXT, font=font)
    return int(draw.textlength(text, font=font))
