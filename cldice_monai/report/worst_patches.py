"""Where a method is worst: the patches to look at first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cldice_monai.evaluation.case import EvaluatedCase
from cldice_monai.evaluation.run import Evaluation, Method

__all__ = ["WorstPatch", "worst_patches"]

_PER_METHOD = 4


@dataclass(frozen=True)
class WorstPatch:
    """One patch of one case and method.

    Args:
        method: the method.
        case: the case.
        start: first voxel.
        betti_errors: errors of b0, b1 and, in 3D, b2; patches are ranked by their sum.
        cldice: of the patch; NaN where the label is empty.
    """

    method: Method
    case: EvaluatedCase
    start: tuple[int, ...]
    betti_errors: tuple[float, ...]
    cldice: float

    @property
    def betti_error(self) -> float:
        """Sum of the errors."""
        return sum(self.betti_errors)

    def words(self) -> str:
        """Return what is wrong in the patch."""
        score = "no vessel in the label" if math.isnan(self.cldice) else f"clDice {self.cldice:.3f}"
        errors = ", ".join(f"b{k} {error:.0f}" for k, error in enumerate(self.betti_errors))
        return f"errors {errors}; {score}"

    def overlaps(self, other: WorstPatch, size: Sequence[int]) -> bool:
        """Return whether two patches of a case share more than half of each side."""
        sides = zip(self.start, other.start, size, strict=True)
        return self.case is other.case and all(2 * abs(a - b) < n for a, b, n in sides)


def worst_patches(evaluation: Evaluation) -> list[WorstPatch]:
    """Return the patches with the largest Betti errors of each method, the worst first.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Up to four patches of each method with an error, ranked by the sum of b0, b1 and b2 error,
        then by clDice. Of patches that share more than half of each side the worst alone.
    """
    chosen = []
    for method in evaluation.methods:
        found: list[WorstPatch] = []
        patches = [patch for case in method.cases for patch in _patches_of(method, case)]
        for patch in sorted(patches, key=_rank):
            if len(found) == _PER_METHOD or not patch.betti_error:
                break
            size = evaluation.settings.sampler.size_in(len(patch.start))
            if not any(patch.overlaps(other, size) for other in found):
                found.append(patch)
        chosen += found
    return sorted(chosen, key=_rank)


def _patches_of(method: Method, case: EvaluatedCase) -> Iterator[WorstPatch]:
    names = [name for name in ("b0_error", "b1_error", "b2_error") if name in case.values]
    errors = zip(*(case.values[name].tolist() for name in names), strict=True)
    for start, of_patch, score in zip(
        case.starts.tolist(), errors, case.patches["cldice"].tolist(), strict=True
    ):
        yield WorstPatch(method, case, tuple(start), of_patch, score)


def _rank(patch: WorstPatch) -> tuple[float, float]:
    return -patch.betti_error, 1.0 if math.isnan(patch.cldice) else patch.cldice
