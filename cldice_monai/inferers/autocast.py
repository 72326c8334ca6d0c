"""Run any inferer's network in bfloat16 where the CPU computes in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from monai.inferers import Inferer

from cldice_monai.errors import InputError

__all__ = ["AutocastInferer", "cpu_has_bfloat16"]


def cpu_has_bfloat16() -> bool:
    """Return whether this CPU has instructions for bfloat16 products (AVX512-BF16 or AMX).

    Without them bfloat16 is emulated, and slower than float32.

    Returns:
        True or False; False too where torch is too old to say.

    Example:
        >>> dtype = torch.bfloat16 if cpu_has_bfloat16() else torch.float32  # the faster one here
        >>> dtype.is_floating_point
        True
    """
    get_capabilities = getattr(torch.cpu, "get_capabilities", None)
    capabilities = get_capabilities() if get_capabilities is not None else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class AutocastInferer(Inferer):
    """Wrap an inferer so that the network runs in mixed precision on a CPU.

    MONAI's engines turn ``amp=True`` into autocast on CUDA only; on a CPU with bfloat16 units a 3D
    U-Net spends most of its time in products that those units compute several times faster. Only
    the call of the network is changed: its convolutions run in bfloat16, channels last, and its
    output comes back as float32, so that windows are blended and losses computed as before. On
    other devices and CPUs the wrapped inferer runs as it is.

    Args:
        inferer: the MONAI inferer to run, for instance SlidingWindowInferer.
        precision: "auto" uses bfloat16 where `cpu_has_bfloat16`, "bfloat16" always on a CPU,
            "float32" never.

    Raises:
        InputError: for another precision.

    Example:
        >>> from monai.inferers import SimpleInferer
        >>> inferer = AutocastInferer(SimpleInferer(), precision="bfloat16")
        >>> inferer(torch.ones(1, 1, 4, 4), torch.nn.Conv2d(1, 2, 3)).dtype
        torch.float32
    """

    def __init__(
        self, inferer: Inferer, *, precision: Literal["auto", "bfloat16", "float32"] = "auto"
    ) -> None:
        if precision not in ("auto", "bfloat16", "float32"):
            raise InputError(f"precision must be auto, bfloat16 or float32, got {precision!r}")
        super().__init__()
        self.inferer = inferer
        self.precision = precision
        self.uses_bfloat16 = precision == "bfloat16" or (precision == "auto" and cpu_has_bfloat16())

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Run the wrapped inferer.

        Args:
            inputs: (B, C, H, W) or (B, C, H, W, D).
            network: called with windows of ``inputs``.
            args: passed on.
            kwargs: passed on.

        Returns:
            What the wrapped inferer returns, tensors in float32.
        """
        if not self.uses_bfloat16 or inputs.device.type != "cpu":
            return self.inferer(inputs, network, *args, **kwargs)

        def run(window: torch.Tensor, *more: Any, **named: Any) -> Any:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return _as_float32(network(_channels_last(window), *more, **named))

        return self.inferer(inputs, run, *args, **kwargs)


def _channels_last(window: torch.Tensor) -> torch.Tensor:
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    if window.dim() not in formats:
        return window
    return window.contiguous(memory_format=formats[window.dim()])


def _as_float32(output: Any) -> Any:
    if isinstance(output, torch.Tensor):
        return output.float()
    if isinstance(output, list | tuple):
        return type(output)(_as_float32(part) for part in output)
    if isinstance(output, dict):
        return {key: _as_float32(part) for key, part in output.items()}
    return output
