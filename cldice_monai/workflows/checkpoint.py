"""What a training needs to go on after it was stopped."""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.distributed as dist

from cldice_monai.errors import InputError
from cldice_monai.files import as_path, replace_when_complete
from cldice_monai.workflows.best_model import BestModelSaver

if TYPE_CHECKING:
    from ignite.engine import Engine

__all__ = ["TrainingCheckpoint"]

_logger = logging.getLogger(__name__)
_VERSION = 1


class _Stateful(Protocol):
    def state_dict(self) -> Any: ...

    def load_state_dict(self, state_dict: Any) -> Any: ...


class TrainingCheckpoint:
    """Handler of a trainer: writes its whole state after every epoch, and goes on from there.

    The file replaces the one before only once it is complete, so that a kill or a full disk leaves
    the last whole epoch. It holds tensors and plain values alone and loads with
    ``weights_only=True``. Attach it after the handlers that validate and that step the learning
    rate, and before those that report.

    Args:
        path: file of the checkpoint.
        objects: what is saved and restored, by name: network, optimizer, lr_scheduler and whatever
            else has ``state_dict`` and ``load_state_dict``; None is left out.
        resume: None starts anew; "auto" goes on from ``path`` if it is there; a path goes on
            from that file.
        writes: whether this process writes (rank 0 of a distributed training).

    Raises:
        InputError: when the training starts: the checkpoint is missing, damaged, or of another
            network or length.

    Example:
        >>> import tempfile
        >>> from ignite.engine import Engine
        >>> network, fresh = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        >>> trainer = Engine(lambda engine, batch: None)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "checkpoint.pt")
        ...     TrainingCheckpoint(path, {"network": network}).attach(trainer)
        ...     _ = trainer.run([0], max_epochs=2)
        ...     TrainingCheckpoint(path, {"network": fresh}, resume="auto").load(trainer)
        >>> torch.equal(fresh.weight, network.weight)
        True
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        objects: Mapping[str, _Stateful | None],
        *,
        resume: str | os.PathLike[str] | None = None,
        writes: bool = True,
    ) -> None:
        self.path = Path(path)
        self.objects = {name: item for name, item in objects.items() if item is not None}
        self.resume = resume
        self.writes = writes

    def attach(self, engine: Engine) -> None:
        """Load when ``engine`` starts, save at the end of each of its epochs."""
        from ignite.engine import Events

        engine.add_event_handler(Events.STARTED, self.load)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def save(self, engine: Engine) -> None:
        """Write the state of the training."""
        if not self.writes:
            return
        state = {name: item.state_dict() for name, item in self._all(engine).items()}
        content = {
            "version": _VERSION,
            "epoch": engine.state.epoch,
            "max_epochs": engine.state.max_epochs,
            "epoch_length": engine.state.epoch_length,
            "state": state,
        }
        buffer = io.BytesIO()  # torch hides a full disk behind an error of its own
        torch.save(content, buffer)
        with replace_when_complete(self.path) as temporary:
            temporary.write_bytes(buffer.getvalue())

    def load(self, engine: Engine) -> None:
        """Restore the state of the training that ``resume`` names."""
        path = self._chosen()
        content = None if path is None else _read(path)
        _require_same_epoch(None if content is None else content["epoch"])
        if path is None or content is None:
            return
        for key in ("max_epochs", "epoch_length"):
            _require_equal(path, key, content[key], getattr(engine.state, key))
        objects = self._all(engine)
        missing = sorted(set(objects) ^ set(content["state"]))
        if missing:
            raise InputError(
                f"checkpoint {path}: {', '.join(missing)} stands on one side only; "
                "resume with the config that it was trained with"
            )
        for name, item in objects.items():
            try:
                _require_same_kind(item.state_dict(), content["state"][name])
                item.load_state_dict(content["state"][name])
            except (RuntimeError, ValueError, KeyError) as error:
                line = str(error).strip().splitlines()
                raise InputError(
                    f"checkpoint {path}: of another training ({name}: "
                    f"{' '.join(part.strip() for part in line[:2])}); "
                    "resume with the config that it was trained with"
                ) from error
        for item in objects.values():
            if isinstance(item, BestModelSaver):
                item.take_over(path.parent)
        engine.state.epoch = content["epoch"]
        engine.state.iteration = content["epoch"] * content["epoch_length"]
        _logger.info("resuming after epoch %d, from %s", content["epoch"], path)

    def _chosen(self) -> Path | None:
        if self.resume is None or self.resume == "":
            return None
        if self.resume == "auto":
            return self.path if self.path.is_file() else None
        path = as_path(self.resume, argument="resume")
        if not path.is_file():
            raise InputError(
                f"checkpoint {path}: no such file; pass the path of a checkpoint.pt, or "
                "--resume auto"
            )
        return path

    def _all(self, engine: Engine) -> dict[str, _Stateful]:
        scaler = getattr(engine, "scaler", None)  # made by MONAI's trainer when it starts
        return self.objects | ({"scaler": scaler} if scaler is not None else {})


def _read(path: Path) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            # of a file that holds something else, which is said below in one line
            warnings.filterwarnings("ignore", message="Detected pickle protocol")
            content = torch.load(path, map_location="cpu", weights_only=True)
    # torch.load answers damaged files with almost any exception, and with advice for developers.
    except Exception as error:
        raise InputError(
            f"checkpoint {path}: not a readable checkpoint; remove it to start anew"
        ) from error
    known = {"version", "epoch", "max_epochs", "epoch_length", "state"}
    if not isinstance(content, dict) or set(content) != known or content["version"] != _VERSION:
        raise InputError(
            f"checkpoint {path}: not a checkpoint of this training; "
            "to start from the weights in it, pass it as --weights"
        )
    return content


def _require_same_epoch(epoch: int | None) -> None:
    """Refuse processes that do not all go on from one epoch, as on nodes with folders of their own.

    Raises:
        InputError: in all processes.
    """
    if not dist.is_initialized():
        return
    found: list[int | None] = [None] * dist.get_world_size()
    dist.all_gather_object(found, epoch)
    if len(set(found)) > 1:
        words = ", ".join("none" if n is None else str(n) for n in found)
        raise InputError(
            f"resume: the processes found checkpoints of different epochs ({words}); use a "
            "ckpt_dir that all nodes share, or copy checkpoint.pt to each"
        )


def _require_same_kind(expected: Any, saved: Any) -> None:
    """Refuse the state of another class, which schedulers take in silence.

    Raises:
        ValueError: if the names of its parts differ.
    """
    if isinstance(expected, Mapping) and isinstance(saved, Mapping):
        differ = sorted(str(name) for name in set(expected) ^ set(saved))
        if differ:
            raise ValueError(f"{len(differ)} parts differ, the first is {differ[0]}")


def _require_equal(path: Path, key: str, saved: int, now: int) -> None:
    if saved == now:
        return
    if key == "max_epochs":
        raise InputError(
            f"checkpoint {path}: of a training of {saved} epochs, {now} were asked for; resume "
            f"with --epochs {saved}, or begin a new training from its weights with --weights"
        )
    raise InputError(
        f"checkpoint {path}: its epochs had {saved} steps, these have {now}; resume with the same "
        "data and --batch_size"
    )
