"""The network of a mask as a picture, and pictures as addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cldice_monai.report.projection import project
from cldice_monai.skeleton.traced import trace_skeleton

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["LINE_COLOUR", "NODE_COLOURS", "clear_slab", "data_uri", "draw_network"]

LINE_COLOUR = (190, 190, 200)
NODE_COLOURS = {"junction": (240, 228, 66), "end": (86, 180, 233)}

_Mask = npt.NDArray[np.bool_]
_PIXELS = 640  # of the longer side
_MOST_COVERED = 0.15  # share of the picture
_FEWEST_SLICES = 4
_LINE = 2  # pixels
_MANY_NODES = 1500  # from here on they and the lines are drawn thinner


def draw_network(
    skeleton: _Mask, *, axis: int, spacing_mm: Sequence[float], slices: slice | None = None
) -> Image:
    """Draw the network of a skeleton: vessels as lines, junctions and ends as dots.

    Args:
        skeleton: (X, Y, Z) or (X, Y), as `skeletonize` returns it.
        axis: axis to look along.
        spacing_mm: voxel size.
        slices: what of the volume is drawn, along ``axis``; None: all of it. Junctions and ends are
            those of the whole network, so that none appear where a vessel leaves the slices.

    Returns:
        A Pillow RGB image.

    Example:
        >>> cross = np.zeros((9, 9), bool)
        >>> cross[4], cross[:, 4] = True, True
        >>> picture = draw_network(cross, axis=0, spacing_mm=(1, 1))
        >>> picture.mode, picture.width == picture.height
        ('RGB', True)
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

    def inside(points: np.ndarray) -> npt.NDArray[np.bool_]:
        if slices is None or ndim == 2:
            return np.ones(len(points), bool)
        return (points[:, axis] >= slices.start) & (points[:, axis] < slices.stop)

    width = _LINE if len(traced.nodes) < _MANY_NODES else 1
    for start, end in zip(traced.starts[:-1], traced.starts[1:], strict=True):
        line = traced.points[start:end]
        seen = inside(line)
        for run in np.split(np.arange(len(line)), np.flatnonzero(np.diff(seen)) + 1):
            if seen[run[0]] and len(run) > 1:
                draw.line(at(line[run]), fill=LINE_COLOUR, width=width)
    seen = inside(traced.nodes)
    degrees = traced.degrees()[seen]
    _draw_nodes(draw, degrees.tolist(), at(traced.nodes[seen]))
    return sheet


def clear_slab(skeleton: _Mask) -> slice | None:
    """Return the slices whose network can be told apart when it is seen along z.

    Args:
        skeleton: (X, Y, Z) or (X, Y).

    Returns:
        Slices around the middle, or None where all of them can be drawn.

    Example:
        >>> clear_slab(np.ones((640, 640, 16), bool)), clear_slab(np.zeros((640, 640, 16), bool))
        (slice(6, 10, None), None)
    """
    if skeleton.ndim == 2 or _covered(skeleton) <= _MOST_COVERED:
        return None
    depth = n_slices = skeleton.shape[2]
    while n_slices > _FEWEST_SLICES:
        n_slices = max(_FEWEST_SLICES, n_slices // 2)
        start = (depth - n_slices) // 2
        if _covered(skeleton[:, :, start : start + n_slices]) <= _MOST_COVERED:
            break
    start = max(0, (depth - n_slices) // 2)
    return slice(start, start + n_slices) if n_slices < depth else None


def _covered(skeleton: _Mask) -> float:
    """Return about which share of the picture is drawn over by lines."""
    pixels_of_a_voxel = _PIXELS / max(skeleton.shape[:2])
    return float(skeleton.any(axis=2).mean()) * min(1.0, _LINE / pixels_of_a_voxel)


def data_uri(picture: Image) -> str:
    """Return a picture as a PNG inside a ``data:`` address.

    Args:
        picture: a Pillow image.

    Returns:
        The address.

    Example:
        >>> from PIL import Image
        >>> data_uri(Image.new("RGB", (2, 2)))[:26]
        'data:image/png;base64,iVBO'
    """
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _draw_nodes(
    draw: ImageDraw, degrees: Sequence[int], places: Sequence[tuple[float, float]]
) -> None:
    reach = 2 if len(places) < _MANY_NODES else 1
    by_degree = sorted(zip(degrees, places, strict=True))  # junctions on top
    for degree, (x, y) in by_degree:
        colour = NODE_COLOURS["junction" if degree > 2 else "end"]
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)
