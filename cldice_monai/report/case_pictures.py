"""All pictures of one case, of every method."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cldice_monai.data.nifti import read_volume
from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import masks_of_case
from cldice_monai.evaluation.columns import PAPER_COLUMNS
from cldice_monai.evaluation.markdown import rounded
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.report.layers import Layers
from cldice_monai.report.network_picture import data_uri, draw_network
from cldice_monai.report.panel import Panel, error_panel, image_panel, label_panel
from cldice_monai.report.worst_patches import WorstPatch

__all__ = ["CasePictures", "case_pictures"]

_Pictures = list[tuple[str, str]]  # caption and address
_PIXELS = 340  # of the longer side of a panel
_SLAB_SLICES = 16


@dataclass(frozen=True)
class CasePictures:
    """What the page shows of a case.

    Args:
        title: its name, and the class where several are measured.
        notes: of the evaluation.
        figures: table of the methods' figures, HTML.
        rows: title and panels (image, label and one a method) of each view.
        graphs: the networks of label and methods.
        worst: patches to look at, with their panels.
    """

    title: str
    notes: Sequence[str]
    figures: str
    rows: list[tuple[str, _Pictures]]
    graphs: _Pictures
    worst: list[tuple[WorstPatch, _Pictures]]


def case_pictures(
    evaluation: Evaluation,
    number: int,
    images: Mapping[str, Path],
    worst: Sequence[WorstPatch],
) -> CasePictures:
    """Draw one case.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        number: which of its cases.
        images: by case id the image that was segmented; without one the label is shown.
        worst: patches of all cases.

    Returns:
        Pictures with their captions.

    Raises:
        InputError: an image cannot be read or has another shape than the label.
    """
    cases = {method.name: method.cases[number] for method in evaluation.methods}
    first = next(iter(cases.values()))
    masks = {name: masks_of_case(case) for name, case in cases.items()}
    label = next(iter(masks.values()))[1]
    image = _image(images.get(first.case_id), label)
    layers = {n: Layers(image, *pair, first.spacing_mm) for n, pair in masks.items()}
    rows = [
        (f"Projection along {name}", _row(layers, axis, has_image=first.case_id in images))
        for axis, name in enumerate("xyz")
        if label.ndim == 3
    ] or [("", _row(layers, 0, has_image=first.case_id in images))]
    if label.ndim == 3 and label.shape[2] > 2 * _SLAB_SLICES:
        middle = {name: one.middle(_SLAB_SLICES) for name, one in layers.items()}
        row = _row(middle, 2, has_image=first.case_id in images)
        rows.append((f"Middle {_SLAB_SLICES} slices along z", row))
    networks = {"label": label} | {name: pred for name, (pred, _) in masks.items()}
    graphs = [
        (name, data_uri(draw_network(mask, axis=2, spacing_mm=first.spacing_mm)))
        for name, mask in networks.items()
    ]
    size = evaluation.settings.sampler.size_in(label.ndim)
    chosen = [patch for patch in worst if patch.case_number == number]
    return CasePictures(
        first.title,
        list(dict.fromkeys(note for case in cases.values() for note in case.notes)),
        _figures(evaluation, number),
        rows,
        graphs,
        [
            (patch, _patch(patch, image, masks[patch.method], size, first.spacing_mm))
            for patch in chosen
        ],
    )


def _image(path: Path | None, label: npt.NDArray[np.bool_]) -> np.ndarray:
    if path is None:
        return label.astype(np.float32)
    volume = read_volume(path).array[0]
    if volume.size != label.size:
        raise InputError(
            f"{path}: {volume.shape} voxels, its label has {label.shape}; give the image that was "
            "labelled"
        )
    return volume.reshape(label.shape)


def _row(layers: Mapping[str, Layers], axis: int, *, has_image: bool) -> _Pictures:
    flats = {name: one.flat(axis) for name, one in layers.items()}
    first = next(iter(flats.values()))
    caption = "image" if has_image else "label, as no image was given"
    row = [(caption, _address(image_panel(first, pixels=_PIXELS)))]
    row.append(("label", _address(label_panel(first, pixels=_PIXELS))))
    return row + [(n, _address(error_panel(flat, pixels=_PIXELS))) for n, flat in flats.items()]


def _patch(
    patch: WorstPatch,
    image: np.ndarray,
    masks: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    size: Sequence[int],
    spacing_mm: tuple[float, ...],
) -> _Pictures:
    box = tuple(slice(s, s + n) for s, n in zip(patch.start, size, strict=True))
    layers = Layers(image[box], masks[0][box], masks[1][box], spacing_mm)
    return _row({patch.method: layers}, 2, has_image=True)


def _address(panel: Panel) -> str:
    from PIL import Image

    picture = Image.fromarray(panel.pixels)
    if max(picture.size) > 2 * _PIXELS:
        picture.thumbnail((2 * _PIXELS, 2 * _PIXELS))
    return data_uri(picture)


def _figures(evaluation: Evaluation, number: int) -> str:
    head = "".join(f"<th>{html.escape(column.title)}</th>" for column in PAPER_COLUMNS)
    rows = []
    for method in evaluation.methods:
        means = method.cases[number].means()
        cells = "".join(f"<td>{rounded(means[c.name])}</td>" for c in PAPER_COLUMNS)
        rows.append(f"<tr><th>{html.escape(method.name)}</th>{cells}</tr>")
    return f"<div class='wide'><table><tr><th></th>{head}</tr>{''.join(rows)}</table></div>"
