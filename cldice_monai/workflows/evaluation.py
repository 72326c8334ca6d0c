"""What evaluate.json calls."""

from __future__ import annotations

import logging

import torch.distributed as dist

from cldice_monai.errors import show_input_errors_as_one_line
from cldice_monai.report.evaluation_report import EvaluationRequest, write_evaluation
from cldice_monai.workflows.overrides import check_overrides

__all__ = ["run_evaluation", "start_evaluation"]

_logger = logging.getLogger(__name__)


def start_evaluation() -> None:
    """Set up error lines, and refuse settings that are misspelt.

    Raises:
        InputError: for a setting that nothing listens to.

    Example:
        >>> from unittest import mock
        >>> from cldice_monai import bundle_dir
        >>> config = str(bundle_dir() / "configs" / "evaluate.json")
        >>> words = ["bundle/__main__.py", "run", "--config_file", config, "--pred_dir", "masks"]
        >>> with mock.patch("sys.argv", words):
        ...     start_evaluation()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: --pred_dir: no such setting; ...
    """
    show_input_errors_as_one_line()
    check_overrides()


def run_evaluation(request: EvaluationRequest) -> None:
    """Evaluate, with progress in the log; processes that joined share the cases out.

    Args:
        request: what is evaluated, how, and where the results go.

    Raises:
        InputError: a setting or file cannot be used.

    Example:
        >>> import nibabel, numpy, pathlib, tempfile
        >>> mask = numpy.zeros((8, 8, 8), numpy.uint8)
        >>> mask[4, 4] = 1
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder = pathlib.Path(place)
        ...     for part in ("label", "unet"):
        ...         (folder / part).mkdir()
        ...         image = nibabel.Nifti1Image(mask, numpy.eye(4))
        ...         nibabel.save(image, folder / part / "a.nii.gz")
        ...     out = folder / "out"
        ...     patches = {"patch_size": 8, "n_patches": 1}
        ...     folders = (folder / "unet", folder / "label", out)
        ...     run_evaluation(EvaluationRequest(*folders, **patches))
        ...     print(*sorted(path.name for path in out.iterdir()))
        cases.csv error_maps evaluation.json patches.csv report.html summary.md
    """
    shared = dist.is_available() and dist.is_initialized()
    write_evaluation(request, show=_log_lines, shared=shared)


def _log_lines(text: str) -> None:
    for line in text.splitlines():
        _logger.info("%s", line)
