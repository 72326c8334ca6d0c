"""What the values of a label may be: whole numbers, and no class that the network does not have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["class_problem", "odd_label_value", "odd_value_problem"]

_MOST_CLASSES = 32  # a larger value, such as 255, is no number of a class


def odd_label_value(label: np.ndarray) -> float | None:
    """Return a value that is negative, a fraction or NaN, which no label holds.

    Args:
        label: any shape.

    Returns:
        The first such value, None if there is none.

    Example:
        >>> odd_label_value(np.array([0, 0.5])), odd_label_value(np.array([0, 255]))
        (0.5, None)
    """
    odd = label[~((label >= 0) & (label == np.floor(label)))]
    return float(odd[0]) if odd.size else None


def odd_value_problem(path: Path | None, value: float) -> str:
    """Say that a label holds a value that no label holds.

    Args:
        path: the label.
        value: what `odd_label_value` gave.

    Returns:
        One line.

    Example:
        >>> odd_value_problem(Path("a.nii.gz"), 0.5)
        'a.nii.gz: holds 0.5; a label holds whole numbers from 0 on, so convert it'
    """
    return f"{path}: holds {value:g}; a label holds whole numbers from 0 on, so convert it"


def class_problem(path: Path, label: np.ndarray, n_classes: int) -> str | None:
    """Say that a label holds the number of a class that the network does not have.

    Args:
        path: the label, for the message.
        label: class numbers, any shape.
        n_classes: channels of the network's output, the background being the first.

    Returns:
        One line, None if all classes are there.

    Example:
        >>> class_problem(Path("a.nii.gz"), np.array([0, 1, 3]), 3)
        'a.nii.gz: holds the class 3, but out_channels 3 gives the classes 0 to 2; pass \
--out_channels 4, or number the classes from 1 on'
        >>> class_problem(Path("a.nii.gz"), np.array([0, 1, 2]), 3) is None
        True
    """
    largest = float(label.max(initial=0))
    if largest < n_classes:
        return None
    advice = f"pass --out_channels {largest + 1:g}, or " if largest < _MOST_CLASSES else ""
    return (
        f"{path}: holds the class {largest:g}, but out_channels {n_classes} gives the classes 0 "
        f"to {n_classes - 1}; {advice}number the classes from 1 on"
    )
