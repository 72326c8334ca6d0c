"""How images are prepared for a network, as it is written beside the network's weights."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cldice_monai.errors import InputError
from cldice_monai.workflows.settings import as_switch

__all__ = ["Preparation", "preparation_from_json", "preparation_to_json"]


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What is done to an image before a network sees it, and to its probabilities afterwards.

    Weights segment well only what is prepared as their training images were. The defaults are
    those of the bundle's train.json.

    Attributes:
        side_mm: voxel side that volumes of a microscope are resampled to, see
            `cldice_monai.transforms.ResampleToWorkingGrid`; None keeps every volume's grid.
        cutoff: quantile above which intensities are cut off before they are scaled to [0, 1]; one
            for all channels or one a channel.
        lift: how much dim vessels are lifted after that, see
            `cldice_monai.transforms.ScaleIntensityCutoff`.
        floor: quantile that becomes 0, see there; 0 for the smallest intensity.
        factors: resolutions whose probabilities are averaged, as factors of ``side_mm``; a volume
            that keeps its grid is segmented on it alone.
        pad_windows: whether a volume smaller than a window is padded, or the window made smaller.
        threshold: probability from which a voxel is vessel.

    Raises:
        InputError: for a value that cannot be one.

    Example:
        >>> Preparation(lift=50).cutoff
        0.99
    """

    side_mm: float | None = None
    cutoff: float | Sequence[float] = 0.99
    lift: float = 0.0
    floor: float = 0.0
    factors: Sequence[float] = (1.0,)
    pad_windows: bool = True
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.side_mm is not None and not _within(self.side_mm, 0, math.inf):
            raise InputError(
                f"side_mm must be a length in mm above 0, or None to keep every grid, got "
                f"{self.side_mm!r}; for example --side_mm 0.002"
            )
        cutoffs = self.cutoff if isinstance(self.cutoff, list | tuple) else [self.cutoff]
        if not cutoffs or not all(_within(one, 0, 1) or one == 1 for one in cutoffs):
            raise InputError(
                f"cutoff must be above 0 and at most 1, got {self.cutoff!r}; for example "
                "--cutoff 0.99"
            )
        if not (_within(self.lift, 0, math.inf) or self.lift == 0):
            raise InputError(f"lift must be 0 or more, got {self.lift!r}; for example --lift 50")
        lowest = min(cutoffs)
        if not (_within(self.floor, 0, lowest) or self.floor == 0):
            raise InputError(
                f"floor must be 0 or more and below the cutoff {lowest}, got {self.floor!r}; for "
                "example --floor 0.3"
            )
        given = self.factors if isinstance(self.factors, list | tuple) else []
        if not given or not all(_within(one, 1, math.inf) or one == 1 for one in given):
            raise InputError(
                f"factors must be a list of numbers of 1 or more, got {self.factors!r}; for "
                "example --factors '[1,1.5,3]'"
            )
        if not (_within(self.threshold, 0, 1) or self.threshold in (0, 1)):
            raise InputError(
                f"threshold must be a probability between 0 and 1, got {self.threshold!r}; for "
                "example --threshold 0.5"
            )
        # a command line gives words and lists
        switch = as_switch(self.pad_windows, argument="pad_windows")
        object.__setattr__(self, "pad_windows", switch)
        object.__setattr__(self, "factors", tuple(float(one) for one in given))


def _within(value: object, low: float, high: float) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return low < value < high


NAMES = tuple(field.name for field in fields(Preparation))


def preparation_to_json(
    preparation: Preparation, *, sha256: str, training: Mapping[str, Any] | None = None
) -> str:
    """Return the text of the file that lies beside weights.

    Args:
        preparation: what is written, one key an attribute.
        sha256: hash of the file of the weights, in hexadecimal.
        training: what is to be known of how they were made, plain values; None for nothing.

    Example:
        >>> text = preparation_to_json(Preparation(side_mm=0.002), sha256="ab12")
        >>> json.loads(text)["side_mm"], json.loads(text)["sha256"]
        (0.002, 'ab12')
    """
    values = {name: value for name, value in asdict(preparation).items() if name in NAMES}
    values |= {"sha256": sha256} | ({} if training is None else {"training": dict(training)})
    lines = [f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def preparation_from_json(text: str, *, path: Path, sha256: str) -> Preparation:
    """Return the preparation in the text of a file beside weights.

    Args:
        text: content of the file; an attribute that it does not name has its default.
        path: the file, for the message.
        sha256: hash of the weights that it must belong to.

    Raises:
        InputError: if it is no such file, or belongs to other weights.

    Example:
        >>> text = preparation_to_json(Preparation(lift=9.0), sha256="ab12")
        >>> preparation_from_json(text, path=Path("model.json"), sha256="ab12").lift
        9.0
    """
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise InputError(
            f"{path}: not a JSON file ({error}); copy it again with its weights"
        ) from None
    if isinstance(content, dict):
        content.pop("training", None)  # for people
    unknown = sorted(set(content) - {*NAMES, "sha256"}) if isinstance(content, dict) else []
    if not isinstance(content, dict) or "sha256" not in content or unknown:
        what = f"it holds {unknown[0]}" if unknown else "it holds no sha256 of them"
        raise InputError(
            f"{path}: does not say how images are prepared for the weights beside it ({what}); "
            "move it elsewhere, or copy the weights without it"
        )
    if content.pop("sha256") != sha256:
        raise InputError(
            f"{path}: belongs to other weights than the file beside it (sha256 differs); copy both "
            "together, or move it elsewhere and give the preparation as settings"
        )
    try:
        return Preparation(**content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
