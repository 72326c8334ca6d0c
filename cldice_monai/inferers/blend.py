"""Blend the windows of a region in the order of one axis, with room for one layer of windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import torch
from torch.nn.functional import pad

from cldice_monai.boxes import Region, region_shape
from cldice_monai.inferers.windows import WindowGrid

__all__ = ["blend_region", "window_weights"]

Reader = Callable[[Region], np.ndarray | torch.Tensor]
Writer = Callable[[Region, torch.Tensor], None]
Predictor = Callable[[torch.Tensor], torch.Tensor]


def window_weights(roi: Sequence[int], mode: str, sigma_scale: float = 0.125) -> torch.Tensor:
    """Return how much each voxel of a window counts where windows overlap.

    Args:
        roi: sides of a window.
        mode: "gaussian" or "constant".
        sigma_scale: standard deviation of the gaussian as a share of the side.

    Returns:
        float32 of shape ``roi``, MONAI's importance map.

    Example:
        >>> weights = window_weights((8, 8, 8), "gaussian")
        >>> tuple(weights.shape), bool(weights[4, 4, 4] > weights[0, 0, 0])
        ((8, 8, 8), True)
    """
    from monai.data.utils import compute_importance_map

    weights: torch.Tensor = compute_importance_map(tuple(roi), mode=mode, sigma_scale=sigma_scale)
    return weights


def blend_region(
    region: Region,
    grid: WindowGrid,
    *,
    read: Reader,
    predict: Predictor,
    write: Writer,
    weights: torch.Tensor,
    axis: int = 0,
    batch_size: int = 4,
) -> None:
    """Predict one region of a volume from all windows that meet it.

    Windows come layer by layer along ``axis``. What lies before the next layer is finished: it is
    divided by the sum of its weights, handed to ``write``, and forgotten. The windows are those of
    the whole volume in the same order, so that neighbouring regions meet without a seam; a window
    that meets two regions is computed for both.

    Args:
        region: box inside the volume to be predicted.
        grid: the windows of the whole volume.
        read: gives the intensities (C, ...) of a box inside the volume, ready for the network.
        predict: the network: (B, C, ...) to (B, K, ...) of the same sides.
        write: is given each finished box and its values (K, ...), float32, which it may change but
            not keep.
        weights: of a window, from `window_weights`; sums are kept on their device.
        axis: spatial axis along which the windows advance.
        batch_size: windows that the network sees at a time.

    Raises:
        ValueError: if the network's output has not the sides of its window.

    Example:
        >>> from cldice_monai.inferers.windows import window_grid
        >>> image, found = torch.rand(1, 40, 24, 24), torch.zeros(1, 40, 24, 24)
        >>> def read(box): return image[(slice(None), *box)]
        >>> def write(box, values): found[(slice(None), *box)] = values
        >>> everything = (slice(0, 40), slice(0, 24), slice(0, 24))
        >>> grid = window_grid((40, 24, 24), (16, 16, 16), 0.5)
        >>> files = {"read": read, "write": write, "weights": torch.ones(16, 16, 16)}
        >>> blend_region(everything, grid, predict=lambda x: 2 * x, **files)
        >>> torch.allclose(found, 2 * image)
        True
    """
    starts = grid.starts_in(region)
    sums = _Sums(region, depth=grid.roi[axis], axis=axis, weights=weights)
    for layer in starts[axis]:
        sums.finish_before(layer, write)
        sides = (*starts[:axis], (layer,), *starts[axis + 1 :])
        for corners in _batches(sides, batch_size):
            predicted = predict(torch.stack([_window(read, corner, grid) for corner in corners]))
            _check_output(predicted, len(corners), grid.roi)
            for corner, values in zip(corners, predicted, strict=True):
                sums.add(corner, values)
    sums.finish_before(region[axis].stop, write)


class _Sums:
    """Weighted sums of predictions, and of weights, over the open part of a region."""

    def __init__(self, region: Region, *, depth: int, axis: int, weights: torch.Tensor) -> None:
        self.region, self.axis, self.weights = region, axis, weights
        self.base = region[axis].start  # first layer of voxels that is not finished
        sides = list(region_shape(region))
        sides[axis] = min(depth, sides[axis])
        self.sides = sides
        self.values: torch.Tensor | None = None
        self.total = weights.new_zeros(sides)

    def add(self, corner: Sequence[int], values: torch.Tensor) -> None:
        """Add the prediction (K, ...) of the window that begins at ``corner``."""
        if self.values is None:
            self.values = self.weights.new_zeros((len(values), *self.sides))
        here, inside = [], []
        low = [part.start for part in self.region]
        low[self.axis] = self.base
        for start, side, first, room in zip(
            corner, self.weights.shape, low, self.sides, strict=True
        ):
            begin, end = max(start, first), min(start + side, first + room)
            here.append(slice(begin - first, end - first))
            inside.append(slice(begin - start, end - start))
        weights = self.weights[tuple(inside)]
        part = values[(slice(None), *inside)].to(weights, non_blocking=False)
        self.values[(slice(None), *here)].addcmul_(part, weights)
        self.total[tuple(here)] += weights

    def finish_before(self, layer: int, write: Writer) -> None:
        """Write all layers of voxels before ``layer``, and make room for as many."""
        n_done = min(layer, self.region[self.axis].stop) - self.base
        if n_done <= 0 or self.values is None:
            return
        n_done = min(n_done, self.sides[self.axis])
        done = self.values.narrow(self.axis + 1, 0, n_done)
        done /= self.total.narrow(self.axis, 0, n_done)
        box = list(self.region)
        box[self.axis] = slice(self.base, self.base + n_done)
        write(tuple(box), done)
        _move_back(self.values, self.axis + 1, n_done)
        _move_back(self.total, self.axis, n_done)
        self.base += n_done


def _move_back(sums: torch.Tensor, axis: int, distance: int) -> None:
    """Move layers to the front one by one, which needs no second copy, and clear the rest."""
    n_kept = sums.shape[axis] - distance
    for index in range(n_kept):
        sums.select(axis, index).copy_(sums.select(axis, index + distance))
    sums.narrow(axis, n_kept, distance).zero_()


def _batches(sides: Sequence[Sequence[int]], batch_size: int) -> Iterator[list[tuple[int, ...]]]:
    corners = list(product(*sides))
    for first in range(0, len(corners), batch_size):
        yield corners[first : first + batch_size]


def _window(read: Reader, corner: Sequence[int], grid: WindowGrid) -> torch.Tensor:
    """Read a window (C, ...), padded by zeros where the volume ends."""
    box, missing = [], []
    for start, side, size in zip(corner, grid.roi, grid.shape, strict=True):
        box.append(slice(max(start, 0), min(start + side, size)))
        missing.append((box[-1].start - start, start + side - box[-1].stop))
    window = torch.as_tensor(read(tuple(box)))
    if not any(map(sum, missing)):
        return window
    return pad(window, [n for ends in reversed(missing) for n in ends])


def _check_output(predicted: torch.Tensor, n_windows: int, roi: Sequence[int]) -> None:
    if not isinstance(predicted, torch.Tensor):
        raise TypeError(
            f"the network must return one tensor, got {type(predicted).__name__}; "
            "wrap it so that it returns its main output"
        )
    if predicted.shape[:1] != (n_windows,) or tuple(predicted.shape[2:]) != tuple(roi):
        raise ValueError(
            f"the network must return (B, K, ...) with the sides {tuple(roi)} of the window, "
            f"got {tuple(predicted.shape)}"
        )
