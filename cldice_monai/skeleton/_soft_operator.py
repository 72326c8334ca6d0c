"""The soft skeleton as one differentiable operator, opaque to torch.compile.

As an operator of its own it is never traced: a compiled training step calls it like a
convolution, without a graph break and without unrolling its levels.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cldice_monai.skeleton._soft_compiled import (
    compiled_backward,
    compiled_forward,
    load_kernels,
)
from cldice_monai.skeleton._soft_eager import eager_backward, eager_forward
from cldice_monai.skeleton._soft_on_gpu import soft_skeleton_on_gpu
from cldice_monai.skeleton.usable_kernels import has_soft_kernels

__all__ = ["axes_as_bits", "soft_skeleton_operator"]


def _unpack(axes: list[int], n_dims: int) -> list[tuple[bool, ...]]:
    """One bit an axis: operators take no nested lists."""
    return [tuple(bool(bits >> axis & 1) for axis in range(n_dims)) for bits in axes]


def _use_kernels(x: Tensor, compiled: bool) -> bool:
    return compiled and x.device.type == "cpu" and load_kernels(x.dtype) is not None


@torch.library.custom_op("cldice_monai::soft_skeleton", mutates_args=())
def _forward(
    x: Tensor, axes: list[int], core: bool, ignore_border: bool, compiled: bool
) -> tuple[Tensor, Tensor]:
    if _use_kernels(x, compiled):
        return compiled_forward(x, axes, core, ignore_border)
    return eager_forward(x, _unpack(axes, x.dim() - 1), core, ignore_border)


@_forward.register_fake
def _(
    x: Tensor, axes: list[int], core: bool, ignore_border: bool, compiled: bool
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(x)


@torch.library.custom_op("cldice_monai::soft_skeleton_backward", mutates_args=())
def _backward(
    gradient: Tensor,
    x: Tensor,
    product: Tensor,
    axes: list[int],
    core: bool,
    ignore_border: bool,
    compiled: bool,
) -> Tensor:
    if _use_kernels(x, compiled):
        return compiled_backward(gradient, x, product, axes, (core, ignore_border))
    schedule = _unpack(axes, x.dim() - 1)
    return eager_backward(gradient, x, product, schedule, (core, ignore_border))


@_backward.register_fake
def _(gradient: Tensor, x: Tensor, *_rest: Any) -> Tensor:
    return torch.empty_like(x)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, *ctx.settings = inputs
    ctx.save_for_backward(x, output[1])
    ctx.mark_non_differentiable(output[1])


def _differentiate(ctx: Any, gradient: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:
    x, product = ctx.saved_tensors
    return _backward(gradient.contiguous(), x, product, *ctx.settings), None, None, None, None


torch.library.register_autograd(
    "cldice_monai::soft_skeleton", _differentiate, setup_context=_remember
)


def soft_skeleton_operator(
    x: Tensor, schedule: list[tuple[bool, ...]], *, core: bool, ignore_border: bool, compiled: bool
) -> Tensor:
    """Return the soft skeleton of a batch of images.

    Args:
        x: (N, H, W) or (N, D, H, W), floating, values in [0, 1]. Half precision is computed in
            float32.
        schedule: the axes eroded at each level.
        core: whether what survives the last erosion is added.
        ignore_border: whether the outside is neutral instead of background.
        compiled: whether a compiled kernel may be used.

    Returns:
        Skeleton of the shape and dtype of ``x``.
    """
    axes = axes_as_bits(schedule)
    if compiled and has_soft_kernels(x.device):
        return soft_skeleton_on_gpu(x, axes, core=core, ignore_border=ignore_border)
    work = x if x.dtype in (torch.float32, torch.float64) else x.float()
    skeleton, _ = _forward(work.contiguous(), axes, core, ignore_border, compiled)
    return skeleton.to(x.dtype)


def axes_as_bits(schedule: list[tuple[bool, ...]]) -> list[int]:
    """Return for each level one bit for each axis that is eroded.

    Args:
        schedule: the axes eroded at each level.

    Example:
        >>> axes_as_bits([(False, True), (True, True)])
        [2, 3]
    """
    return [sum(active << axis for axis, active in enumerate(level)) for level in schedule]
