"""Runs the Triton kernels of the soft skeleton, level by level."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from cldice_monai.kernels.kept import word_type
from cldice_monai.kernels.soft_backward import gradient_kernel, seed_kernel
from cldice_monai.kernels.soft_forward import erosion_kernel, level_kernel

__all__ = ["FromSums", "Kept", "Summed", "triton_backward", "triton_forward"]

# One voxel a thread: with two, the compiler takes so many registers that few threads fit at a time.
_VOXELS_PER_WARP = 32
_SMALL_BLOCK, _LARGEST_BLOCK = 128, 512
_PLANES = 8  # that a program goes through; it looks at two more
_ENOUGH_PROGRAMS = 1024  # to keep a large card busy; for fewer, programs are made shorter


class Kept(NamedTuple):
    """What the forward pass leaves for the backward pass.

    Attributes:
        product: of 1 - d over the levels and the core, of the image's shape.
        words: for level j the place of each maximum of level j - 1 and minimum of level j, and
            1 / (1 - d) for what level j - 1 took away (0 where there is no gradient), for level 0
            what the core did; (levels + 1, *image), int32, for double precision int64.
    """

    product: Tensor
    words: Tensor


class Summed(NamedTuple):
    """What else the last launch reads to sum up a skeleton.

    Attributes:
        kind: 1 for a label's skeleton, 2 for a prediction's.
        probability: the prediction, contiguous.
        other: what the numerator is multiplied by: the prediction for a label's skeleton, the label
            for a prediction's.
    """

    kind: int
    probability: Tensor
    other: Tensor


class FromSums(NamedTuple):
    """What the gradient of a prediction's sums is made of.

    Attributes:
        probability: the prediction, contiguous.
        label: its label.
        true_skeleton: the label's skeleton.
        factors: (3, N) gradients of |S_P V_P^2 V_L|, |S_P V_P^2| and |S_L V_P|, contiguous.
    """

    probability: Tensor
    label: Tensor
    true_skeleton: Tensor
    factors: Tensor


def _block(n_voxels: int) -> int:
    """Two sizes are enough, and fewer kernels have to be compiled."""
    return _SMALL_BLOCK if n_voxels <= _SMALL_BLOCK else _LARGEST_BLOCK


class _Launch:
    """The grid of programs over a batch of volumes, and what every kernel is told about it."""

    def __init__(self, x: Tensor, axes: list[int], ignore_border: bool) -> None:
        n_items, depth, height, width = x.shape
        self.block = _block(height * width)
        self.planes = min(_PLANES, depth)
        n_blocks = triton.cdiv(height * width, self.block)
        while self.planes > 2 and self._programs(n_items, n_blocks, depth) < _ENOUGH_PROGRAMS:
            self.planes = triton.cdiv(self.planes, 2)
        self.n_programs = self._programs(n_items, n_blocks, depth)
        self.sizes = {"depth": depth, "height": height, "width": width, "planes": self.planes}
        crosses_border = not ignore_border and any(level & 2 for level in axes)
        self.fixed: dict[str, Any] = {
            "real": tl.float64 if x.dtype == torch.float64 else tl.float32,
            "rows": height > 1 or crosses_border,
            "block": self.block,
            "num_warps": self.block // _VOXELS_PER_WARP,
        }

    def _programs(self, n_items: int, n_blocks: int, depth: int) -> int:
        return n_items * n_blocks * triton.cdiv(depth, self.planes)

    def __call__(self, kernel: Any, *arguments: Any, **constants: Any) -> None:
        with torch.cuda.device_of(arguments[0]):  # triton launches on the current device
            kernel[(self.n_programs,)](*arguments, **self.sizes, **constants, **self.fixed)


def triton_forward(
    x: Tensor,
    axes: list[int],
    options: tuple[bool, bool],
    *,
    keep: bool,
    summed: Summed | None = None,
) -> tuple[Tensor, Kept | None, Tensor | None]:
    """Return the soft skeleton of a batch of volumes.

    Args:
        x: (N, D, H, W), contiguous, half, single or double precision; images come as
            (N, H, 1, W). Erosions are stored in its dtype, which holds them exactly.
        axes: for each level one bit for each axis that is eroded.
        options: whether what survives the last erosion is added, and whether the outside is
            neutral instead of background.
        keep: whether a gradient will be wanted.
        summed: what to sum up the skeleton with.

    Returns:
        Skeleton of the dtype of ``x``, empty where a prediction is summed up; what the backward
            pass needs, where ``keep``; and the sums (2, N), numerator and denominator.
    """
    core, ignore = options
    launch = _Launch(x, axes, ignore)
    real = torch.float64 if x.dtype == torch.float64 else torch.float32
    n_levels = len(axes)
    kept = None
    if keep:
        words = x.new_empty((n_levels + 1, *x.shape), dtype=word_type(x.dtype))
        kept = Kept(torch.empty_like(x, dtype=real), words)
    product = kept.product if kept else torch.empty_like(x, dtype=real)
    is_prediction = summed is not None and summed.kind == 2
    skeleton = x.new_empty((0,)) if is_prediction else torch.empty_like(x)
    partial = x.new_empty((launch.n_programs, 2), dtype=real)
    kind, probability, other = summed or (0, x, x)
    eroded = torch.empty_like(x)
    at_level = tuple(kept.words) if kept else (product,) * (n_levels + 1)
    launch(erosion_kernel, x, eroded, at_level[0], axes=axes[0], ignore=ignore, keep=keep)
    image, spare = x, torch.empty_like(x)
    for level in range(n_levels):
        last = level == n_levels - 1
        launch(
            level_kernel, image, eroded, spare, product, at_level[level + 1], at_level[0],
            skeleton, probability, other, partial,
            # What a launch does not use is always the same, so that it is not compiled again.
            axes=0 if last else axes[level + 1], ignore=ignore or last, is_first=level == 0,
            is_last=last, core=core or not last, keep=keep, sums=kind if last else 0,
        )  # fmt: skip
        image, eroded, spare = eroded, spare, eroded
    sums = partial.reshape(len(x), -1, 2).sum(1).T.contiguous() if summed else None
    return skeleton, kept, sums


def triton_backward(
    gradient: Tensor | FromSums,
    kept: Kept,
    axes: list[int],
    options: tuple[bool, bool],
) -> Tensor:
    """Return the gradient with respect to the image, float32 or float64.

    Args:
        gradient: of the skeleton, (N, D, H, W), contiguous; or what it follows from.
        kept: as `triton_forward` returned it.
        axes: as given to it.
        options: as given to it.
    """
    core, ignore = options
    product = kept.product
    launch = _Launch(product, axes, ignore)
    n_items, n_levels = len(product), len(axes)
    if isinstance(gradient, FromSums):
        sums, known = True, gradient
        weighted = _seed(known, product)
    else:
        sums, known = False, FromSums(product, product, product, product)
        # Where nothing is left, the one level that took all has the whole gradient.
        weighted = torch.where(product == 0, 1.0, product).mul_(gradient)
    above, out = torch.empty_like(product), torch.empty_like(product)
    for level in range(n_levels, -1, -1):
        launch(
            gradient_kernel, kept.words[level], kept.words[(level + 1) % (n_levels + 1)],
            above, weighted, out, *known[:3], product, known.factors, n_items,
            is_first=level == n_levels, is_last=level == 0,
            core=core or level < n_levels, sums=sums and level == 0,
        )  # fmt: skip
        above, out = out, above
    return above


def _seed(known: FromSums, product: Tensor) -> Tensor:
    """Return the gradient of the prediction's skeleton times the product, times 1 where it is 0."""
    weighted = torch.empty_like(product)
    size = product[0].numel()
    block = _block(size)
    real = tl.float64 if product.dtype == torch.float64 else tl.float32
    with torch.cuda.device_of(product):
        seed_kernel[(len(product) * triton.cdiv(size, block),)](
            known.probability, known.label, product, known.factors, weighted,
            size=size, n_items=len(product), real=real, block=block,
            num_warps=block // _VOXELS_PER_WARP,
        )  # fmt: skip
    return weighted
