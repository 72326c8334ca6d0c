"""Gaussian sliding windows whose sums are kept for the active slab only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from monai.data import MetaTensor
from monai.inferers import Inferer

from cldice_monai.boxes import Region
from cldice_monai.inferers.blend import blend_region, window_weights
from cldice_monai.inferers.columns import column_regions
from cldice_monai.inferers.windows import WindowGrid, window_grid

__all__ = ["SlabInferer"]


class SlabInferer(Inferer):
    """MONAI's sliding window with memory for one layer of windows instead of the whole volume.

    MONAI's inferer keeps the sum of all predictions and of all weights until the last window is
    done. Here windows advance along one axis, and what they have left behind is finished at once.
    The result is the same: the same windows, weights and padding.

    Args:
        roi_size: sides of a window, one number an axis of space; 0 or less takes the whole axis.
        sw_batch_size: windows that the network sees at a time.
        overlap: share that two windows have in common, one number or one an axis.
        mode: "gaussian" or "constant".
        sigma_scale: standard deviation of the gaussian as a share of the window's side.
        axis: spatial axis along which the windows advance.
        max_sum_bytes: memory for the sums. Where a whole slab needs more, it is cut into columns,
            and windows that meet several columns are computed for each. None does not cut.
        sum_device: where the sums are kept and the result is put; None is the input's device.

    Raises:
        ValueError: when called: if ``roi_size`` or ``overlap`` do not fit the image, or the
            smallest column does not fit into ``max_sum_bytes``.
        TypeError: when called: if the network returns anything but one tensor.

    Example:
        >>> slab = SlabInferer((8, 8, 8), overlap=0.5)
        >>> slab(torch.ones(1, 1, 20, 9, 5), torch.nn.Identity()).shape
        torch.Size([1, 1, 20, 9, 5])
    """

    def __init__(
        self,
        roi_size: Sequence[int],
        sw_batch_size: int = 4,
        overlap: float | Sequence[float] = 0.5,
        mode: Literal["gaussian", "constant"] = "gaussian",
        *,
        sigma_scale: float = 0.125,
        axis: int = 0,
        max_sum_bytes: int | None = None,
        sum_device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.roi_size = tuple(roi_size)
        self.sw_batch_size = sw_batch_size
        self.overlap = overlap
        self.mode = mode
        self.sigma_scale = sigma_scale
        self.axis = axis
        self.max_sum_bytes = max_sum_bytes
        self.sum_device = sum_device

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Run the network over a batch.

        Args:
            inputs: (B, C, H, W) or (B, C, H, W, D), float.
            network: called with windows (n, C, ...); gives one tensor (n, K, ...) of their sides.
            args: passed on to the network.
            kwargs: passed on to the network.

        Returns:
            (B, K, ...), float32 on ``sum_device``, with the metadata of ``inputs``.
        """
        grid = window_grid(inputs.shape[2:], self.roi_size, self.overlap)
        device = torch.device(self.sum_device or inputs.device)
        weights = window_weights(grid.roi, self.mode, self.sigma_scale).to(device)
        plain = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs

        def predict(windows: torch.Tensor) -> Any:
            return network(windows, *args, **kwargs)

        found = [self._run(item, grid, predict, weights) for item in plain]
        output = found[0][None] if len(found) == 1 else torch.stack(found)
        return MetaTensor(output).copy_meta_from(inputs) if plain is not inputs else output

    def _run(
        self,
        image: torch.Tensor,
        grid: WindowGrid,
        predict: Callable[[torch.Tensor], torch.Tensor],
        weights: torch.Tensor,
    ) -> torch.Tensor:
        """Run over one image (C, ...)."""
        output = weights.new_empty(0)

        def read(box: Region) -> torch.Tensor:
            return image[(slice(None), *box)]

        def write(box: Region, values: torch.Tensor) -> None:
            nonlocal output
            if not output.numel():
                output = weights.new_empty((len(values), *grid.shape))
            output[(slice(None), *box)] = values

        for region in self._regions(image, grid, predict):
            blend_region(
                region,
                grid,
                read=read,
                predict=predict,
                write=write,
                weights=weights,
                axis=self.axis,
                batch_size=self.sw_batch_size,
            )
        return output

    def _regions(
        self,
        image: torch.Tensor,
        grid: WindowGrid,
        predict: Callable[[torch.Tensor], torch.Tensor],
    ) -> list[Region]:
        if self.max_sum_bytes is None:
            return [tuple(slice(0, n) for n in grid.shape)]
        n_outputs = predict(image.new_zeros((1, len(image), *grid.roi))).shape[1]
        return column_regions(
            grid, axis=self.axis, n_outputs=n_outputs, max_bytes=self.max_sum_bytes
        )
