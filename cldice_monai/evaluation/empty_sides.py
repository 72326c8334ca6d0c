"""How often one empty side made a figure, or left it out."""

from __future__ import annotations

from collections.abc import Sequence

from cldice_monai.evaluation.case import EvaluatedCase
from cldice_monai.lines import counted

__all__ = ["empty_counts", "empty_words"]


def empty_counts(cases: Sequence[EvaluatedCase], column: str) -> dict[str, int]:
    """Count empty sides behind the StreetMover distance and HD95.

    Args:
        cases: one or more.
        column: name of the figure.

    Returns:
        Of the StreetMover distance ``patches_with_one_empty_network``, each of which counts 1; of
        HD95 ``cases_with_one_empty_mask`` and ``cases_with_both_masks_empty``, which have none; of
        other figures nothing.
    """
    if column == "streetmover":
        n_patches = sum(int(case.patches["one_empty"].sum()) for case in cases)
        return {"patches_with_one_empty_network": n_patches}
    if column == "hd95_mm":
        empty = [sum(case.empty) for case in cases]
        return {
            "cases_with_one_empty_mask": empty.count(1),
            "cases_with_both_masks_empty": empty.count(2),
        }
    return {}


def empty_words(cases: Sequence[EvaluatedCase], column: str) -> str:
    """Return these counts for a table, in brackets, where they are not 0.

    Args:
        cases: one or more.
        column: name of the figure.

    Returns:
        Words, or nothing.
    """
    names = {
        "patches_with_one_empty_network": ("patch", "with one empty network"),
        "cases_with_one_empty_mask": ("case", "with one empty mask"),
        "cases_with_both_masks_empty": ("case", "with both empty"),
    }
    found = {names[name]: n for name, n in empty_counts(cases, column).items() if n}
    words = ", ".join(f"{counted(n, noun)} {rest}" for (noun, rest), n in found.items())
    return f"({words})" if words else ""
