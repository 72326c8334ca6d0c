"""The images behind the pictures of a report: which belongs to which case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cldice_monai.data.case_id import strip_ending
from cldice_monai.data.pairing import group_channels, name_some
from cldice_monai.errors import InputError
from cldice_monai.evaluation.find_pairs import CasePair
from cldice_monai.evaluation.mask_folder import list_masks, without_doubles
from cldice_monai.evaluation.mask_grid import mask_grid, require_same

__all__ = ["images_of_cases"]


def images_of_cases(
    folder: Path, pairs: Sequence[CasePair], *, show: Callable[[str], None] = lambda line: None
) -> dict[str, Path]:
    """Find the image of each case, of several channels the first, and check its grid.

    Done first, so that an image that does not fit is told before anything is measured.

    Args:
        folder: folder with images in any format that masks have too.
        pairs: the cases.
        show: takes a note where cases have no image.

    Returns:
        Case id to file.

    Raises:
        InputError: the folder is missing or holds no image of a case, or an image cannot be read
            or lies on another grid than its label.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of the images")
    cases = [pair.case_id for pair in pairs]
    files, notes = without_doubles(list_masks(folder), strip_ending)
    for note in notes:
        show(f"note: {note}")
    groups = group_channels(files, known_ids=cases)
    images = {case: groups[case][0] for case in cases if case in groups}
    missing = [case for case in cases if case not in images]
    if not images:
        raise InputError(
            f"{folder}: no image of {name_some(missing)}; name the folder of the images that "
            "were segmented"
        )
    if missing:
        show(f"note: {folder}: no image of {name_some(missing)}; the label is drawn instead")
    for pair in pairs:
        if pair.case_id in images:
            image, label = mask_grid(images[pair.case_id]), mask_grid(pair.label)
            require_same(image, label, remedy="give the image that was segmented")
    return images
