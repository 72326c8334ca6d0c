"""Results that an earlier run has left, and that this one does not replace."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["RESULT_ENDINGS", "name_stale_results"]

RESULT_ENDINGS = ("_mask.nii.gz", "_prob.nii.gz", "_mask.png", "_prob.png", "_preview.png")
"""What stands behind the case id in the names of an inference's files."""

_logger = logging.getLogger(__name__)


def name_stale_results(
    output_dir: str | os.PathLike[str],
    case_ids: Iterable[str],
    *,
    endings: Iterable[str] = RESULT_ENDINGS,
) -> None:
    """Say which files of a folder are of an earlier run, one line a case.

    They are named and not removed: a run that fails for a wrong setting must not cost the results
    of the one before.

    Args:
        output_dir: folder of the results; it may be missing.
        case_ids: the cases that this run writes nothing of.
        endings: the files of a case that are looked for, of `RESULT_ENDINGS`.

    Example:
        >>> import tempfile
        >>> from unittest import TestCase
        >>> with tempfile.TemporaryDirectory() as folder, TestCase().assertLogs(_logger) as log:
        ...     Path(folder, "a_mask.nii.gz").touch()
        ...     name_stale_results(folder, ["a", "b"])
        >>> [record.args[1] for record in log.records]
        ['a_mask.nii.gz']
    """
    for case_id in case_ids:
        paths = [Path(output_dir) / f"{case_id}{ending}" for ending in endings]
        found = [path.name for path in paths if path.is_file()]
        if found:
            _logger.info("note: of an earlier run, in %s: %s", output_dir, ", ".join(found))
