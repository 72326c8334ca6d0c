"""The differentiable soft skeleton of the clDice paper, in a sound and a literal form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from cldice_monai.skeleton._soft_compiled import load_kernels
from cldice_monai.skeleton._soft_operator import soft_skeleton_operator
from cldice_monai.skeleton._soft_schedule import erosion_schedule
from cldice_monai.skeleton.usable_kernels import has_soft_kernels

__all__ = ["soft_skeleton"]


def soft_skeleton(
    x: Tensor,
    iter_: int = 3,
    *,
    core: bool = True,
    border: Literal["background", "ignore"] = "ignore",
    spacing: Sequence[float] | None = None,
    backend: Literal["auto", "compiled", "eager"] = "auto",
) -> Tensor:
    """Return the soft skeleton of images of probabilities.

    Erosion is the minimum over the face neighbours, dilation the maximum over the full box. What
    an opening takes away from the image after j erosions is collected for j = 0..iter_. What
    survives all ``iter_ + 1`` erosions, the core of a structure too thick for ``iter_``, is
    collected too, so that no structure is without skeleton; ``core=False`` is the form of the
    paper's appendix, which loses it.

    Algorithm 1 runs its loop for i = 0..k inclusive, one level more than the appendix' code with
    ``iter_ = k``: ``iter_`` here is that of the appendix and of MONAI.

    Args:
        x: (B, C, H, W) or (B, C, H, W, D), floating, probabilities in [0, 1]. Half precision is
            computed in float32.
        iter_: number of iterations, at least the largest radius r in voxels (along the finest axis
            where ``spacing`` is given) for a complete thinning of tubes 2 r + 1 voxels thick.
        core: add what survives the last erosion.
        border: whether the outside of the image is left out of each minimum, so that a vessel cut
            by the edge of a patch keeps its skeleton up to there, or is background.
        spacing: voxel size along each spatial axis; coarse axes are then eroded less often.
        backend: "auto" uses kernels compiled on first use: on the CPU where a C compiler is found,
            on an NVIDIA GPU where triton is installed. "eager" uses plain tensor operations;
            "compiled" insists on kernels.

    Returns:
        Plain tensor of the shape and dtype of ``x``, in [0, 1]; an empty image gives an empty
            skeleton.

    Raises:
        TypeError: where ``x`` is not floating or ``iter_`` is not an integer.
        RuntimeError: where "compiled" is asked for and cannot be had.
        ValueError: for a shape, ``iter_``, ``border`` or ``spacing`` that cannot be used.

    Example:
        >>> bar = torch.zeros(1, 1, 5, 7)
        >>> bar[..., 1:4, 1:6] = 1
        >>> soft_skeleton(bar, 2)[0, 0].int().tolist()[2]
        [0, 0, 1, 1, 1, 0, 0]

    Reference:
        Shit et al., clDice, CVPR 2021, Algorithm 1 and appendix G.2, G.3.
    """
    if hasattr(x, "as_tensor"):
        x = x.as_tensor()
    _check(x, iter_, border)
    if backend not in ("auto", "compiled", "eager"):
        raise ValueError(f'backend must be "auto", "compiled" or "eager", got {backend!r}')
    n_dims = x.dim() - 2
    schedule = erosion_schedule(iter_ + 1, n_dims, _checked_spacing(spacing, n_dims))
    if x.numel() == 0:
        return x.clone()
    if backend == "compiled" and not _has_kernels(x):
        raise RuntimeError(
            f'backend="compiled" needs a C compiler for a tensor on the CPU or triton for one on '
            f'an NVIDIA GPU, got one on {x.device}; use "auto"'
        )
    skeleton = soft_skeleton_operator(
        x.reshape(-1, *x.shape[2:]),
        schedule,
        core=core,
        ignore_border=border == "ignore",
        compiled=backend != "eager",
    )
    return skeleton.reshape(x.shape)


def _has_kernels(x: Tensor) -> bool:
    if x.device.type != "cpu":
        return has_soft_kernels(x.device)
    return load_kernels(torch.float64 if x.dtype == torch.float64 else torch.float32) is not None


def _check(x: Tensor, iter_: int, border: str) -> None:
    if x.dim() not in (4, 5):
        raise ValueError(
            f"x must be (B, C, H, W) or (B, C, H, W, D), got {tuple(x.shape)}; "
            "add batch and channel axes with x[None, None]"
        )
    if not x.is_floating_point():
        raise TypeError(f"x must be floating, got {x.dtype}; convert it with x.float()")
    if isinstance(iter_, bool) or not isinstance(iter_, int):
        raise TypeError(f"iter_ must be an integer, got {type(iter_).__name__}")
    if iter_ < 0:
        raise ValueError(f"iter_ must be 0 or more, got {iter_}")
    if border not in ("background", "ignore"):
        raise ValueError(f'border must be "background" or "ignore", got {border!r}')


def _checked_spacing(spacing: Sequence[float] | None, n_dims: int) -> tuple[float, ...] | None:
    if spacing is None:
        return None
    values = tuple(float(value) for value in spacing)
    if len(values) != n_dims or not all(0 < value < float("inf") for value in values):
        raise ValueError(f"spacing must be {n_dims} positive numbers, got {spacing!r}")
    return values
