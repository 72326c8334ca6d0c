"""One picture of one segmentation: projection, mask, skeleton, ghosts and misses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cldice_monai.files import replace_when_complete
from cldice_monai.report.layers import Layers
from cldice_monai.report.panel import (
    COLOURS,
    MEANINGS,
    Panel,
    error_panel,
    image_panel,
    label_panel,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["draw_preview", "save_preview"]

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
    shows its middle slices alone. A picture, one voxel deep, is drawn as it is.

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

    layers = Layers(image, mask > 0, None if label is None else label > 0, spacing_mm)
    is_deep = image.ndim == 3 and image.shape[2] > 1
    rows = [("image, maximum projection" if is_deep else "image", layers)]
    if image.ndim == 3 and image.shape[2] > 2 * _SLAB_SLICES:
        rows.append((f"image, middle {_SLAB_SLICES} slices", layers.middle(_SLAB_SLICES)))
    entries = ["segmentation", "skeleton"] + ([] if label is None else ["ghost", "miss"])
    entries += ["label"] if show_label else []
    panels = [_row(row, caption, panel_pixels, show_label=show_label) for caption, row in rows]
    return _compose(panels, entries, title)


def save_preview(path: Path, image: np.ndarray, mask: np.ndarray, **options: object) -> None:
    """Write `draw_preview` to a PNG file, under a temporary name until it is complete.

    Args:
        path: file to write, ends in .png.
        image: see `draw_preview`.
        mask: see `draw_preview`.
        **options: the other arguments of `draw_preview`.

    Example:
        >>> import tempfile
        >>> image = np.zeros((16, 16, 8)); image[4:12, 8, 4] = 1
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_preview(Path(folder, "rod.png"), image, image > 0, title="a rod")
        ...     Path(folder, "rod.png").is_file()
        True
    """
    picture = draw_preview(image, mask, **options)  # type: ignore[arg-type]
    with replace_when_complete(path) as temporary:
        picture.save(temporary, format="PNG")


def _row(layers: Layers, caption: str, pixels: int, *, show_label: bool) -> list[tuple[str, Panel]]:
    """Return a row of panels with their captions."""
    flat = layers.flat()
    image = image_panel(flat, pixels=pixels)
    panels = [(caption, image)]
    if show_label:
        panels.append(("label", label_panel(flat, pixels=pixels)))
    found = image.with_outline(flat["mask"], "segmentation")
    text = "segmentation" if flat["mask"].any() else "segmentation: nothing is marked here"
    panels.append((text, found.with_dots(flat["skeleton"], "skeleton")))
    if "miss" in flat:
        panels.append(("against the label", error_panel(flat, pixels=pixels)))
    return panels


def _compose(rows: list[list[tuple[str, Panel]]], entries: list[str], title: str) -> Image:
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
    left = _MARGIN
    for entry in entries:
        draw.rectangle((left, top + 3, left + 12, top + 15), fill=COLOURS[entry])
        left += 18
        left += _write(draw, (left, top), MEANINGS[entry], size=14) + 20


def _write(draw: ImageDraw, at: tuple[int, int], text: str, *, size: int) -> int:
    from PIL import ImageFont

    font = ImageFont.load_default(size=size)
    draw.text(at, text, fill=_TEXT, font=font)
    return int(draw.textlength(text, font=font))
