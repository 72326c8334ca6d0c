"""What TensorBoard shows of a training: curves, and pictures of validation cases."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from cldice_monai.errors import InputError
from cldice_monai.metrics.cases import item_spacing_mm
from cldice_monai.report import draw_preview

if TYPE_CHECKING:
    from ignite.engine import Engine
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["TensorBoardLog", "logs_to_tensorboard"]

_PANEL_PIXELS = 240


def logs_to_tensorboard(choice: bool | Literal["auto"]) -> bool:
    """Tell whether a training writes event files.

    Args:
        choice: True, False, or "auto": where the package tensorboard is installed.

    Returns:
        The answer.

    Raises:
        InputError: for another choice, or True where the package is missing.

    Example:
        >>> logs_to_tensorboard(False)
        False
    """
    if choice not in (True, False, "auto"):
        raise InputError(f"tensorboard must be True, False or 'auto', got {choice!r}")
    installed = importlib.util.find_spec("tensorboard") is not None
    if choice is True and not installed:
        raise InputError(
            "tensorboard is not installed; pip install 'cldice-monai[tensorboard]', "
            "or leave --tensorboard out"
        )
    return installed and bool(choice)


class TensorBoardLog:
    """Handler of a trainer: writes its curves, those of the validation, and pictures of its cases.

    The step of everything is the epoch: ``train/loss``, ``train/lr``, ``validation/<metric>``, and
    for the first cases of each validation the projections of image, label and segmentation with
    ghosts and misses. A resumed training takes back what was written of epochs that it repeats.
    Attach it after the checkpoint.

    Args:
        folder: for the event files.
        evaluator: the validation engine, whose decollated output has "image", "label" and "pred".
        optimizer: its learning rate is shown.
        n_cases: pictures a validation.

    Example:
        >>> import tempfile
        >>> from ignite.engine import Engine
        >>> def step(engine, batch):
        ...     engine.state.metrics["loss"] = 0.25
        >>> trainer, evaluator = Engine(step), Engine(step)
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     log = TensorBoardLog(folder, evaluator=evaluator, optimizer=optimizer)
        ...     log.attach(trainer)
        ...     state = trainer.run([None], max_epochs=2)
        ...     [path.name.split(".")[0] for path in Path(folder).iterdir()]
        ['events']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        evaluator: Engine,
        optimizer: torch.optim.Optimizer,
        n_cases: int = 4,
    ) -> None:
        self.folder = Path(folder)
        self.evaluator = evaluator
        self.optimizer = optimizer
        self.n_cases = n_cases
        self._writer: SummaryWriter | None = None

    def attach(self, engine: Engine) -> None:
        """Attach to the trainer, and to the evaluator that it runs."""
        from ignite.engine import Events

        engine.add_event_handler(Events.STARTED, self._open)
        engine.add_event_handler(Events.EPOCH_STARTED, self._write_rate)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._write_epoch)
        engine.add_event_handler(Events.COMPLETED, self._close)
        self.evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._draw)

    def _open(self, engine: Engine) -> None:
        from torch.utils.tensorboard import SummaryWriter

        again = engine.state.epoch + 1 if engine.state.epoch else None
        self._writer = SummaryWriter(str(self.folder), purge_step=again)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write_rate(self, engine: Engine) -> None:
        """Write the rate that the epoch is trained with; it is stepped at its end."""
        if self._writer is not None:
            rate = self.optimizer.param_groups[0]["lr"]
            self._writer.add_scalar("train/lr", rate, engine.state.epoch)

    def _write_epoch(self, engine: Engine) -> None:
        if self._writer is None:
            return
        epoch = engine.state.epoch
        self._writer.add_scalar("train/loss", engine.state.metrics["loss"], epoch)
        if self.evaluator.state.epoch == epoch:
            for name, figure in self.evaluator.state.metrics.items():
                self._writer.add_scalar(f"validation/{name}", float(figure), epoch)
        self._writer.flush()

    def _draw(self, evaluator: Engine) -> None:
        """Draw the batch's cases as long as pictures are left; `state.iteration` counts batches."""
        batch_size = len(evaluator.state.output)
        done = (evaluator.state.iteration - 1) % evaluator.state.epoch_length * batch_size
        for number, item in enumerate(evaluator.state.output[: max(0, self.n_cases - done)]):
            name = _name(evaluator.state.batch[number], number=done + number)
            picture = np.asarray(draw_case(item, title=name))
            if self._writer is not None:
                self._writer.add_image(name, picture, evaluator.state.epoch, dataformats="HWC")


def draw_case(item: dict[str, Any], *, title: str) -> Any:
    """Draw one validation case.

    Args:
        item: "image", "label" and "pred", channel-first tensors; the first channel of the image is
            shown, and all classes of vessel as one.
        title: line of text above the picture.

    Returns:
        A Pillow picture, see `draw_preview`.

    Example:
        >>> mask = torch.zeros(1, 8, 8, 8)
        >>> mask[0, 4, 4] = 1
        >>> draw_case({"image": mask, "label": mask, "pred": mask}, title="case 1").mode
        'RGB'
    """
    image, label, pred = (item[key].detach().cpu() for key in ("image", "label", "pred"))
    return draw_preview(
        np.asarray(image[0], dtype=np.float32),
        _vessel(pred),
        label=_vessel(label),
        spacing_mm=item_spacing_mm(item["label"][None], 0) or (1.0,) * (image.ndim - 1),
        title=title,
        show_label=True,
        panel_pixels=_PANEL_PIXELS,
    )


def _vessel(mask: torch.Tensor) -> np.ndarray:
    """Return where a mask, numbers of classes or one-hot channels (background first) say vessel."""
    channels = np.asarray(mask) > 0
    return np.any(channels if len(channels) == 1 else channels[1:], axis=0)


def _name(item: Any, *, number: int) -> str:
    return str(item["case_id"]) if "case_id" in item else f"case {number}"
