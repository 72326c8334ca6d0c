"""A loss that is no number ends a training before the weights or the files suffer."""

import math
import os
import subprocess
import sys

import pytest
import torch
from monai.engines import SupervisedTrainer
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import LossMonitor, TrainingCheckpoint

CASES = [["a"], ["b"], ["c", "c"]]  # of three steps; two crops of the last case


def trainer(path, *, spoilt=None, lr=0.1, epochs=2):
    """A trainer of one weight on ones; ``spoilt`` changes the image of a case."""
    torch.manual_seed(0)
    network = nn.Conv1d(1, 1, 1, bias=False)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    batches = [
        {
            "image": torch.stack([(spoilt or {}).get(name, torch.ones(1, 4)) for name in names]),
            "label": torch.ones(len(names), 1, 4),
            "case_id": names,
        }
        for names in CASES
    ]
    return SupervisedTrainer(
        device="cpu",
        max_epochs=epochs,
        train_data_loader=batches,
        network=network,
        optimizer=optimizer,
        loss_function=nn.MSELoss(),
        train_handlers=[LossMonitor(), TrainingCheckpoint(path, {"network": network})],
        decollate=False,
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_names_epoch_step_and_cases(tmp_path, value):
    engine = trainer(tmp_path / "c.pt", spoilt={"c": torch.full((1, 4), value)})
    with pytest.raises(InputError, match=r"became (nan|inf) in epoch 1, step 3, on c; look at"):
        engine.run()
    weight = engine.network.weight
    assert torch.isfinite(weight).all(), "the loss must not reach the weights"
    assert list(tmp_path.iterdir()) == []


def test_the_checkpoint_of_the_epoch_before_is_kept(tmp_path):
    path = tmp_path / "c.pt"
    engine = trainer(path, epochs=1)
    engine.run()
    before = path.read_bytes()
    broken = trainer(path, spoilt={"a": torch.full((1, 4), math.nan)})
    with pytest.raises(InputError, match="step 1, on a"):
        broken.run()
    assert path.read_bytes() == before


def test_weights_that_the_last_step_broke_are_not_saved(tmp_path):
    nothing, much = torch.zeros(1, 4), torch.full((1, 4), 1e15)
    engine = trainer(tmp_path / "c.pt", spoilt={"a": nothing, "b": nothing, "c": much}, lr=1e30)
    # All losses are finite; the last gradient, about 1e30, times the rate is not.
    with pytest.raises(InputError, match="weights became NaN or infinite at the end of epoch 1"):
        engine.run()
    assert list(tmp_path.iterdir()) == []


def test_the_mean_loss_is_that_of_the_epoch(tmp_path):
    engine = trainer(tmp_path / "c.pt", lr=0.0)
    engine.run()
    expected = float((engine.network.weight.detach() - 1).square())
    assert engine.state.metrics["loss"] == pytest.approx(expected)


WORKER = """
import math, os, sys, torch
import torch.distributed as dist
sys.path.insert(0, sys.argv[2])
from test_loss_monitor import trainer
from cldice_monai.errors import InputError
from pathlib import Path
rank = int(os.environ["RANK"])
dist.init_process_group("gloo", init_method=sys.argv[1], rank=rank, world_size=2)
whole = trainer(Path(sys.argv[3]) / f"whole_{rank}.pt", lr=0.0, epochs=1)
with torch.no_grad():
    whole.network.weight.fill_(1.0 + rank)
whole.run()
print(whole.state.metrics["loss"])
spoilt = {"b": torch.full((1, 4), math.nan)} if rank == 1 else None
try:
    trainer(Path(sys.argv[3]) / f"broken_{rank}.pt", spoilt=spoilt).run()
except InputError as error:
    print(error)
dist.destroy_process_group()
"""


@pytest.mark.slow
def test_all_processes_stop_with_the_cases_of_the_one_whose_loss_broke(tmp_path):
    place, here = f"file://{tmp_path / 'rendezvous'}", os.path.dirname(__file__)  # noqa: PTH120
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, place, here, str(tmp_path)],
            env={**os.environ, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for worker in workers:
        mean, line = worker.communicate(timeout=120)[0].splitlines()
        assert float(mean) == pytest.approx((0 + 1) / 2)  # over both processes
        assert line.startswith("the loss became nan in epoch 1, step 2, on b;")
    assert not list(tmp_path.glob("broken*"))
