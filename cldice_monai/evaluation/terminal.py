"""An evaluation on a terminal of 80 columns."""

from __future__ import annotations

from cldice_monai.evaluation.columns import COLUMNS, PAPER_COLUMNS
from cldice_monai.evaluation.rounding import rounded
from cldice_monai.evaluation.run import Evaluation, Method
from cldice_monai.lines import shortened

__all__ = ["as_terminal_table"]

_WIDTH = 80
_FIRST = 18
_LEAST = 14  # columns for a method


def as_terminal_table(evaluation: Evaluation) -> str:
    """Return the means of all methods, a figure a line, the paper's columns first.

    Args:
        evaluation: from `cldice_monai.evaluation.run.evaluate`.

    Returns:
        Lines of at most 80 characters; methods that do not fit are named below.
    """
    shown = evaluation.methods[: (_WIDTH - _FIRST) // _LEAST]
    width = min(24, (_WIDTH - _FIRST) // len(shown))
    lines = [" " * _FIRST + "".join(f"{shortened(m.name, width - 2):>{width}}" for m in shown)]
    if shown[0].class_number is not None:
        lines.append(" " * _FIRST + "".join(f"{f'class {m.class_number}':>{width}}" for m in shown))
    for column in COLUMNS:
        if column.name in shown[0].summary:
            cells = [_cell(method, column.name) for method in shown]
            title = evaluation.title(column).replace(" (mm or voxels)", "")
            lines.append(f"{title:<{_FIRST}}" + "".join(f"{c:>{width}}" for c in cells))
        if column is PAPER_COLUMNS[-1]:
            lines.append("-" * (_FIRST + width * len(shown)))
    left = evaluation.methods[len(shown) :]
    if left:
        lines.append(f"and {len(left)} more in summary.md")
    return "\n".join(lines)


def _cell(method: Method, name: str) -> str:
    found, n_cases = method.summary[name], len(method.cases)
    part = f" ({found.n_cases}/{n_cases})" if 0 < found.n_cases < n_cases else ""
    return rounded(found.mean) + part
