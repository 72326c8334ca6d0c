"""From the tensors that MONAI hands to a metric to one pair of masks a case and channel."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor

from cldice_monai.skeleton.mask import Mask, as_mask, as_mask_on_device, stays_on_device
from cldice_monai.topology.patches import PatchSampler

__all__ = ["Case", "binary_channels", "item_spacing_mm", "mean_of_measured", "measure_cases"]

_ONE_HOT = "AsDiscrete(argmax=True, to_onehot=C)"


@dataclass(frozen=True)
class Case:
    """One channel of one case: its masks, whole or in patches; tensors where they came on a GPU.

    Attributes:
        pred: boolean (N, H, W) or (N, H, W, D): the whole volume (N = 1) or N patches.
        label: boolean, the same shape.
        spacing_mm: voxel size from the label's metadata; None where it carries none.

    Example:
        >>> line = np.zeros((2, 5, 5), bool)  # two patches
        >>> line[0, 2] = True
        >>> Case(pred=line, label=line, spacing_mm=None).has_label().tolist()
        [True, False]
    """

    pred: Mask
    label: Mask
    spacing_mm: tuple[float, ...] | None

    def both(self) -> Any:
        """Return prediction and label as one batch (2, N, H, W) or (2, N, H, W, D)."""
        if isinstance(self.label, np.ndarray):
            return np.stack([self.pred, self.label])
        return torch.stack([torch.as_tensor(self.pred), self.label])

    def has_label(self) -> np.ndarray:
        """Return for each patch whether its label is not empty."""
        return np.array([bool(patch.any()) for patch in self.label], bool)


def binary_channels(
    y_pred: torch.Tensor, y: torch.Tensor, *, include_background: bool
) -> tuple[Any, Any]:
    """Check a pair of batches and return them as boolean masks, background left out if asked.

    Args:
        y_pred: (B, C, H, W) or (B, C, H, W, D), binary: one-hot classes or one foreground channel.
        y: the same shape, binary.
        include_background: whether channel 0 of several is measured. With a single channel, which
            can only be the foreground, False cannot act and warns.

    Returns:
        Prediction and label, boolean (B, C', H, W[, D]): tensors where both are on a GPU, else
        arrays.

    Raises:
        TypeError: not tensors.
        ValueError: another rank, different shapes, or values other than 0 and 1.

    Example:
        >>> x = torch.zeros(1, 2, 4, 4)
        >>> binary_channels(x, x, include_background=False)[0].shape
        (1, 1, 4, 4)
    """
    for name, value in (("y_pred", y_pred), ("y", y)):
        if not isinstance(value, torch.Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
    to_mask = as_mask_on_device if stays_on_device(y_pred) and stays_on_device(y) else as_mask
    predicted: Any = to_mask(y_pred, name="y_pred", ranks=(4, 5))
    true: Any = to_mask(y, name="y", ranks=(4, 5))
    if predicted.shape != true.shape:
        raise ValueError(
            f"y_pred and y must have one shape, got {tuple(y_pred.shape)} and {tuple(y.shape)}; "
            f"make both one-hot with {_ONE_HOT}, or both one channel"
        )
    if include_background:
        return predicted, true
    if predicted.shape[1] == 1:
        warnings.warn(
            "include_background=False cannot act on a single channel: it is measured as foreground",
            stacklevel=2,
        )
        return predicted, true
    return predicted[:, 1:], true[:, 1:]


def measure_cases(
    measure: Callable[[Case], Sequence[float]],
    y_pred: torch.Tensor,
    y: torch.Tensor,
    *,
    include_background: bool,
    patches: PatchSampler | None = None,
) -> torch.Tensor:
    """Apply a function to every batch item and channel.

    Args:
        measure: takes a `Case` and returns a fixed number n of figures. Its masks are tensors where
            both batches are on a GPU.
        y_pred: as for `binary_channels`.
        y: as for `binary_channels`. The name of a case, which seeds its patches, is the file name
            in a MetaTensor's metadata, with that of its folder where the file is only called label,
            mask or the like; without one the label's content, copied to the CPU, stands in for it.
        include_background: as for `binary_channels`.
        patches: measure these patches of each case instead of the whole volume.

    Returns:
        float32 tensor (B, C', n) on the device of ``y_pred``.

    Raises:
        TypeError: not tensors.
        ValueError: see `binary_channels`.

    Example:
        >>> x = torch.ones(2, 1, 4, 4)
        >>> measure_cases(lambda case: [case.label.sum()], x, x, include_background=True).tolist()
        [[[16.0]], [[16.0]]]
    """
    predicted, true = binary_channels(y_pred, y, include_background=include_background)
    if not len(true):
        raise ValueError("y_pred and y hold no item; leave out empty batches")
    rows = []
    for number, (item_pred, item_label) in enumerate(zip(predicted, true, strict=True)):
        spacing = item_spacing_mm(y, number)
        if patches is None:
            item_pred, item_label = item_pred[:, None], item_label[:, None]
        else:
            name = _case_id(y, number)
            starts = patches.starts(item_label.shape[1:], case_id=name)
            item_pred = [patches.crop(channel, starts) for channel in item_pred]
            item_label = [patches.crop(channel, starts) for channel in item_label]
        pairs = zip(item_pred, item_label, strict=True)
        rows.append([[float(v) for v in measure(Case(p, t, spacing))] for p, t in pairs])
    return torch.tensor(rows, dtype=torch.float32, device=y_pred.device)


def mean_of_measured(values: Iterable[float]) -> float:
    """Return the mean of what is not NaN, NaN where nothing is.

    Args:
        values: figures of the patches of a case.

    Returns:
        Their mean.

    Example:
        >>> mean_of_measured([1.0, float("nan"), 2.0])
        1.5
    """
    array = np.asarray(list(values), dtype=float)
    measured = array[~np.isnan(array)]
    return float(measured.mean()) if measured.size else float("nan")


def _of_item(value: object, number: int) -> object:
    """Return the entry of one item where the metadata of a batch was collated to a list."""
    return value[number] if isinstance(value, list | tuple) and number < len(value) else value


# What files and folders are called that hold one part of every case.
_OF_NO_CASE = re.compile(
    r"(annotations?|gt|ground_?truth|labels?|lbl|manual|masks?|seg|segmentations?|truth|vessels?)"
    r"(_\d{4})?",
    re.IGNORECASE,
)


def _with_folders(file: Path, name: str) -> str:
    """Put the folders before a name that is that of no case."""
    for folder in file.parents:
        if not _OF_NO_CASE.fullmatch(name.split("/")[0]) or not folder.name:
            break
        name = f"{folder.name}/{name}"
    return name


def _case_id(y: torch.Tensor, number: int) -> str:
    if isinstance(y, MetaTensor):
        file = _of_item(y.meta.get("filename_or_obj"), number)
        if isinstance(file, str) and file:
            name = Path(Path(file).name.removesuffix(".gz")).stem
            return _with_folders(Path(file), name)
    # All channels, whether or not the background is measured.
    content = (y[number] != 0).cpu().numpy()
    return hashlib.sha256(np.packbits(content).tobytes()).hexdigest()


def item_spacing_mm(y: torch.Tensor, number: int) -> tuple[float, ...] | None:
    """Return the voxel size of one item of a batch, in mm.

    Args:
        y: (B, C, H, W) or (B, C, H, W, D).
        number: which item.

    Returns:
        One size for each axis; None where the tensor carries no metadata.

    Example:
        >>> affine = torch.diag(torch.tensor([0.5, 0.5, 2.0, 1.0]))
        >>> item_spacing_mm(MetaTensor(torch.zeros(1, 1, 8, 8, 4), affine=affine), 0)
        (0.5, 0.5, 2.0)
        >>> item_spacing_mm(torch.zeros(1, 1, 8, 8, 4), 0) is None
        True
    """
    if not isinstance(y, MetaTensor):
        return None
    affine = torch.as_tensor(y.affine).as_subclass(torch.Tensor)
    matrix = affine[number] if affine.ndim == 3 else affine
    ndim = y.ndim - 2
    sizes = matrix[:3, :ndim].double().norm(dim=0)
    mm = _of_item(y.meta.get("mm_per_unit"), number)  # of this package's readers
    sizes = sizes * (1.0 if mm is None else float(mm))  # type: ignore[arg-type]
    return tuple(float(size) for size in sizes)
