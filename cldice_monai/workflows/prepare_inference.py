"""From a dataset folder to checked items to segment, as a MONAI Dataset takes them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cldice_monai.data.cases import VesselCase
from cldice_monai.data.checks import check_inference_cases
from cldice_monai.data.inference_cases import find_cases_to_segment
from cldice_monai.data.readers import NIFTI, CaseReaders
from cldice_monai.errors import InputError
from cldice_monai.files import as_path
from cldice_monai.workflows.default_data import ensure_default_data
from cldice_monai.workflows.stale_results import name_stale_results

__all__ = ["InferenceData", "prepare_inference_data"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class InferenceData:
    """Items to segment, what was left out, and how the files are read.

    Attributes:
        items: dictionaries with image, image_path, label_path, mask_path and case_id.
        problems: one line for each case that cannot be used.
        readers: how the files are read.

    Example:
        >>> data = InferenceData([{"case_id": "a"}], ["b.nii.gz: damaged; copy it again"])
        >>> data.raise_if_incomplete()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: 1 of 2 volumes were not segmented; their faults ...
    """

    items: list[dict[str, Any]]
    problems: list[str]
    readers: CaseReaders = NIFTI

    def raise_if_incomplete(self) -> None:
        """End a run that had to leave out volumes with an error, after the others are done.

        Raises:
            InputError: if a volume could not be used.
        """
        if self.problems:
            n_cases = len(self.items) + len(self.problems)
            raise InputError(
                f"{len(self.problems)} of {n_cases} volumes were not segmented; "
                "their faults are named above"
            )


def prepare_inference_data(
    dataset_dir: str | os.PathLike[str],
    *,
    source: str = "auto",
    in_channels: int = 1,
    roi: Sequence[int] = (64, 64, 64),
    seed: int = 0,
    output_dir: str | os.PathLike[str] | None = None,
) -> InferenceData:
    """Find and check the volumes or pictures to segment.

    A bad volume is named and left out as long as a good one is left.

    Args:
        dataset_dir: folder with volumes, with imagesTs or with pictures, or a Decathlon JSON list;
            see `cldice_monai.data.find_inference_cases`.
        source: "auto", or the name of a published dataset; where its own layout lies in
            ``dataset_dir``, its test part is segmented.
        in_channels: channels that the network takes.
        roi: voxels of a window; two numbers for pictures.
        seed: seed that the parts of a published dataset were drawn with.
        output_dir: where the results go; files in it that an earlier run has written of a volume
            which is left out now are named.

    Returns:
        The items, with label_path "" where there is no label.

    Raises:
        InputError: if no volume can be used.

    Example:
        >>> import nibabel, numpy, pathlib, tempfile
        >>> image = nibabel.Nifti1Image(numpy.eye(8)[None].repeat(8, 0), numpy.eye(4))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     nibabel.save(image, pathlib.Path(folder, "a.nii.gz"))
        ...     data = prepare_inference_data(folder)
        >>> [(item["case_id"], item["label_path"]) for item in data.items]
        [('a', '')]
    """
    dataset_dir = as_path(dataset_dir, argument="dataset_dir")
    ensure_default_data(dataset_dir)
    found = find_cases_to_segment(dataset_dir, in_channels=in_channels, source=source, seed=seed)
    left_out = {case.case_id for case in found.cases}
    try:
        checked = check_inference_cases(
            found.cases, in_channels=in_channels, spatial_dims=len(roi), readers=found.readers
        )
        left_out -= {case.case_id for case in checked.cases}
    finally:  # the check raises where no volume is left
        if output_dir is not None:
            name_stale_results(output_dir, sorted(left_out))
    for note in (*found.notes, *checked.notes):
        _logger.info("note: %s", note)
    for problem in checked.problems:
        print(f"error: {problem}", file=sys.stderr)
    kind = "pictures" if len(roi) == 2 else "volumes"
    _logger.info("%s: %d %s to segment", dataset_dir, len(checked.cases), kind)
    items = [_as_inference_item(case) for case in checked.cases]
    return InferenceData(items, checked.problems, readers=found.readers)


def _as_inference_item(case: VesselCase) -> dict[str, Any]:
    # Label and mask are only for scores and may be missing, so they must not pass as "label" and
    # "mask" through transforms and collation, which take None for nothing.
    return {
        "image": [str(path) for path in case.image],
        "image_path": str(case.image[0]),
        "label_path": str(case.label) if case.label is not None else "",
        "mask_path": str(case.mask) if case.mask is not None else "",
        "case_id": case.case_id,
    }
