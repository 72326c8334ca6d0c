"""The network of a mask as a picture, and pictures as addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cldice_monai.report.projection import project
from cldice_monai.skeleton.traced import TracedSkeleton, trace_skeleton

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["LINE_COLOUR", "NODE_COLOURS", "data_uri", "draw_network"]

LINE_COLOUR = (190, 190, 200)
NODE_COLOURS = {"junction": (240, 228, 66), "end": (86, 180, 233)}

_Mask = npt.NDArray[np.bool_]
_PIXELS = 640  # of the longer side
_MANY_NODES = 1500  # from here on they are drawn smaller


def draw_network(skeleton: _Mask, *, axis: int, spacing_mm: Sequence[float]) -> Image:
    """Draw the network of a skeleton: vessels as lines, junctions and ends as dots.

    Args:
        skeleton: (X, Y, Z) or (X, Y), as `skeletonize` returns it.
        axis: axis to look along.
        spacing_mm: voxel size.

    Returns:
        A Pillow RGB image.
    """
    from PIL import Image, ImageDraw

    rows, columns = project(skeleton, axis=axis, spacing_mm=tuple(spacing_mm)).shape
    factor = _PIXELS / max(rows, columns)
    sheet = Image.new("RGB", (round(columns * factor), round(rows * factor)), (12, 13, 16))
    draw = ImageDraw.Draw(sheet)
    traced = trace_skeleton(skeleton)
    shape, ndim = skeleton.shape, skeleton.ndim
    shown = [a for a in range(ndim) if ndim == 2 or a != axis]
    finest = min(spacing_mm[a] for a in shown)
    scale = np.array([spacing_mm[a] / finest for a in shown]) * factor

    def at(points: np.ndarray) -> list[tuple[float, float]]:
        flat = (points[:, shown] + 0.5) * scale
        return [(x, shape[shown[1]] * scale[1] - y) for x, y in flat.tolist()]

    for start, end in zip(traced.starts[:-1], traced.starts[1:], strict=True):
        draw.line(at(traced.points[start:end]), fill=LINE_COLOUR, width=2)
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


def _draw_nodes(
    draw: ImageDraw, traced: TracedSkeleton, places: Sequence[tuple[float, float]]
) -> None:
    reach = 2 if len(places) < _MANY_NODES else 1
    by_degree = sorted(zip(traced.degrees().tolist(), places, strict=True))  # junctions on top
    for degree, (x, y) in by_degree:
        colour = NODE_COLOURS["junction" if degree > 2 else "end"]
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
