"""The sums of clDice by kernels for GPUs, which add them up while they make the skeletons.

Neither the prediction's skeleton nor a product of it with anything is ever written to memory; its
gradient follows from that of the four sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from cldice_monai.kernels.kept import empty_kept, nothing_kept
from cldice_monai.losses._prepare import Prepared
from cldice_monai.losses._skeletons import Skeletoniser
from cldice_monai.skeleton._soft_compiled import as_volumes
from cldice_monai.skeleton._soft_on_gpu import soft_kernels
from cldice_monai.skeleton._soft_operator import axes_as_bits
from cldice_monai.skeleton._soft_schedule import erosion_schedule
from cldice_monai.skeleton.usable_kernels import has_soft_kernels

__all__ = ["fused_cldice_sums", "may_fuse"]

_OPTIONS = (True, True)  # the core is added and the border ignored, as in `soft_skeleton`


def may_fuse(prepared: Prepared, skeleton: Skeletoniser) -> bool:
    """Return whether the kernels compute what is asked for: soft skeletons, everything counted.

    Args:
        prepared: probabilities, label and mask.
        skeleton: how skeletons are made.
    """
    return (
        isinstance(skeleton, str)
        and skeleton == "soft"
        and prepared.mask is None
        and prepared.input.numel() > 0
        and has_soft_kernels(prepared.input.device)
    )


def fused_cldice_sums(
    prepared: Prepared, iter_: int, spacing: Sequence[float] | None, *, batch: bool
) -> Tensor:
    """Return the four sums that clDice is made of, as `cldice_sums` does.

    Args:
        prepared: probabilities and label, without mask, on a GPU.
        iter_: iterations of the soft skeleton.
        spacing: voxel size along each spatial axis, or None.
        batch: whether they are sums over the batch.

    Returns:
        Tensor (4, B, C), or (4, C) of the batch.
    """
    probability, label = prepared.input, prepared.target
    axes = axes_as_bits(erosion_schedule(iter_ + 1, probability.dim() - 2, spacing))
    keep = torch.is_grad_enabled() and probability.requires_grad
    # (B, C, H, W) reads like (N, H, W) for the kernels once batch and channels are one axis.
    flat = [x.reshape(-1, *x.shape[2:]).contiguous() for x in (probability, label)]
    sums = _forward(flat[0], flat[1], axes, keep)[0].reshape(4, *probability.shape[:2])
    return sums.sum(1) if batch else sums


@torch.library.custom_op("cldice_monai::fused_cldice_sums", mutates_args=())
def _forward(
    probability: Tensor, label: Tensor, axes: list[int], keep: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    kernels = soft_kernels()
    sizes, axes = as_volumes(probability, axes)
    values, truth = probability.view(sizes), label.view(sizes)
    true_skeleton, _, of_label = kernels.triton_forward(
        truth, axes, _OPTIONS, keep=False, summed=kernels.Summed(1, values, values)
    )
    _, kept, of_prediction = kernels.triton_forward(
        values, axes, _OPTIONS, keep=keep, summed=kernels.Summed(2, values, truth)
    )
    sums = torch.cat([of_prediction, of_label])
    if not keep:
        true_skeleton = label.new_empty((0,))
    return sums, true_skeleton, *(kept or nothing_kept(probability))


@_forward.register_fake
def _(
    probability: Tensor, label: Tensor, axes: list[int], keep: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    sums = probability.new_empty((4, len(probability)))
    if not keep:
        return sums, label.new_empty((0,)), *nothing_kept(probability)
    sizes, axes = as_volumes(probability, axes)
    return sums, label.new_empty(sizes), *empty_kept(probability, sizes, len(axes))


@torch.library.custom_op("cldice_monai::fused_cldice_sums_backward", mutates_args=())
def _backward(
    factors: Tensor,
    probability: Tensor,
    label: Tensor,
    true_skeleton: Tensor,
    product: Tensor,
    words: Tensor,
    axes: list[int],
) -> Tensor:
    kernels = soft_kernels()
    sizes, axes = as_volumes(probability, axes)
    known = kernels.FromSums(probability.view(sizes), label.view(sizes), true_skeleton, factors)
    kept = kernels.Kept(product, words)
    found: Tensor = kernels.triton_backward(known, kept, axes, _OPTIONS)
    return found.view(probability.shape)


@_backward.register_fake
def _(factors: Tensor, probability: Tensor, *_rest: Any) -> Tensor:
    return torch.empty_like(probability)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    probability, label, ctx.axes, _keep = inputs
    ctx.save_for_backward(probability, label, *output[1:])
    ctx.mark_non_differentiable(*output[1:])


def _differentiate(ctx: Any, of_sums: Tensor, *_rest: Any) -> tuple[Tensor | None, ...]:
    factors = of_sums[:3].contiguous()
    return _backward(factors, *ctx.saved_tensors, ctx.axes), None, None, None


torch.library.register_autograd(
    "cldice_monai::fused_cldice_sums", _differentiate, setup_context=_remember
)
