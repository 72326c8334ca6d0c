"""What a file of weights is: its hash, and the shape of the network that it belongs to."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from cldice_monai.errors import InputError

__all__ = ["WeightsFile", "describe_weights", "sha256_of"]

_BLOCK = 1 << 20
_CONVOLUTION = (4, 5)  # axes of its kernel, in 2D and 3D


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights.

    Attributes:
        path: where it is.
        sha256: hash of its bytes, in hexadecimal.
        in_channels: channels of the images that the network takes.
        out_channels: channels of its output.
        spatial_dims: 2 for pictures, 3 for volumes.
    """

    path: Path
    sha256: str
    in_channels: int
    out_channels: int
    spatial_dims: int


def describe_weights(path: str | os.PathLike[str]) -> WeightsFile:
    """Read the weights, tensors alone and never code, and say what network they are of.

    The first convolution takes the image, and the last bias belongs to the output.

    Args:
        path: a file as `cldice_monai.workflows.load_weights` takes it.

    Returns:
        Its hash and shape.

    Raises:
        InputError: if there is no such file, or it holds no convolution.

    Example:
        >>> from cldice_monai import bundle_dir
        >>> found = describe_weights(bundle_dir() / "models" / "model.pt")
        >>> found.in_channels, found.out_channels, found.spatial_dims
        (1, 1, 3)
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f"weights {path}: no such file; pass a .pt file with --weights")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch answers damaged files with almost any exception
        raise InputError(
            f"weights {path}: not a readable PyTorch checkpoint of tensors; copy or train it again"
        ) from error
    tensors = list(_tensors(content))
    kernels = [tensor for tensor in tensors if tensor.dim() in _CONVOLUTION]
    biases = [tensor for tensor in tensors if tensor.dim() == 1]
    if not kernels or not biases:
        raise InputError(f"weights {path}: of no network that segments images; pass another file")
    return WeightsFile(
        path=path,
        sha256=sha256_of(path),
        in_channels=int(kernels[0].shape[1]),
        out_channels=int(biases[-1].shape[0]),
        spatial_dims=kernels[0].dim() - 2,
    )


def sha256_of(path: Path) -> str:
    """Return the hash of a file's bytes.

    Args:
        path: the file.

    Returns:
        SHA-256 in hexadecimal, 64 digits.

    Raises:
        InputError: if it cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "empty.pt")
        ...     path.touch()
        ...     sha256_of(path)[:16]
        'e3b0c44298fc1c14'
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the disk") from error
    return digest.hexdigest()


def _tensors(content: object) -> Iterator[torch.Tensor]:
    """Yield the tensors of a state_dict in their order, wherever the checkpoint keeps it."""
    for key in ("state", "network", "model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if isinstance(content, Mapping):
        yield from (value for value in content.values() if torch.is_tensor(value))
