"""What is reported: each figure's name, definition and direction, in the paper's order first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cldice_monai.evaluation.frame import LengthUnit
from cldice_monai.topology.euler import euler_ratio
from cldice_monai.topology.opt_junction import JunctionCounts

__all__ = ["COLUMNS", "PAPER_COLUMNS", "Column", "values_of_case"]

_Array = npt.NDArray[np.float64]
_PER_PATCH = "mean over the patches of a case, then over cases"
_CLOSED = "foreground 26-connected, background 6 (8 and 4 in 2D)"


@dataclass(frozen=True)
class Column:
    """A figure of the report.

    Args:
        name: key in files.
        title: heading in tables.
        definition: what it is, in a sentence.
        better: what is better.
        level: ``"patch"``: one value a patch; ``"case"``: one value a case, of its patches;
            ``"volume"``: one value a case, of the whole volume.
        is_length: in mm, or in voxels where a label says no voxel size.

    Example:
        >>> distance = Column("hd95_mm", "HD95", "...", "smaller", "volume", is_length=True)
        >>> distance.title_in("mm"), distance.title_in(None)
        ('HD95 (mm)', 'HD95 (mm or voxels)')
    """

    name: str
    title: str
    definition: str
    better: Literal["larger", "smaller", "nearer 1"]
    level: Literal["patch", "case", "volume"]
    is_length: bool = False

    def title_in(self, unit: LengthUnit | None) -> str:
        """Return the heading, with the unit of a length; None: they are of several units."""
        return f"{self.title} ({unit or 'mm or voxels'})" if self.is_length else self.title

    def compared(self, values: npt.ArrayLike) -> _Array:
        """Return what of a figure two methods are compared by: itself, or its distance from 1.

        Args:
            values: one a case; NaN where not measured.

        Returns:
            float64 of the same shape, of which smaller or larger is better.

        Example:
            >>> ratio = next(column for column in COLUMNS if column.better == "nearer 1")
            >>> ratio.compared([1.0, 0.5, -2.0]).tolist()
            [0.0, 0.5, 3.0]
        """
        array = np.asarray(values, dtype=np.float64)
        # no logarithm: where chi has the other sign the ratio is negative, and worst
        return np.abs(array - 1) if self.better == "nearer 1" else array

    def compared_title(self, unit: LengthUnit | None) -> str:
        """Return the heading of what `compared` returns."""
        title = self.title_in(unit)
        return f"{title}, distance from 1" if self.better == "nearer 1" else title


PAPER_COLUMNS = (
    Column("dice", "Dice", "2 |P & L| / (|P| + |L|), whole volume", "larger", "volume"),
    Column("accuracy", "Accuracy", "share of equal voxels, whole volume", "larger", "volume"),
    Column(
        "cldice",
        "clDice",
        "harmonic mean of Tprec and Tsens, whole volume (eq. 2)",
        "larger",
        "volume",
    ),
    Column("b0_error", "b0 error", f"|b0(P) - b0(L)|, {_PER_PATCH}; {_CLOSED}", "smaller", "patch"),
    Column("b1_error", "b1 error", f"|b1(P) - b1(L)|, {_PER_PATCH}; {_CLOSED}", "smaller", "patch"),
    Column(
        "streetmover",
        "SMD",
        "squared Wasserstein-2 distance of points along both networks, exact, in shares of the "
        f"patch's sides; one empty network counts 1; {_PER_PATCH}",
        "smaller",
        "patch",
    ),
    Column(
        "euler_error",
        "Euler error",
        f"|chi(P) - chi(L)|, {_PER_PATCH}; {_CLOSED}",
        "smaller",
        "patch",
    ),
    Column(
        "opt_junction_f1",
        "Opt-J F1",
        "F1 of junctions and ends by their branches, counted over all patches of a case",
        "larger",
        "case",
    ),
)
"""Those of the paper's Table 1, in its order."""

COLUMNS = (
    *PAPER_COLUMNS,
    Column(
        "euler_ratio",
        "Euler ratio",
        "sum of chi(P) / sum of chi(L) over the patches of a case (appendix H.3); methods are "
        "compared by its distance from 1, |ratio - 1|",
        "nearer 1",
        "case",
    ),
    Column("tprec", "Tprec", "|S(P) & L| / |S(P)|, whole volume (eq. 1)", "larger", "volume"),
    Column("tsens", "Tsens", "|S(L) & P| / |S(L)|, whole volume (eq. 1)", "larger", "volume"),
    Column("b2_error", "b2 error", f"|b2(P) - b2(L)|, {_PER_PATCH}; {_CLOSED}", "smaller", "patch"),
    Column(
        "volume_b0_error",
        "b0 error, volume",
        f"|b0(P) - b0(L)|, whole volume; {_CLOSED}",
        "smaller",
        "volume",
    ),
    Column(
        "volume_b1_error",
        "b1 error, volume",
        f"|b1(P) - b1(L)|, whole volume; {_CLOSED}",
        "smaller",
        "volume",
    ),
    Column(
        "hd95_mm",
        "HD95",
        "95th percentile of the surface distance (MONAI), not measured where a mask is empty, "
        "whole volume",
        "smaller",
        "volume",
        is_length=True,
    ),
    Column(
        "surface_dice",
        "Surface Dice",
        "share of the surfaces within the tolerance (MONAI), 0 where one mask is empty, "
        "whole volume",
        "larger",
        "volume",
    ),
    Column(
        "ghost_length_mm",
        "Ghosts",
        "length of the prediction's centreline outside the label, with the walls around cavities",
        "smaller",
        "volume",
        is_length=True,
    ),
    Column(
        "miss_length_mm",
        "Misses",
        "length of the label's centreline outside the prediction, with the walls around cavities",
        "smaller",
        "volume",
        is_length=True,
    ),
    Column("ghost_pieces", "Ghost pieces", "connected pieces of ghosts", "smaller", "volume"),
    Column("miss_pieces", "Miss pieces", "connected pieces of misses", "smaller", "volume"),
)
"""Every figure that is compared, the paper's first."""


def values_of_case(patches: Mapping[str, _Array], volume: Mapping[str, float]) -> dict[str, _Array]:
    """Return the values of every column for one case.

    Args:
        patches: from `cldice_monai.evaluation.patches.patch_figures`.
        volume: from `cldice_monai.evaluation.volume.volume_figures`.

    Returns:
        By column name one value a patch, or one alone; NaN where not measured. b2 is missing in 2D.

    Example:
        >>> from cldice_monai.evaluation import patch_figures, volume_figures
        >>> mask = np.eye(9, dtype=bool)
        >>> whole = volume_figures(mask, mask, spacing_mm=(1, 1)).figures
        >>> values_of_case(patch_figures(mask[None], mask[None]), whole)["b0_error"].tolist()
        [0.0]
    """
    values = {
        column.name: np.array([volume[column.name]])
        for column in COLUMNS
        if column.name in volume and column.level == "volume"
    }
    for k in range(2):
        values[f"volume_b{k}_error"] = np.array([volume[f"b{k}_error"]])
    values |= {c.name: patches[c.name] for c in COLUMNS if c.level == "patch" and c.name in patches}
    chi_pred, chi_label = patches["euler_pred"].sum(), patches["euler_label"].sum()
    values["euler_ratio"] = np.array([euler_ratio(chi_pred, chi_label)])
    values["opt_junction_f1"] = np.array([_junction_f1(patches)])
    return values


def _junction_f1(patches: Mapping[str, _Array]) -> float:
    matched, predicted, labelled = (
        int(patches[f"branches_{name}"].sum()) for name in ("matched", "predicted", "labelled")
    )
    return JunctionCounts(matched, predicted, labelled).f1
