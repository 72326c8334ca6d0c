"""A training that stops goes on from its last whole epoch, or says in one line why it cannot."""

import errno

import pytest
import torch
from ignite.engine import Engine
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import BestModelSaver, TrainingCheckpoint, load_weights


class Training:
    """A tiny training with momentum, schedule and dropout."""

    def __init__(self, path, *, resume=None, width=4, epochs=5):
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Linear(3, width), nn.Linear(width, 1))
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=0.1)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, epochs)
        self.engine = Engine(self.step)
        self.stop_in = None
        self.epochs = epochs
        from ignite.engine import Events

        self.engine.add_event_handler(Events.EPOCH_STARTED, self.start_epoch)
        self.engine.add_event_handler(Events.EPOCH_COMPLETED, lambda _: self.schedule.step())
        TrainingCheckpoint(
            path,
            {"network": self.network, "optimizer": self.optimizer, "lr_scheduler": self.schedule},
            resume=resume,
        ).attach(self.engine)

    def start_epoch(self, engine):
        torch.manual_seed(engine.state.epoch)

    def step(self, engine, _):
        if engine.state.epoch == self.stop_in:
            raise KeyboardInterrupt
        self.optimizer.zero_grad()
        self.network(torch.rand(2, 3)).square().mean().backward()
        self.optimizer.step()

    def run(self, n_steps=3):
        self.engine.run(range(n_steps), max_epochs=self.epochs)
        return [p.detach().clone() for p in self.network.parameters()]


@pytest.fixture
def stopped(tmp_path):
    """Checkpoint of a training that was stopped in its fourth epoch."""
    training = Training(tmp_path / "checkpoint.pt")
    training.stop_in = 4
    with pytest.raises(KeyboardInterrupt):
        training.run()
    return tmp_path / "checkpoint.pt"


@pytest.mark.parametrize("by_path", [False, True])
def test_a_resumed_training_ends_with_the_weights_of_one_that_was_not_stopped(
    stopped, tmp_path, by_path
):
    expected = Training(tmp_path / "other.pt").run()
    resumed = Training(stopped, resume=str(stopped) if by_path else "auto")
    found = resumed.run()
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert (resumed.engine.state.epoch, resumed.engine.state.iteration) == (5, 15)


def test_auto_without_a_checkpoint_starts_anew_and_a_missing_path_is_named(tmp_path):
    assert Training(tmp_path / "none.pt", resume="auto").run()
    with pytest.raises(InputError, match=r"gone\.pt: no such file"):
        Training(tmp_path / "none.pt", resume=tmp_path / "gone.pt").run()
    with pytest.raises(InputError, match="resume was read as True, which is not a path"):
        Training(tmp_path / "none.pt", resume=True).run()  # --resume without a value


def test_a_finished_training_is_not_trained_further(tmp_path):
    path = tmp_path / "checkpoint.pt"
    expected = Training(path).run()
    found = Training(path, resume="auto").run()
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_it_loads_without_code_and_serves_as_weights(stopped):
    assert torch.load(stopped, weights_only=True)["epoch"] == 3
    network = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    load_weights(network, stopped)
    saved = torch.load(stopped, weights_only=True)["state"]["network"]
    assert torch.equal(network[0].weight, saved["0.weight"])


def test_what_does_not_fit_is_said_in_one_line(stopped, tmp_path):
    with pytest.raises(InputError, match=r"of another training \(network: "):
        Training(stopped, resume="auto", width=5).run()
    with pytest.raises(InputError, match="of a training of 5 epochs, 9 were asked for"):
        Training(stopped, resume="auto", epochs=9).run()
    with pytest.raises(InputError, match="its epochs had 3 steps, these have 2"):
        Training(stopped, resume="auto").run(n_steps=2)
    broken = tmp_path / "broken.pt"
    broken.write_bytes(stopped.read_bytes()[:1000])
    with pytest.raises(InputError, match="not a readable checkpoint"):
        Training(stopped, resume=broken).run()
    torch.save({"a": torch.zeros(1)}, broken)
    with pytest.raises(InputError, match="not a checkpoint of this training"):
        Training(stopped, resume=broken).run()


def test_a_full_disk_keeps_the_checkpoint_before(stopped, monkeypatch):
    before = stopped.read_bytes()
    training = Training(stopped, resume="auto")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(InputError, match="No space left on device"):
        training.run()
    assert stopped.read_bytes() == before
    assert [p.name for p in stopped.parent.iterdir()] == ["checkpoint.pt"]


def test_the_checkpoint_fits_its_config_only(stopped):
    training = Training(stopped)
    other = TrainingCheckpoint(stopped, {"network": training.network}, resume="auto")
    engine = Engine(lambda *_: None)
    other.attach(engine)
    with pytest.raises(InputError, match="lr_scheduler, optimizer stands on one side only"):
        engine.run(range(3), max_epochs=5)


def test_the_state_of_another_schedule_is_refused(stopped):
    training = Training(stopped, resume="auto")
    other = torch.optim.lr_scheduler.PolynomialLR(training.optimizer, 5)
    checkpoint = TrainingCheckpoint(
        stopped,
        {"network": training.network, "optimizer": training.optimizer, "lr_scheduler": other},
        resume="auto",
    )
    engine = Engine(lambda *_: None)
    checkpoint.attach(engine)
    with pytest.raises(InputError, match=r"of another training \(lr_scheduler: "):
        engine.run(range(3), max_epochs=5)


def test_what_is_none_has_no_part_in_a_checkpoint(tmp_path):
    network = nn.Linear(1, 1)
    for ema in (None, nn.Linear(1, 1)):
        engine = Engine(lambda *_: None)
        TrainingCheckpoint(
            tmp_path / "c.pt", {"network": network, "ema": ema}, resume="auto"
        ).attach(engine)
        if ema is None:
            engine.run(range(3), max_epochs=5)
        else:
            with pytest.raises(InputError, match="ema stands on one side only"):
                engine.run(range(3), max_epochs=5)


def test_a_training_that_goes_on_in_another_folder_brings_its_best_weights(tmp_path):
    def checkpoint(folder, *, resume=None):
        best = BestModelSaver(nn.Linear(1, 1), tmp_path / folder / "model.pt")
        path = tmp_path / folder / "checkpoint.pt"
        return best, TrainingCheckpoint(path, {"best": best}, resume=resume)

    best, first = checkpoint("first")
    trainer, validation = Engine(lambda *_: None), Engine(lambda *_: None)
    validation.state.metrics, validation.state.key_metric_name = {"clDice": 0.5}, "clDice"
    first.attach(trainer)
    trainer.add_event_handler("STARTED", lambda: best(validation))
    trainer.run([0], max_epochs=1)

    _, second = checkpoint("second", resume=first.path)
    again = Engine(lambda *_: None)
    second.attach(again)
    again.run([0], max_epochs=1)
    assert (tmp_path / "second" / "model.pt").is_file()
