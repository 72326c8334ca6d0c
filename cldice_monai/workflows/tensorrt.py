"""The network of an inference as a TensorRT engine."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows.weights import load_weights

__all__ = ["compile_with_tensorrt"]

_PACKAGES = ("tensorrt", "polygraphy", "onnx", "onnxscript")


def compile_with_tensorrt(
    network: nn.Module,
    weights: str | os.PathLike[str],
    *,
    output_dir: str | os.PathLike[str],
    roi: Sequence[int],
    args: Mapping[str, Any],
) -> nn.Module:
    """Have windows computed by a TensorRT engine, by MONAI's ``trt_compile``.

    The engine is built with the first window, which takes minutes, and kept in the output folder as
    ``network_<weights>_<roi>.plan``. The name holds the hash of the weights and the window, so that
    an engine is never taken for other weights or another window.

    Args:
        network: on its CUDA device; receives the weights, and is changed in place.
        weights: file of the weights, see `load_weights`.
        output_dir: folder for the engine; it must exist.
        roi: voxels of a window along each axis.
        args: for MONAI's ``TrtCompiler``: precision, dynamic_batchsize and others.

    Returns:
        The network.

    Raises:
        InputError: if there is no CUDA device, a package is missing, or the weights do not fit.

    Example:
        >>> where = {"output_dir": "output", "roi": (64, 64, 64), "args": {"precision": "fp16"}}
        >>> try:  # the second line is what comes without a GPU
        ...     compile_with_tensorrt(nn.Conv3d(1, 1, 1), "model.pt", **where)
        ... except InputError as error:
        ...     print(str(error).split(":")[0])
        inference_trt.json
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing or not torch.cuda.is_available():
        # trt_compile would only warn and run the network as it is
        what = f"{', '.join(missing)}: not installed" if missing else "there is no CUDA device"
        raise InputError(
            f"inference_trt.json: {what}; run without this overlay, or on a GPU with the packages "
            f"{', '.join(_PACKAGES)}"
        )
    from monai.networks import trt_compile

    load_weights(network, weights)
    digest = hashlib.sha256(Path(weights).read_bytes()).hexdigest()[:12]
    name = f"network_{digest}_{'x'.join(map(str, roi))}"
    compiled: nn.Module = trt_compile(network, str(Path(output_dir) / name), args=dict(args))
    return compiled
