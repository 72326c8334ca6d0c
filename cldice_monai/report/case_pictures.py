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
from cldice_monai.evaluation.run import Evaluation
from cldice_monai.evaluation.tables import rounded
from cldice_monai.report.panels import data_uri, draw_errors, draw_graph, draw_image, draw_label
from cldice_monai.report.worst_patches import WorstPatch

__all__ = ["CasePictures", "case_pictures"]

_Pictures = list[tuple[str, str]]  # caption and address


@dataclass(frozen=True)
class CasePictures:
    """What the page shows of a case.

    Args:
        title: its name, and the class where several are measured.
        ndim: 2 or 3.
        notes: of the evaluation.
        figures: table of the methods' figures, HTML.
        rows: for each axis the panels image, label and one a method.
        graphs: the networks of label and methods.
        worst: patches to look at, with their panels.
    """

    title: str
    ndim: int
    notes: Sequence[str]
    figures: str
    rows: list[_Pictures]
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
    options = {"spacing_mm": first.spacing_mm}
    axis_of_view = label.ndim - 1
    rows = []
    for axis in range(label.ndim) if label.ndim == 3 else (0,):
        row = [("image" if first.case_id in images else "label, as no image was given")]
        pictures = [(row[0], data_uri(draw_image(image, axis=axis, **options)))]
        pictures.append(("label", data_uri(draw_label(image, label, axis=axis, **options))))
        for name, (pred, _) in masks.items():
            drawn = draw_errors(image, pred, label, axis=axis, **options)
            pictures.append((name, data_uri(drawn)))
        rows.append(pictures)
    graphs = [("label", data_uri(draw_graph(label, axis=axis_of_view, **options)))]
    graphs += [
        (name, data_uri(draw_graph(pred, axis=axis_of_view, **options)))
        for name, (pred, _) in masks.items()
    ]
    size = evaluation.settings.sampler.size_in(label.ndim)
    chosen = [patch for patch in worst if patch.case_number == number]
    return CasePictures(
        first.title,
        label.ndim,
        list(dict.fromkeys(note for case in cases.values() for note in case.notes)),
        _figures(evaluation, number),
        rows,
        graphs,
        [(patch, _patch(patch, image, masks[patch.method], size, options)) for patch in chosen],
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


def _patch(
    patch: WorstPatch,
    image: np.ndarray,
    masks: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    size: Sequence[int],
    options: Mapping[str, tuple[float, ...]],
) -> _Pictures:
    box = tuple(slice(s, s + n) for s, n in zip(patch.start, size, strict=True))
    axis = image.ndim - 1
    part, pred, label = image[box], masks[0][box], masks[1][box]
    spacing_mm = options["spacing_mm"]
    return [
        ("image", data_uri(draw_image(part, axis=axis, spacing_mm=spacing_mm))),
        ("label", data_uri(draw_label(part, label, axis=axis, spacing_mm=spacing_mm))),
        (patch.method, data_uri(draw_errors(part, pred, label, axis=axis, spacing_mm=spacing_mm))),
    ]


def _figures(evaluation: Evaluation, number: int) -> str:
    head = "".join(f"<th>{html.escape(column.title)}</th>" for column in PAPER_COLUMNS)
    rows = []
    for method in evaluation.methods:
        means = method.cases[number].means()
        cells = "".join(f"<td>{rounded(means[c.name])}</td>" for c in PAPER_COLUMNS)
        rows.append(f"<tr><th>{html.escape(method.name)}</th>{cells}</tr>")
    return f"<div class='wide'><table><tr><th></th>{head}</tr>{''.join(rows)}</table></div>"
