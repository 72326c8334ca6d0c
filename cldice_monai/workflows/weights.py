"""Reading and writing the weights of a network."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.files import as_path, replace_when_complete

__all__ = ["load_weights", "save_weights"]


def save_weights(network: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write the weights of a network, under a temporary name until they are complete.

    Args:
        network: its ``state_dict()`` is written, from whatever device it is on.
        path: file to write; its folder is made.
    """
    content = io.BytesIO()  # torch hides a full disk behind an error of its own
    torch.save(network.state_dict(), content)
    with replace_when_complete(path) as temporary:
        temporary.write_bytes(content.getvalue())


def load_weights(network: nn.Module, path: str | os.PathLike[str]) -> None:
    """Load weights into a network; only tensors are read from the file, never code.

    Args:
        network: receives the weights, in place and on its own device.
        path: a file with a ``state_dict``, bare or under the key "model" or "state_dict", or a
            checkpoint of `TrainingCheckpoint`.

    Raises:
        InputError: if the file is missing, cannot be read, or is of another network.
    """
    path = as_path(path, argument="weights")
    if not path.is_file():
        raise InputError(f"weights {path}: no such file; train a model first or pass --weights")
    try:
        with warnings.catch_warnings():
            # of a file that holds something else, which is said below in one line
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True)
    # torch.load answers damaged files with almost any exception, and with advice for developers.
    except Exception as error:
        raise InputError(
            f"weights {path}: not a readable PyTorch checkpoint of tensors; copy or train it again"
        ) from error
    state = _state_dict(content)
    if state is None:
        raise InputError(
            f"weights {path}: holds no state_dict of a network, bare or under 'model'; "
            "save network.state_dict() with torch.save"
        )
    _require_same_layers(network.state_dict(), state, path)
    _require_finite(state, path)
    network.load_state_dict(state)


def _state_dict(content: object) -> Mapping[str, torch.Tensor] | None:
    for key in ("state", "network", "model", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not content:
        return None
    return content if all(torch.is_tensor(v) for v in content.values()) else None


def _require_finite(state: Mapping[str, torch.Tensor], path: Path) -> None:
    for name, values in state.items():
        if not torch.isfinite(values).all():
            raise InputError(
                f"weights {path}: {name} holds NaN or infinity; train again with a smaller --lr"
            )


def _require_same_layers(
    expected: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor], path: Path
) -> None:
    differ = [name for name in expected if name not in state]
    differ += [name for name in state if name not in expected]
    differ += [n for n in expected if n in state and expected[n].shape != state[n].shape]
    if not differ:
        return
    first = differ[0]
    shapes = [tuple(s[first].shape) if first in s else "absent" for s in (expected, state)]
    raise InputError(
        f"weights {path}: of another network: {len(differ)} parameters differ, "
        f"the first is {first} (network {shapes[0]}, file {shapes[1]}); "
        "use the in_channels, out_channels, roi and overlay of the network that it was trained with"
    )
