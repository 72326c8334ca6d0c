"""The part of PyTorch Lightning that the guide uses, in the order in which Lightning calls it."""

from __future__ import annotations

from typing import Any

import torch


class LightningModule(torch.nn.Module):
    """Hooks that do nothing, and a log that the trainer keeps."""

    def __init__(self):
        super().__init__()
        self.trainer: Any = None

    def log(self, name, value):
        self.trainer.callback_metrics[name] = torch.as_tensor(value).detach()

    def on_validation_epoch_end(self):
        pass


class Trainer:
    """Epochs of training and validation in one process, after a sanity check of the validation."""

    def __init__(self, *, max_epochs, accelerator, logger, enable_checkpointing):
        assert (accelerator, logger, enable_checkpointing) == ("cpu", False, False)
        self.max_epochs = max_epochs
        self.callback_metrics: dict[str, torch.Tensor] = {}

    def fit(self, model, train_dataloaders, val_dataloaders):
        model.trainer = self
        optimizer = model.configure_optimizers()
        self._validate(model, val_dataloaders)
        self.callback_metrics.clear()
        for _ in range(self.max_epochs):
            model.train()
            for index, batch in enumerate(train_dataloaders):
                loss = model.training_step(batch, index)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            self._validate(model, val_dataloaders)

    def _validate(self, model, loader):
        model.eval()
        with torch.no_grad():
            for index, batch in enumerate(loader):
                model.validation_step(batch, index)
            model.on_validation_epoch_end()
