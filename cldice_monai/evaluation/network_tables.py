"""Tables that describe networks: how large each one is, and which vessels are missed."""

from __future__ import annotations

from collections.abc import Iterator

from cldice_monai.evaluation.case import EvaluatedCase
from cldice_monai.evaluation.radius_bins import BIN_TITLES
from cldice_monai.evaluation.rounding import NOT_MEASURED, rounded
from cldice_monai.evaluation.run import Evaluation

__all__ = [
    "NETWORK_DEFINITIONS",
    "NETWORK_HEAD",
    "RADIUS_HEAD",
    "RADIUS_WORDS",
    "VOLUME_HEAD",
    "network_rows",
    "radius_rows",
    "volume_rows",
]

NETWORK_DEFINITIONS = {
    "length_mm": (
        "length of the centreline of the whole volume, with the walls that it keeps around cavities"
    ),
    "junctions": "places where three vessels or more meet, whole volume",
    "ends": "places where a vessel ends, whole volume",
}
NETWORK_HEAD = ("case", "network", "length", "junctions", "ends")
RADIUS_HEAD = ("method", *BIN_TITLES)
VOLUME_HEAD = ("case", "voxels", "size of a voxel", "patches")
RADIUS_WORDS = (
    "Share of the label's centreline that is missed, of so many voxels, by the radius of the "
    "label's vessel in voxels of the smallest side; all cases together."
)


def network_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yield the size of the label's network and of each method's, case by case.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Yields:
        Cells in the order of `NETWORK_HEAD`; they are what `NETWORK_DEFINITIONS` says.
    """
    for methods in evaluation.by_class():
        for number, case in enumerate(methods[0].cases):
            yield (case.title, "label", *_sizes(case, "label"))
            yield from ((case.title, m.name, *_sizes(m.cases[number], "pred")) for m in methods)


def volume_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yield what was measured of each case.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Yields:
        Cells in the order of `VOLUME_HEAD`.
    """
    for case in {case.case_id: case for case in evaluation.methods[0].cases}.values():
        voxels = " x ".join(map(str, case.frame.shape))
        yield (case.case_id, voxels, case.frame.size_words(), str(len(case.starts)))


def radius_rows(evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yield the share of the label's centreline that each method misses, from thin to thick.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Yields:
        Cells in the order of `RADIUS_HEAD`.
    """
    for method in evaluation.methods:
        cells = []
        for bins in zip(*(case.misses_by_radius for case in method.cases), strict=True):
            n_voxels, n_missed = sum(b.n_voxels for b in bins), sum(b.n_missed for b in bins)
            share = f"{100 * n_missed / n_voxels:.1f} % of {n_voxels}" if n_voxels else NOT_MEASURED
            cells.append(share)
        yield (method.title, *cells)


def _sizes(case: EvaluatedCase, name: str) -> list[str]:
    counts = [f"{case.volume[f'{what}_{name}']:.0f}" for what in ("junctions", "ends")]
    return [f"{rounded(case.volume[f'length_mm_{name}'])} {case.frame.unit}", *counts]
