"""Where a method is worst: the patches to look at first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cldice_monai.evaluation.run import Evaluation

__all__ = ["WorstPatch", "worst_patches"]


@dataclass(frozen=True)
class WorstPatch:
    """One patch of one case and method.

    Args:
        case_number: place of the case among those of each method.
        method: name of the method.
        start: first voxel.
        betti_error: sum of the errors of b0 and b1, by which patches are ranked.
        cldice: of the patch; NaN where the label is empty.
    """

    case_number: int
    method: str
    start: tuple[int, ...]
    betti_error: float
    cldice: float

    def words(self) -> str:
        """Return the patch in a line."""
        score = "no vessel in the label" if math.isnan(self.cldice) else f"clDice {self.cldice:.3f}"
        at = ", ".join(map(str, self.start))
        return f"{self.method}, voxel ({at}): b0 + b1 error {self.betti_error:.0f}, {score}"


def worst_patches(evaluation: Evaluation, *, per_method: int = 4) -> list[WorstPatch]:
    """Return the patches with the largest Betti errors of each method, the worst first.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        per_method: how many of each method.

    Returns:
        Patches with an error, ranked by b0 + b1 error, then by clDice.
    """
    chosen = []
    for method in evaluation.methods:
        patches = []
        for number, case in enumerate(method.cases):
            errors = case.values["b0_error"] + case.values["b1_error"]
            for start, error, score in zip(
                case.starts.tolist(), errors.tolist(), case.patches["cldice"].tolist(), strict=True
            ):
                patches.append(WorstPatch(number, method.name, tuple(start), error, score))
        patches.sort(key=_rank)
        chosen += [patch for patch in patches[:per_method] if patch.betti_error > 0]
    return sorted(chosen, key=_rank)


def _rank(patch: WorstPatch) -> tuple[float, float]:
    return -patch.betti_error, 1.0 if math.isnan(patch.cldice) else patch.cldice
