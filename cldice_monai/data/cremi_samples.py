"""Which of the files in a folder are the three samples of CREMI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from cldice_monai.data.layout import LayoutCases

__all__ = ["choose_samples"]

_LETTERS = "ABC"
_NAME = re.compile(r"(?:^|sample[ _-]*)(?P<letter>[a-z])(?![a-z])", re.IGNORECASE)


def choose_samples(files: Iterable[Path], found: LayoutCases) -> list[Path]:
    """Choose the files with labels, each sample once.

    The plain and the padded file of a sample hold the same sections: taken together, they would be
    in the training and in the test part.

    Args:
        files: the HDF5 files, in the order in which they are preferred.
        found: gets a problem for each file of a sample that another file holds already, and a note
            for each file or sample that is left out.

    Returns:
        The files to use.

    Example:
        >>> found = LayoutCases()
        >>> names = ["sample_A_20160501.hdf", "sample_A_padded_20160501.hdf"]
        >>> [path.name for path in choose_samples(map(Path, names), found)]
        ['sample_A_20160501.hdf']
        >>> found.problems
        ['sample_A_padded_20160501.hdf: is sample A, as sample_A_20160501.hdf is; remove one of \
them, or its sections would be in training and test']
    """
    chosen: dict[str, Path] = {}
    for path in files:
        if "+" in path.name:
            found.notes.append(f"{path}: a test volume without labels; left alone")
            continue
        match = _NAME.search(path.stem)
        sample = match["letter"].upper() if match else path.stem
        if sample in chosen:
            found.problems.append(
                f"{path}: is sample {sample}, as {chosen[sample].name} is; remove one of them, or "
                "its sections would be in training and test"
            )
        else:
            chosen[sample] = path
    missing = [letter for letter in _LETTERS if letter not in chosen]
    if 0 < len(missing) < len(_LETTERS):
        folder = next(iter(chosen.values())).parent
        found.notes.append(f"{folder}: there is no sample {' and no sample '.join(missing)}")
    return list(chosen.values())
