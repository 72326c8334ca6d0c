"""Reading and writing the weights of a network."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.files import as_path, replace_when_complete
from cldice_monai.workflows.preparation import (
    NAMES,
    Preparation,
    preparation_from_json,
    preparation_to_json,
)

__all__ = ["copy_weights", "load_weights", "norm_of", "read_preparation", "save_weights"]

_logger = logging.getLogger(__name__)


def save_weights(
    network: nn.Module,
    path: str | os.PathLike[str],
    *,
    preparation: Preparation | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write the weights of a network, under a temporary name until they are complete.

    Args:
        network: its ``state_dict()`` is written, from whatever device it is on.
        path: file to write; its folder is made.
        preparation: how images are prepared for the network; written beside the weights under
            their name with the ending .json, see `read_preparation`. None writes the weights alone.
        training: what is to be known of how they were made; written along, and not read.

    Raises:
        InputError: if the file cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "model.pt")
        ...     save_weights(nn.Linear(1, 1), path, preparation=Preparation(lift=50))
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['model.json', 'model.pt']
    """
    content = io.BytesIO()  # torch hides a full disk behind an error of its own
    torch.save(network.state_dict(), content)
    _write(Path(path), content.getvalue(), preparation, training)


def copy_weights(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    preparation: Preparation | None = None,
) -> None:
    """Copy a file of weights and what lies beside it of their preparation.

    Args:
        source: file of the weights.
        target: file to write; its folder is made.
        preparation: is written beside the copy; None for the one that ``source`` has beside it, if
            any.

    Raises:
        InputError: if there are no such weights, or the preparation beside them is of others.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.pt")
        ...     save_weights(nn.Linear(1, 1), path, preparation=Preparation(lift=50))
        ...     copy_weights(path, Path(folder, "b.pt"))
        ...     read_preparation(Path(folder, "b.pt")).lift
        50
    """
    path = _existing(source)
    if preparation is None and path.with_suffix(".json").is_file():
        preparation = read_preparation(path)
    if preparation is None:  # what lies there would be of the weights before
        Path(target).with_suffix(".json").unlink(missing_ok=True)
    _write(Path(target), path.read_bytes(), preparation)


def _write(
    path: Path,
    content: bytes,
    preparation: Preparation | None,
    training: Mapping[str, Any] | None = None,
) -> None:
    if preparation is None:
        with replace_when_complete(path) as temporary:
            temporary.write_bytes(content)
        return
    digest = hashlib.sha256(content).hexdigest()
    text = preparation_to_json(preparation, sha256=digest, training=training)
    # Both files are whole before the first gets its name. A kill between the two renames leaves a
    # pair that does not fit, which the hash tells.
    with (
        replace_when_complete(path.with_suffix(".json")) as beside,
        replace_when_complete(path) as temporary,
    ):
        beside.write_text(text, encoding="utf-8")
        temporary.write_bytes(content)


def read_preparation(path: str | os.PathLike[str]) -> Preparation:
    """Return how images are prepared for weights.

    It stands beside them, ``model.json`` beside ``model.pt``; a checkpoint of a training holds it.
    Weights of another origin have the default, train.json's own, and a line says so.

    Args:
        path: file of the weights.

    Returns:
        The preparation.

    Raises:
        InputError: if there is no such file, or what lies beside it is of other weights.

    Example:
        >>> from cldice_monai import bundle_dir
        >>> read_preparation(bundle_dir() / "models" / "model.pt").side_mm
        0.002
    """
    path = _existing(path)
    beside = path.with_suffix(".json")
    if beside.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        text = beside.read_text(encoding="utf-8")
        return preparation_from_json(text, path=beside, sha256=digest)
    content = _read(path)
    try:
        settings = content["state"]["settings"]  # type: ignore[index]
        return Preparation(**{name: settings[name] for name in NAMES})
    except (KeyError, TypeError, IndexError):
        _logger.info(
            "note: weights %s: no %s beside them says how images are prepared; images are taken on "
            "their own grid, cut off and scaled as in train.json, threshold 0.5",
            path,
            beside.name,
        )
        return Preparation()


def norm_of(path: str | os.PathLike[str] | None) -> str:
    """Return which norm the bundle's network has with these weights.

    Trainings begin with instance norms, which follow the contrast of an image that is unlike those
    trained on. The weights that the bundle ships have batch norms.

    Args:
        path: file of the weights; None for a training that starts without. A file that is not there
            is left to `load_weights` to refuse: a network can be made and looked at without one.

    Returns:
        "BATCH" where the weights hold statistics of batch norms, else "INSTANCE".

    Raises:
        InputError: if the file cannot be read.

    Example:
        >>> norm_of(None)
        'INSTANCE'
    """
    if path is None or not as_path(path, argument="weights").is_file():
        return "INSTANCE"
    names = _state_dict(_read(Path(path))) or {}
    return "BATCH" if any(str(name).endswith(".running_var") for name in names) else "INSTANCE"


def load_weights(network: nn.Module, path: str | os.PathLike[str]) -> None:
    """Load weights into a network; only tensors are read from the file, never code.

    Args:
        network: receives the weights, in place and on its own device.
        path: a file with a ``state_dict``, bare or under the key "model" or "state_dict", or a
            checkpoint of `TrainingCheckpoint`.

    Raises:
        InputError: if the file is missing, cannot be read, or is of another network.

    Example:
        >>> import tempfile
        >>> trained, network = nn.Conv3d(1, 1, 3), nn.Conv3d(1, 1, 3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_weights(trained, Path(folder, "model.pt"))
        ...     load_weights(network, Path(folder, "model.pt"))
        >>> torch.equal(network.weight, trained.weight)
        True
    """
    path = _existing(path)
    state = _state_dict(_read(path))
    if state is None:
        raise InputError(
            f"weights {path}: holds no state_dict of a network, bare or under 'model'; "
            "save network.state_dict() with torch.save"
        )
    _require_same_layers(network.state_dict(), state, path)
    _require_finite(state, path)
    network.load_state_dict(state)


def _existing(path: str | os.PathLike[str]) -> Path:
    path = as_path(path, argument="weights")
    if not path.is_file():
        raise InputError(f"weights {path}: no such file; train a model first or pass --weights")
    return path


def _read(path: Path) -> object:
    try:
        with warnings.catch_warnings():
            # of a file that holds something else, which is said below in one line
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    # torch.load answers damaged files with almost any exception, and with advice for developers.
    except Exception as error:
        raise InputError(
            f"weights {path}: not a readable PyTorch checkpoint of tensors; copy or train it again"
        ) from error
    return content


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
