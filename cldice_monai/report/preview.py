"""One picture of one segmentation: projection, mask, skeleton, ghosts and misses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cldice_monai.files import replace_when_complete
from cldice_monai.report.projection import outline, project
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
}
_PANEL_PIXELS = 460
_MARGIN = 14
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
) -> Image:
    """Draw the projection of an image beside what was segmented in it.

    Three panels, or two without a label: the maximum-intensity projection along the last axis;
    the same with the outline of the segmentation and its skeleton; the skeletons with ghosts
    (predicted skeleton outside the label) and misses (label skeleton outside the prediction) in
    their own colours.

    Args:
        image: (X, Y, Z) or (X, Y) intensities; not finite values are drawn black.
        mask: the segmentation, same shape, vessel is > 0.
        label: the reference, same shape, or None.
        spacing_mm: size of a voxel along each axis, in mm.
        title: line of text above the panels.

    Returns:
        A Pillow RGB image.

    Raises:
        ValueError: if mask or label has another shape than image.

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

    def flat(volume: np.ndarray) -> np.ndarray:
        return project(volume, spacing_mm=spacing_mm)

    grey = _to_grey(flat(np.nan_to_num(image, nan=-np.inf)))
    # A whole factor, or the lines of a skeleton would differ in width.
    factor = max(1, round(_PANEL_PIXELS / max(grey.shape[:2])))
    skeleton = skeletonize(mask > 0)
    picture = _Panel(grey, factor)
    found = picture.with_outline(flat(mask > 0), "segmentation")
    panels = [
        ("image, maximum projection", picture),
        ("segmentation", found.with_dots(flat(skeleton), "skeleton")),
    ]
    entries = ["segmentation", "skeleton"]
    if label is not None:
        errors = _Panel(grey // 2, factor).with_dots(flat(skeleton), "skeleton")
        errors = errors.with_dots(flat(skeletonize(label > 0) & ~(mask > 0)), "miss")
        errors = errors.with_dots(flat(skeleton & ~(label > 0)), "ghost")
        panels.append(("against the label", errors))
        entries += ["ghost", "miss"]
    return _compose(panels, entries, title)


def save_preview(path: Path, image: np.ndarray, mask: np.ndarray, **options: object) -> None:
    """Write `draw_preview` to a PNG file, under a temporary name until it is complete.

    Args:
        path: file to write, ends in .png.
        image: see `draw_preview`.
        mask: see `draw_preview`.
        **options: label, spacing_mm and title of `draw_preview`.
    """
    picture = draw_preview(image, mask, **options)  # type: ignore[arg-type]
    with replace_when_complete(path) as temporary:
        picture.save(temporary, format="PNG")


def _to_grey(flat: np.ndarray) -> np.ndarray:
    finite = flat[np.isfinite(flat)]
    low, high = np.percentile(finite, (1, 99.8)) if finite.size else (0.0, 1.0)
    scaled = np.clip((flat - low) / max(float(high - low), 1e-12), 0, 1)
    grey = (255 * np.nan_to_num(scaled)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


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


def _compose(panels: list[tuple[str, _Panel]], entries: list[str], title: str) -> Image:
    from PIL import Image, ImageDraw

    pictures = [(caption, Image.fromarray(panel.pixels)) for caption, panel in panels]
    width = _MARGIN + sum(picture.width + _MARGIN for _, picture in pictures)
    body = max(picture.height for _, picture in pictures)
    height = _TITLE_PIXELS + _CAPTION_PIXELS + body + _TITLE_PIXELS + _MARGIN
    sheet = Image.new("RGB", (max(width, _LEAST_WIDTH), height), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_MARGIN, 8), title, size=17)
    left = _MARGIN
    for caption, picture in pictures:
        _write(draw, (left, _TITLE_PIXELS), caption, size=14)
        sheet.paste(picture, (left, _TITLE_PIXELS + _CAPTION_PIXELS))
        left += picture.width + _MARGIN
    _draw_legend(draw, entries, top=_TITLE_PIXELS + _CAPTION_PIXELS + body + 10)
    return sheet


def _draw_legend(draw: ImageDraw, entries: list[str], *, top: int) -> None:
    words = {
        "segmentation": "segmentation",
        "skeleton": "its skeleton",
        "ghost": "ghost: skeleton outside the label",
        "miss": "miss: label's skeleton not covered",
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
