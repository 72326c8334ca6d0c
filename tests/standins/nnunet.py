"""What an nnU-Net trainer hands to its loss: lists of outputs and of nearest-voxel labels."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import nn


class _EveryOutput(nn.Module):
    """A loss of each output and its own label, weighted by halves; the last counts nothing."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def forward(self, outputs, targets):
        weights = [0.5**i for i in range(len(outputs) - 1)] + [0.0]
        terms = zip(weights, outputs, targets, strict=True)
        return sum(w * self.loss(o, t) for w, o, t in terms) / sum(weights)


class _CrossEntropy(nn.Module):
    def __init__(self, ignore_label):
        super().__init__()
        self.loss = nn.CrossEntropyLoss(ignore_index=-100 if ignore_label is None else ignore_label)

    def forward(self, output, target):
        return self.loss(output, target[:, 0].long())


class nnUNetTrainer:  # noqa: N801
    """The attributes and the step that a trainer of one's own meets, with its names."""

    def __init__(
        self,
        network,
        *,
        ignore_label=None,
        batch_dice=False,
        enable_deep_supervision=True,
        has_regions=False,
        is_ddp=False,
    ):
        self.network = network
        self.enable_deep_supervision = enable_deep_supervision
        self.is_ddp = is_ddp
        self.label_manager = SimpleNamespace(has_regions=has_regions, ignore_label=ignore_label)
        self.configuration_manager = SimpleNamespace(batch_dice=batch_dice)
        self.optimizer = torch.optim.SGD(network.parameters(), 0.3, momentum=0.9)
        self.loss = self._build_loss()

    def _build_loss(self):
        loss = _CrossEntropy(self.label_manager.ignore_label)
        return _EveryOutput(loss) if self.enable_deep_supervision else loss

    def train_step(self, batch):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.network(batch["data"]), batch["target"])
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 12)
        self.optimizer.step()
        return {"loss": loss.detach().cpu().numpy()}
