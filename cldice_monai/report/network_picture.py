"""The network of a mask as a picture, and pictures as addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cldice_monai.report.panel import COLOURS
from cldice_monai.report.projection import project
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.traced import TracedSkeleton, trace_skeleton

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["data_uri", "draw_network"]

_Mask = npt.NDArray[np.bool_]
_PIXELS = 380  # of the longer side


def draw_network(mask: _Mask, *, axis: int, spacing_mm: Sequence[float]) -> Image:
    """Draw the network of a mask: vessels as lines, junctions and ends as dots.

    Args:
        mask: (X, Y, Z) or (X, Y).
        axis: axis to look along.
        spacing_mm: voxel size.

    Returns:
        A Pillow RGB image.
    """
    from PIL import Image, ImageDraw

    rows, columns = project(mask, axis=axis, spacing_mm=tuple(spacing_mm)).shape
    factor = _PIXELS / max(rows, columns)
    sheet = Image.new("RGB", (round(columns * factor), round(rows * factor)), (12, 13, 16))
    draw = ImageDraw.Draw(sheet)
    traced = trace_skeleton(np.asarray(skeletonize(mask)))
    shape, shown = mask.shape, [a for a in range(mask.ndim) if mask.ndim == 2 or a != axis]
    finest = min(spacing_mm[a] for a in shown)
    scale = np.array([spacing_mm[a] / finest for a in shown]) * factor

    def at(points: np.ndarray) -> list[tuple[float, float]]:
        flat = (points[:, shown] + 0.5) * scale
        return [(x, shape[shown[1]] * scale[1] - y) for x, y in flat.tolist()]

    for start, end in zip(traced.starts[:-1], traced.starts[1:], strict=True):
        draw.line(at(traced.points[start:end]), fill=COLOURS["skeleton"], width=1)
    _draw_nodes(draw, traced, at(traced.nodes))
    return sheet


def data_uri(picture: Image) -> str:
    """Return a picture as a PNG inside a ``data:`` address.

    Args:
        picture: a Pillow image.

    Returns:
        The address.
    """
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _draw_nodes(draw: object, traced: TracedSkeleton, places: list[tuple[float, float]]) -> None:
    for (x, y), degree in zip(places, traced.degrees().tolist(), strict=True):
        colour = COLOURS["ghost"] if degree > 2 else COLOURS["miss"]
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)  # type: ignore[attr-defined]
