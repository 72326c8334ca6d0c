"""The user guide's code for other frameworks does what the guide says, on stand-ins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import nn

from cldice_monai import ClDiceDeepSupervisionLoss, ClDiceMetric, SoftclDiceLoss
from tests.pages import blocks, run_python
from tests.standins.nnunet import nnUNetTrainer
from tests.two_processes import in_two_processes

GUIDE = Path(__file__).parents[1] / "docs" / "guide.md"
IGNORE = 2


class Heads(nn.Module):
    """Three outputs of two classes, each half as large as the one before, or the first alone."""

    def __init__(self, n_heads=3):
        super().__init__()
        torch.manual_seed(0)
        self.heads = nn.ModuleList(nn.Conv2d(1, 2, 3, padding=1) for _ in range(n_heads))

    def forward(self, x):
        outputs = [head(x[..., :: 2**i, :: 2**i]) for i, head in enumerate(self.heads)]
        return outputs if len(outputs) > 1 else outputs[0]


def some_batch(*, size=4, ignored=False):
    """Bright lines one pixel thick in noise; labels of class indices, shrunk by the nearest one."""
    generator = torch.Generator().manual_seed(0)
    label = torch.zeros(size, 1, 16, 16, dtype=torch.int16)
    for item in range(size):
        label[item, 0, 3 + 2 * item, 1:15] = 1
    image = label.float() + 0.1 * torch.randn(label.shape, generator=generator)
    if ignored:
        label[..., 10:] = IGNORE
    return {"data": image, "target": [label[..., ::s, ::s] for s in (1, 2, 4)]}


def trainer_of_the_guide(network=None, **settings):
    trainer = run_python(GUIDE, containing="nnunetv2")["nnUNetTrainerclDice"]
    return trainer(Heads() if network is None else network, **settings)


def test_lightning_trains_and_measures_cldice_of_each_epoch():
    found = run_python(GUIDE)
    network, module, metrics = found["network"], found["module"], found["trainer"].callback_metrics
    assert (
        0 < float(metrics["train_loss"]) < found["history"][-1]
    )  # it goes on after the plain loop
    cldice = ClDiceMetric()
    with torch.no_grad():
        for case in found["cases"]:
            cldice(y_pred=network(case["image"][None]) > 0, y=case["label"][None])
    assert float(metrics["val_cldice"]) == pytest.approx(cldice.aggregate().item(), abs=1e-3)
    assert module.cldice.get_buffer() is None  # reset for the next epoch


@pytest.mark.parametrize("deep", [True, False])
def test_nnunet_trainer_learns_from_lists_and_from_tensors(deep):
    batch = some_batch()
    if not deep:
        batch["target"] = batch["target"][0]
    trainer = trainer_of_the_guide(Heads(3 if deep else 1), enable_deep_supervision=deep)
    losses = [float(trainer.train_step(batch)["loss"]) for _ in range(40)]
    assert losses[-1] < 0.6 * losses[0]


def test_nnunet_trainer_adds_cldice_of_the_vessels_of_each_item_to_its_own_loss():
    trainer, batch = trainer_of_the_guide(), some_batch()
    heads = trainer.network(batch["data"])
    own = nnUNetTrainer(Heads()).loss(heads, batch["target"])
    settings = {"softmax": True, "to_onehot_y": True, "include_background": False}
    cldice = ClDiceDeepSupervisionLoss(SoftclDiceLoss(5, **settings))(heads, batch["target"][0])
    torch.testing.assert_close(trainer.loss(heads, batch["target"]), own + 0.5 * cldice)


def test_nnunet_trainer_takes_cldice_of_every_output():
    trainer, batch = trainer_of_the_guide(), some_batch()
    heads = trainer.network(batch["data"])
    cldice = trainer.loss.cldice(heads, batch["target"][0])
    gradients = torch.autograd.grad(cldice, [head.weight for head in trainer.network.heads])
    assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_nnunet_trainer_does_not_use_the_labels_that_lost_a_line():
    trainer, batch = trainer_of_the_guide(), some_batch()
    heads = trainer.network(batch["data"])
    assert batch["target"][1].sum() == 0  # lines lie on odd rows
    added = trainer.loss(heads, batch["target"]) - trainer.loss.own(heads, batch["target"])
    good = [
        torch.stack([10 * (1 - 2 * line), 10 * (2 * line - 1)], dim=1)
        for line in (shrunk(batch["target"][0], s) for s in (1, 2, 4))
    ]
    perfect = trainer.loss(good, batch["target"]) - trainer.loss.own(good, batch["target"])
    assert perfect < 0.01 < added


def shrunk(label, side):
    return nn.functional.max_pool2d(label.float(), side)[:, 0]


def test_nnunet_trainer_ignores_the_ignore_label():
    trainer = trainer_of_the_guide(ignore_label=IGNORE)
    batch = some_batch(ignored=True)
    heads = [head.detach().requires_grad_() for head in trainer.network(batch["data"])]
    before = trainer.loss(heads, batch["target"])
    before.backward()
    assert heads[0].grad[..., 10:].abs().max() == 0
    assert heads[0].grad[..., :10].abs().max() > 0
    changed = heads[0].detach().clone()
    changed[..., 10:] += 5 * torch.randn(changed[..., 10:].shape)
    after = trainer.loss([changed, *heads[1:]], batch["target"])
    torch.testing.assert_close(after, before)


def test_nnunet_trainer_refuses_regions():
    with pytest.raises(ValueError, match="has regions"):
        trainer_of_the_guide(has_regions=True)


def gradients_of_a_step(network, batch, **settings):
    trainer = trainer_of_the_guide(network, batch_dice=True, **settings)
    trainer.loss(trainer.network(batch["data"]), batch["target"]).backward()
    return [parameter.grad.flatten().tolist() for parameter in network.parameters()]


def gradients_with_half_of_the_batch(rank):
    whole = some_batch()
    half = {"data": whole["data"][rank::2], "target": [t[rank::2] for t in whole["target"]]}
    network = nn.parallel.DistributedDataParallel(Heads())
    return gradients_of_a_step(network, half, is_ddp=True)


@pytest.mark.slow
@pytest.mark.skipif(not dist.is_available(), reason="torch was built without torch.distributed")
def test_nnunet_trainer_in_two_processes_equals_one_with_the_whole_batch():
    expected = gradients_of_a_step(Heads(), some_batch())
    for gradients in in_two_processes(gradients_with_half_of_the_batch):
        for ours, whole in zip(gradients, expected, strict=True):
            assert ours == pytest.approx(whole, rel=1e-4, abs=1e-6)


@pytest.mark.slow
def test_path_of_the_guide_leads_from_an_empty_folder_to_a_report(tmp_path: Path):
    commands = "\n".join(blocks(GUIDE, "bash"))
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "error" not in result.stderr
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {
        "output/models/model.pt",
        "results/vessels_005_mask.nii.gz",
        "results/vessels_005_preview.png",
        "results/summary.csv",
        "evaluation/report.html",
        "evaluation/summary.md",
    } <= written
