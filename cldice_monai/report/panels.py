"""Panels of a case: what was imaged, what is labelled, and where a method differs from it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cldice_monai.report.preview import COLOURS
from cldice_monai.report.projection import as_grey, outline, project
from cldice_monai.skeleton.binary import skeletonize
from cldice_monai.skeleton.traced import TracedSkeleton, trace_skeleton

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["data_uri", "draw_errors", "draw_graph", "draw_image", "draw_label"]

_Picture = npt.NDArray[np.uint8]
_Mask = npt.NDArray[np.bool_]
_PIXELS = 380  # of the longer side


def draw_image(image: np.ndarray, *, axis: int, spacing_mm: Sequence[float]) -> Image:
    """Draw the maximum projection of an image.

    Args:
        image: (X, Y, Z) or (X, Y).
        axis: axis to look along.
        spacing_mm: voxel size.

    Returns:
        A Pillow RGB image.
    """
    return _enlarged(as_grey(_flat(image, axis, spacing_mm)))


def draw_label(image: np.ndarray, label: _Mask, *, axis: int, spacing_mm: Sequence[float]) -> Image:
    """Draw the outline and the skeleton of a label over the projection of the image.

    Args:
        image: (X, Y, Z) or (X, Y).
        label: the same shape.
        axis: axis to look along.
        spacing_mm: voxel size.

    Returns:
        A Pillow RGB image.
    """
    picture = as_grey(_flat(image, axis, spacing_mm))
    picture[outline(_flat(label, axis, spacing_mm))] = COLOURS["label"]
    picture[_flat(np.asarray(skeletonize(label)), axis, spacing_mm)] = COLOURS["skeleton"]
    return _enlarged(picture)


def draw_errors(
    image: np.ndarray, pred: _Mask, label: _Mask, *, axis: int, spacing_mm: Sequence[float]
) -> Image:
    """Draw a prediction with its ghosts and misses.

    Args:
        image: (X, Y, Z) or (X, Y).
        pred: the same shape.
        label: the same shape.
        axis: axis to look along.
        spacing_mm: voxel size.

    Returns:
        A Pillow RGB image.

    Reference:
        Shit et al., clDice, CVPR 2021, supplement A and figures 5, 8 and 9.
    """
    picture = as_grey(_flat(image, axis, spacing_mm)) // 2
    picture[outline(_flat(pred, axis, spacing_mm))] = COLOURS["segmentation"]
    thin_pred, thin_label = np.asarray(skeletonize(pred)), np.asarray(skeletonize(label))
    for mask, colour in (
        (thin_pred, "skeleton"),
        (thin_label & ~pred, "miss"),
        (thin_pred & ~label, "ghost"),
    ):
        picture[_flat(mask, axis, spacing_mm)] = COLOURS[colour]
    return _enlarged(picture)


def draw_graph(mask: _Mask, *, axis: int, spacing_mm: Sequence[float]) -> Image:
    """Draw the network of a mask: vessels as lines, junctions and ends as dots.

    Args:
        mask: (X, Y, Z) or (X, Y).
        axis: axis to look along.
        spacing_mm: voxel size.

    Returns:
        A Pillow RGB image.
    """
    from PIL import Image, ImageDraw

    rows, columns = _flat(mask, axis, spacing_mm).shape
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


def _flat(volume: np.ndarray, axis: int, spacing_mm: Sequence[float]) -> np.ndarray:
    return project(volume, axis=axis, spacing_mm=tuple(spacing_mm))


def _enlarged(picture: _Picture) -> Image:
    from PIL import Image

    longer = max(picture.shape[:2])
    factor = max(1, round(_PIXELS / longer))
    shown = Image.fromarray(picture.repeat(factor, axis=0).repeat(factor, axis=1))
    if max(shown.size) > 2 * _PIXELS:
        shown.thumbnail((2 * _PIXELS, 2 * _PIXELS))
    return shown
