"""The soft skeleton by Triton kernels as a differentiable operator, opaque to torch.compile.

It is an operator of its own because it keeps other things for its backward pass than the one of the
CPU: in one word a voxel and level what was taken away and where extremes lay, instead of eroding
again.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor

from cldice_monai.kernels.kept import empty_kept, nothing_kept
from cldice_monai.skeleton._soft_compiled import as_volumes

__all__ = ["soft_kernels", "soft_skeleton_on_gpu"]


def soft_kernels() -> Any:
    """Return the module that runs the kernels; triton is imported with it."""
    return importlib.import_module("cldice_monai.kernels.soft_triton")


@torch.library.custom_op("cldice_monai::soft_skeleton_on_gpu", mutates_args=())
def _forward(
    x: Tensor, axes: list[int], core: bool, ignore_border: bool, keep: bool
) -> tuple[Tensor, Tensor, Tensor]:
    sizes, axes = as_volumes(x, axes)
    skeleton, kept, _ = soft_kernels().triton_forward(
        x.view(sizes), axes, (core, ignore_border), keep=keep
    )
    return skeleton.view(x.shape), *(kept or nothing_kept(x))


@_forward.register_fake
def _(
    x: Tensor, axes: list[int], core: bool, ignore_border: bool, keep: bool
) -> tuple[Tensor, Tensor, Tensor]:
    sizes, axes = as_volumes(x, axes)
    return torch.empty_like(x), *(empty_kept(x, sizes, len(axes)) if keep else nothing_kept(x))


@torch.library.custom_op("cldice_monai::soft_skeleton_on_gpu_backward", mutates_args=())
def _backward(
    gradient: Tensor,
    product: Tensor,
    words: Tensor,
    axes: list[int],
    core: bool,
    ignore_border: bool,
) -> Tensor:
    kernels = soft_kernels()
    _, axes = as_volumes(gradient, axes)
    found: Tensor = kernels.triton_backward(
        gradient.to(product.dtype).reshape(product.shape),
        kernels.Kept(product, words),
        axes,
        (core, ignore_border),
    )
    return found.view(gradient.shape).to(gradient.dtype)


@_backward.register_fake
def _(gradient: Tensor, *_rest: Any) -> Tensor:
    return torch.empty_like(gradient, memory_format=torch.contiguous_format)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, *settings, _keep = inputs
    ctx.settings = settings
    ctx.save_for_backward(*output[1:])
    ctx.mark_non_differentiable(*output[1:])


def _differentiate(ctx: Any, gradient: Tensor, *_rest: Any) -> tuple[Tensor | None, ...]:
    return _backward(gradient.contiguous(), *ctx.saved_tensors, *ctx.settings), *[None] * 4


torch.library.register_autograd(
    "cldice_monai::soft_skeleton_on_gpu", _differentiate, setup_context=_remember
)


def soft_skeleton_on_gpu(x: Tensor, axes: list[int], *, core: bool, ignore_border: bool) -> Tensor:
    """Return the soft skeleton of a batch of images.

    Args:
        x: (N, H, W) or (N, D, H, W), half, single or double precision, values in [0, 1].
        axes: for each level one bit for each axis that is eroded.
        core: whether what survives the last erosion is added.
        ignore_border: whether the outside is neutral instead of background.

    Returns:
        Skeleton of the shape and dtype of ``x``.
    """
    keep = torch.is_grad_enabled() and x.requires_grad
    return _forward(x.contiguous(), axes, core, ignore_border, keep)[0]
