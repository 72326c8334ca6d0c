"""All pictures of one case of every method, and of one patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluatedCase, masks_of_case
from cldice_monai.evaluation.mask_file import read_mask, rows_run_down
from cldice_monai.evaluation.rounding import counted, rounded
from cldice_monai.evaluation.run import Method
from cldice_monai.report.layers import Layers
from cldice_monai.report.network_picture import data_uri, draw_network
from cldice_monai.report.panel import Panel, error_panel, image_panel, label_panel
from cldice_monai.report.worst_patches import WorstPatch
from cldice_monai.skeleton.binary import skeletonize

__all__ = ["PATCH_SLICES", "CasePictures", "Pictures", "case_pictures", "patch_pictures"]

Pictures = list[tuple[str, str]]
"""Caption and address of each picture."""

_Mask = npt.NDArray[np.bool_]
_PIXELS = 340  # of the longer side of a panel
_SLAB_SLICES = 16
PATCH_SLICES = 8
"""Of a patch that are drawn: more of them would run together."""
_AXES = "xyz"


@dataclass(frozen=True)
class CasePictures:
    """What the page shows of a case.

    Args:
        size: voxels and their size, in words.
        rows: title and panels (image, label and one a method) of each view.
        networks: those of label and methods.
    """

    size: str
    rows: list[tuple[str, Pictures]]
    networks: Pictures


def case_pictures(
    methods: Sequence[Method], number: int, images: Mapping[str, Path]
) -> CasePictures:
    """Draw one case.

    Args:
        methods: all methods of one class.
        number: which of their cases.
        images: by case id the image that was segmented; without one the label is shown.

    Returns:
        Pictures with their captions.

    Raises:
        InputError: an image cannot be read or has another shape than the label.
    """
    cases = {method.name: method.cases[number] for method in methods}
    first = methods[0].cases[number]
    label, down = masks_of_case(first)[1], rows_run_down(first.pair.label)
    thin, image = np.asarray(skeletonize(label)), _image(images.get(first.case_id), label)
    layers = {
        name: Layers(
            image,
            masks_of_case(case)[0],
            label,
            first.spacing_mm,
            label_skeleton=thin,
            rows_down=down,
        )
        for name, case in cases.items()
    }
    found = {name: one.volumes["skeleton"] for name, one in layers.items()}
    networks = [(_network_words("label", first, "label"), _network(thin, first.spacing_mm, down))]
    networks += [
        (_network_words(name, cases[name], "pred"), _network(skeleton, first.spacing_mm, down))
        for name, skeleton in found.items()
    ]
    rows = _rows(layers, "image" if first.case_id in images else "label, as no image was given")
    return CasePictures(_size_words(label.shape, first.spacing_mm), rows, networks)


def patch_pictures(
    patch: WorstPatch, size: Sequence[int], images: Mapping[str, Path]
) -> tuple[str, Pictures]:
    """Draw one patch.

    Args:
        patch: where it is.
        size: its voxels along each axis.
        images: by case id the image that was segmented.

    Returns:
        Where it is in words, and image, label and method seen along z.

    Raises:
        InputError: an image cannot be read or has another shape than the label.
    """
    pred, label = masks_of_case(patch.case)
    image = _image(images.get(patch.case.case_id), label)
    box = tuple(slice(s, s + n) for s, n in zip(patch.start, size, strict=True))
    down = rows_run_down(patch.case.pair.label)
    layers = Layers(image[box], pred[box], label[box], patch.case.spacing_mm, rows_down=down)
    ends = [min(s.stop, n) - 1 for s, n in zip(box, label.shape, strict=True)]
    sides = [
        f"{axis} {side.start} to {end}" for axis, side, end in zip(_AXES, box, ends, strict=False)
    ]
    if label.ndim == 3:
        layers, first = layers.around_errors(PATCH_SLICES)
        last = min(patch.start[2] + first + PATCH_SLICES - 1, ends[2])
        sides.append(f"drawn: z {patch.start[2] + first} to {last}")
    caption = "image" if patch.case.case_id in images else "label, as no image was given"
    return ", ".join(sides), _row({patch.method.name: layers}, 2, caption)


def _image(path: Path | None, label: _Mask) -> np.ndarray:
    if path is None:
        return label.astype(np.float32)
    volume = read_mask(path).array[0]
    shape = (*label.shape, 1)[:3]
    if volume.shape != shape:
        raise InputError(
            f"{path}: {volume.shape} voxels, its label has {shape}; give the image that was "
            "segmented"
        )
    return volume.reshape(label.shape)


def _rows(layers: Mapping[str, Layers], caption: str) -> list[tuple[str, Pictures]]:
    first = next(iter(layers.values()))
    shape, upwards = first.volumes["image"].shape, "downwards" if first.rows_down else "upwards"
    if len(shape) == 2:
        return [(f"Image (x to the right, y {upwards})", _row(layers, 2, caption))]
    rows = []
    for axis in (2, 1, 0):  # along z first, as slices are commonly seen
        right, up = (name for name in _AXES if name != _AXES[axis])
        where = upwards if axis == 2 else "upwards"
        title = f"Projection along {_AXES[axis]} ({right} to the right, {up} {where})"
        rows.append((title, _row(layers, axis, caption)))
    if shape[2] > 2 * _SLAB_SLICES:
        middle = {name: one.middle(_SLAB_SLICES) for name, one in layers.items()}
        title = f"Middle {_SLAB_SLICES} slices along z alone"
        rows.insert(1, (title, _row(middle, 2, caption)))
    return rows


def _row(layers: Mapping[str, Layers], axis: int, caption: str) -> Pictures:
    flats = {name: one.flat(axis) for name, one in layers.items()}
    first = next(iter(flats.values()))
    row = [(caption, _address(image_panel(first, pixels=_PIXELS)))]
    row.append(("label", _address(label_panel(first, pixels=_PIXELS))))
    return row + [(n, _address(error_panel(flat, pixels=_PIXELS))) for n, flat in flats.items()]


def _network(skeleton: _Mask, spacing_mm: Sequence[float], rows_down: bool) -> str:
    skeleton = np.ascontiguousarray(skeleton[:, ::-1]) if rows_down else skeleton
    return data_uri(draw_network(skeleton, axis=2, spacing_mm=spacing_mm))


def _network_words(title: str, case: EvaluatedCase, name: str) -> str:
    junctions, ends = (case.volume[f"{what}_{name}"] for what in ("junctions", "ends"))
    length = rounded(case.volume[f"length_mm_{name}"])
    counts = [counted(int(junctions), "junction"), counted(int(ends), "end")]
    return f"{title}: {counts[0]}, {counts[1]}, {length} mm"


def _size_words(shape: Sequence[int], spacing_mm: Sequence[float]) -> str:
    micrometres = max(spacing_mm) < 0.1
    sides = [f"{1000 * side if micrometres else side:.3g}" for side in spacing_mm]
    voxels = " x ".join(map(str, shape))
    unit = "\u00b5m" if micrometres else "mm"
    return f"{voxels} voxels of {' x '.join(sides)} {unit}"


def _address(panel: Panel) -> str:
    from PIL import Image

    picture = Image.fromarray(panel.pixels)
    if max(picture.size) > 2 * _PIXELS:
        picture.thumbnail((2 * _PIXELS, 2 * _PIXELS))
    return data_uri(picture)
