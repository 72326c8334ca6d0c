"""Refuse a network, a crop size and a loss that do not fit together, before any file is read."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cldice_monai.errors import InputError

__all__ = ["check_loss", "check_network"]

_STEPS = (2, 4, 8, 16, 32, 64)


def check_network(
    network: nn.Module,
    *,
    roi: Sequence[int],
    in_channels: int,
    out_channels: int,
    training: bool = True,
) -> None:
    """Refuse a network that cannot take windows of this size, or gives other ones.

    A copy of the network is called on torch's meta device, which computes shapes and no values:
    that takes milliseconds, and changes neither weights nor random states.

    Args:
        network: the network.
        roi: voxels of a window along each axis.
        in_channels: channels of the images.
        out_channels: channels that losses and metrics expect.
        training: whether batch normalisation has to work too, which a single voxel does not allow.

    Raises:
        InputError: naming the network, what it says, and a roi that it takes.

    Example:
        >>> from cldice_monai.networks import paper_network
        >>> check_network(
        ...     paper_network("3d_unet"), roi=(40, 40, 40), in_channels=2, out_channels=1
        ... )
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: roi [40, 40, 40] does not fit the network (ClassicUNet): \
the sides of the input must be multiples of 16, got [1, 2, 40, 40, 40]; pad it, or choose another \
roi; --roi '[48,48,48]' does
    """
    shapes_only = copy.deepcopy(network).to("meta").train(training)
    reason = _misfit(shapes_only, (1, in_channels, *roi), (1, out_channels, *roi))
    if reason is None:
        return
    name = type(network).__name__
    for step in _STEPS:
        other = [max(-(-n // step), 1) * step for n in roi]
        shapes = (1, in_channels, *other), (1, out_channels, *other)
        if other != list(roi) and _misfit(shapes_only, *shapes) is None:
            raise InputError(
                f"roi {list(roi)} does not fit the network ({name}): {reason}; --roi "
                f"'[{','.join(map(str, other))}]' does"
            )
    raise InputError(
        f"the network ({name}) does not take images of {in_channels} channels in windows of "
        f"{list(roi)} voxels: {reason}; choose network_def, in_channels and roi to fit"
    )


def check_loss(
    loss: Callable[[Tensor, Tensor], Tensor], *, out_channels: int, spatial_dims: int
) -> None:
    """Refuse a loss that cannot be computed for this number of channels.

    A copy of the loss is given a small output and label; the loss itself stays as it is.

    Args:
        loss: takes logits (B, C, ...) and a label (B, 1, ...) of class numbers.
        out_channels: channels of the output.
        spatial_dims: axes of space, 2 or 3.

    Raises:
        InputError: with what the loss says.

    Example:
        >>> check_loss(nn.CrossEntropyLoss(), out_channels=1, spatial_dims=2)
        Traceback (most recent call last):
        ...
        cldice_monai.errors.InputError: the loss (CrossEntropyLoss) does not fit out_channels 1: \
cross-entropy of classes needs one for the background too; pass --out_channels 2, or choose \
another loss
    """
    name = type(loss).__name__
    base = getattr(loss, "base_loss", loss)
    if out_channels == 1 and isinstance(base, nn.CrossEntropyLoss | nn.NLLLoss):
        raise InputError(
            f"the loss ({name}) does not fit out_channels 1: cross-entropy of classes needs one "
            "for the background too; pass --out_channels 2, or choose another loss"
        )
    shape = (1, out_channels, *(16,) * spatial_dims)
    logits = torch.linspace(-3, 3, int(torch.tensor(shape).prod())).reshape(shape)
    label = torch.zeros(1, 1, *shape[2:], dtype=torch.uint8)
    for number in range(1, max(out_channels, 2)):
        label[..., number % 16] = number
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # a setting that does not act
            copy.deepcopy(loss).cpu()(logits, label)  # type: ignore[attr-defined]
    except (ValueError, RuntimeError, TypeError, AssertionError, IndexError, UserWarning) as error:
        raise InputError(
            f"the loss ({name}) does not fit out_channels {out_channels}: {_one_line(error)}; "
            "choose another loss or another out_channels"
        ) from error


def _misfit(network: nn.Module, shape: tuple[int, ...], expected: tuple[int, ...]) -> str | None:
    """Return why a network on the meta device does not map one shape to the other, or None."""
    try:
        with torch.no_grad():
            output = network(torch.empty(shape, device="meta"))
    except (ValueError, RuntimeError, TypeError, AssertionError, IndexError) as error:
        # a network that needs values, or an operation that this device lacks, cannot be told here
        needs_values = isinstance(error, NotImplementedError) or "meta" in str(error).lower()
        return None if needs_values else _one_line(error)
    if isinstance(output, Tensor) and tuple(output.shape) != expected:
        return f"it gives {tuple(output.shape)}, and {expected} is needed"
    return None


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
