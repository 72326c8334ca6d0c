"""All pictures of one case of every method, and of one patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluatedCase, masks_of_case
from cldice_monai.evaluation.frame import Frame
from cldice_monai.evaluation.mask_file import read_mask
from cldice_monai.evaluation.rounding import rounded
from cldice_monai.evaluation.run import Method
from cldice_monai.lines import counted
from cldice_monai.report.layers import Layers
from cldice_monai.report.network_picture import clear_slab, data_uri, draw_network
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
_NO_IMAGE = "label, as no image was given"


@dataclass(frozen=True)
class CasePictures:
    """What the page shows of a case.

    Args:
        size: voxels and their size, in words.
        rows: title and panels (image, label and one a method) of each view.
        network_title: what of the networks is shown.
        networks: those of label and methods.
    """

    size: str
    rows: list[tuple[str, Pictures]]
    network_title: str
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
    frame, label = first.frame, masks_of_case(first)[1]
    thin, image = np.asarray(skeletonize(label)), _image(images.get(first.case_id), first, label)
    layers = {
        name: _layers(frame, image, masks_of_case(case)[0], label, thin)
        for name, case in cases.items()
    }
    rows = _rows(layers, frame, "image" if first.case_id in images else _NO_IMAGE)
    skeletons = {name: one.volumes["skeleton"] for name, one in layers.items()}
    words = {name: _network_words(name, case, "pred") for name, case in cases.items()}
    slices = clear_slab(frame.upright(thin))
    networks = [
        (_network_words("label", first, "label"), _network(frame.upright(thin), frame, slices))
    ]
    networks += [(words[name], _network(one, frame, slices)) for name, one in skeletons.items()]
    title = "Networks" if label.ndim == 2 else "Networks, seen along z"
    if slices is not None:
        title += f" (slices {slices.start} to {slices.stop - 1}: all of them would hide each other)"
    return CasePictures(_size_words(frame), rows, title, networks)


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
    frame, (pred, label) = patch.case.frame, masks_of_case(patch.case)
    image = _image(images.get(patch.case.case_id), patch.case, label)
    box = tuple(slice(s, s + n) for s, n in zip(patch.start, size, strict=True))
    layers = _layers(frame, image[box], pred[box], label[box])
    ends = [min(s.stop, n) - 1 for s, n in zip(box, label.shape, strict=True)]
    sides = [
        f"{axis} {side.start} to {end}"
        for axis, side, end in zip(frame.names, box, ends, strict=True)
    ]
    if label.ndim == 3:
        layers, first = layers.around_errors(PATCH_SLICES)
        last = min(patch.start[2] + first + PATCH_SLICES - 1, ends[2])
        sides.append(f"drawn: z {patch.start[2] + first} to {last}")
    caption = "image" if patch.case.case_id in images else _NO_IMAGE
    return ", ".join(sides), _row({patch.method.name: layers}, 2, caption)


def _layers(
    frame: Frame, image: np.ndarray, mask: _Mask, label: _Mask, label_skeleton: _Mask | None = None
) -> Layers:
    return Layers(
        frame.upright(image),
        frame.upright(mask),
        frame.upright(label),
        frame.shown[1],
        label_skeleton=None if label_skeleton is None else frame.upright(label_skeleton),
        rows_down=frame.rows_down,
    )


def _image(path: Path | None, case: EvaluatedCase, label: _Mask) -> np.ndarray:
    if path is None:
        return label.astype(np.float32)
    volume, shape = read_mask(path, case.frame.grid).array[0], case.frame.grid.shape
    if volume.shape != shape:
        raise InputError(
            f"{path}: {volume.shape} voxels, its label has {shape}; give the image that was "
            "segmented"
        )
    return case.frame.measured(volume)


def _rows(layers: Mapping[str, Layers], frame: Frame, caption: str) -> list[tuple[str, Pictures]]:
    names, depth = frame.shown[0], frame.shape[-1]
    upwards = "downwards" if frame.rows_down else "upwards"
    if len(names) == 2:
        words = f"Image ({names[0]} to the right, {names[1]} {upwards})"
        return [(words, _row(layers, 2, caption))]
    rows = []
    for axis in (2, 1, 0):  # along z first, as slices are commonly seen
        right, up = (name for name in names if name != names[axis])
        where = upwards if axis == 2 else "upwards"
        title = f"Projection along {names[axis]} ({right} to the right, {up} {where})"
        rows.append((title, _row(layers, axis, caption)))
    n_slices = min(one.clear_slices(min(_SLAB_SLICES, depth)) for one in layers.values())
    if depth > 2 * n_slices:
        middle = {name: one.middle(n_slices) for name, one in layers.items()}
        rows.insert(1, (f"Middle {n_slices} slices along z alone", _row(middle, 2, caption)))
    return rows


def _row(layers: Mapping[str, Layers], axis: int, caption: str) -> Pictures:
    flats = {name: one.flat(axis) for name, one in layers.items()}
    first = next(iter(flats.values()))
    row = [(caption, _address(image_panel(first, pixels=_PIXELS)))]
    row.append(("label", _address(label_panel(first, pixels=_PIXELS))))
    return row + [(n, _address(error_panel(flat, pixels=_PIXELS))) for n, flat in flats.items()]


def _network(skeleton: _Mask, frame: Frame, slices: slice | None) -> str:
    turned = np.ascontiguousarray(skeleton[:, ::-1] if frame.rows_down else skeleton)
    return data_uri(draw_network(turned, axis=2, spacing_mm=frame.shown[1], slices=slices))


def _network_words(title: str, case: EvaluatedCase, name: str) -> str:
    junctions, ends = (case.volume[f"{what}_{name}"] for what in ("junctions", "ends"))
    length = rounded(case.volume[f"length_mm_{name}"])
    counts = [counted(int(junctions), "junction"), counted(int(ends), "end")]
    return f"{title}: {counts[0]}, {counts[1]}, {length} {case.frame.unit}"


def _size_words(frame: Frame) -> str:
    voxels = " x ".join(map(str, frame.shape))
    if frame.unit == "voxels":
        return f"{voxels} voxels, whose size is not known"
    return f"{voxels} voxels of {frame.size_words()}"


def _address(panel: Panel) -> str:
    from PIL import Image

    picture = Image.fromarray(panel.pixels)
    if max(picture.size) > 2 * _PIXELS:
        picture.thumbnail((2 * _PIXELS, 2 * _PIXELS))
    return data_uri(picture)
