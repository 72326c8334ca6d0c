"""Where a method is worst: the patches to look at first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cldice_monai.evaluation.case import EvaluatedCase
from cldice_monai.evaluation.run import Evaluation, Method

__all__ = ["WorstPatch", "worst_patches"]


@dataclass(frozen=True)
class WorstPatch:
    """One patch of one case and method.

    Args:
        method: the method.
        case: the case.
        start: first voxel.
        betti_error: sum of the errors of b0 and b1, by which patches are ranked.
        cldice: of the patch; NaN where the label is empty.
    """

    method: Method
    case: EvaluatedCase
    start: tuple[int, ...]
    betti_error: float
    cldice: float

    def words(self) -> str:
        """Return what is wrong in the patch."""
        score = "no vessel in the label" if math.isnan(self.cldice) else f"clDice {self.cldice:.3f}"
        return f"b0 + b1 error {self.betti_error:.0f}, {score}"

    def overlaps(self, other: WorstPatch, size: Sequence[int]) -> bool:
        """Return whether two patches of a case share more than half of each side."""
        sides = zip(self.start, other.start, size, strict=True)
        return self.case is other.case and all(2 * abs(a - b) < n for a, b, n in sides)


def worst_patches(evaluation: Evaluation, *, per_method: int = 4) -> list[WorstPatch]:
    """Return the patches with the largest Betti errors of each method, the worst first.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.
        per_method: how many of each method.

    Returns:
        Patches with an error, ranked by b0 + b1 error, then by clDice. Of patches that share more
        than half of each side the worst alone.
    """
    chosen = []
    for method in evaluation.methods:
        found: list[WorstPatch] = []
        patches = [patch for case in method.cases for patch in _patches_of(method, case)]
        for patch in sorted(patches, key=_rank):
            if len(found) == per_method or not patch.betti_error:
                break
            size = evaluation.settings.sampler.size_in(len(patch.start))
            if not any(patch.overlaps(other, size) for other in found):
                found.append(patch)
        chosen += found
    return sorted(chosen, key=_rank)


def _patches_of(method: Method, case: EvaluatedCase) -> Iterator[WorstPatch]:
    errors = case.values["b0_error"] + case.values["b1_error"]
    for start, error, score in zip(
        case.starts.tolist(), errors.tolist(), case.patches["cldice"].tolist(), strict=True
    ):
        yield WorstPatch(method, case, tuple(start), error, score)


def _rank(patch: WorstPatch) -> tuple[float, float]:
    return -patch.betti_error, 1.0 if math.isnan(patch.cldice) else patch.cldice
