"""The iterations of the soft skeleton that a data set needs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from cldice_monai.data.nifti import read_volume
from cldice_monai.losses import suggest_iter

__all__ = ["suggest_training_iter"]

_logger = logging.getLogger(__name__)


def suggest_training_iter(
    items: Iterable[Mapping[str, Any]], *, least: int = 3, most: int = 25
) -> int:
    """Return the ``iter_`` with which the thickest vessel of all labels is thinned completely.

    Args:
        items: dictionaries whose "label" is the path of a label; vessel is > 0.
        least: never less than this, because a prediction may be thicker than any label.
        most: never more than this; vessels that are still thicker keep a core in their skeleton,
            which the loss counts as skeleton.

    Returns:
        Number of iterations, between ``least`` and ``most``.

    Reference:
        Shit et al., CVPR 2021, section 4.1 (k at least the largest radius; 5 to 25 there).
    """
    needed = max(
        (suggest_iter((read_volume(item["label"]).array > 0)[None]) for item in items), default=0
    )
    iter_ = min(max(needed, least), most)
    _logger.info("soft skeleton: iter_ = %d (the thickest vessel needs %d)", iter_, needed)
    return iter_
