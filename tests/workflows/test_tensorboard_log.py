"""Curves and pictures of a training, as TensorBoard itself reads them."""

import importlib.util
import io

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from PIL import Image
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.report import COLOURS
from cldice_monai.workflows import TensorBoardLog, TrainingCheckpoint, logs_to_tensorboard

pytest.importorskip("tensorboard", reason="needs the extra [tensorboard]")


def rods(*rows: int) -> torch.Tensor:
    mask = torch.zeros(1, 16, 16, 4)
    for row in rows:
        mask[0, 2:14, row : row + 2, 1:3] = 1
    return mask


def items(n_cases: int) -> list[dict]:
    """Cases whose prediction has a ghost and a miss."""
    image = torch.rand(1, 16, 16, 4, generator=torch.Generator().manual_seed(0))
    label, pred = rods(2, 6), rods(6, 11)
    return [
        {"image": image, "label": label, "pred": pred, "case_id": f"case_{number}"}
        for number in range(n_cases)
    ]


def train(folder, *, stop_in=None, resume=None, epochs=4, n_cases=3, shown=2):
    """Run a training that validates every second epoch, one case a batch."""
    network = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    evaluator, trainer = Engine(lambda *_: None), Engine(lambda *_: None)

    @evaluator.on(Events.ITERATION_COMPLETED)
    def decollate(engine):
        engine.state.output = engine.state.batch = [engine.state.batch]

    @evaluator.on(Events.EPOCH_COMPLETED)
    def score(engine):
        engine.state.metrics = {"clDice": engine.state.epoch / 10, "b0 error": 2.0}

    @trainer.on(Events.ITERATION_COMPLETED)
    def iterate(engine):
        if engine.state.epoch == stop_in:
            raise KeyboardInterrupt
        engine.state.metrics["loss"] = 1 / engine.state.epoch

    @trainer.on(Events.EPOCH_COMPLETED(every=2))
    def validate(engine):
        evaluator.state.max_epochs, evaluator.state.epoch = engine.state.epoch, 0
        evaluator.state.epoch = engine.state.epoch - 1
        evaluator.run(items(n_cases), max_epochs=engine.state.epoch)

    TrainingCheckpoint(folder / "c.pt", {"network": network}, resume=resume).attach(trainer)
    TensorBoardLog(
        folder / "tensorboard", evaluator=evaluator, optimizer=optimizer, n_cases=shown
    ).attach(trainer)
    trainer.run(range(2), max_epochs=epochs)


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"), {"images": 0, "scalars": 0})
    events.Reload()
    scalars = {
        tag: [(event.step, pytest.approx(event.value)) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }
    images = {tag: events.Images(tag) for tag in events.Tags()["images"]}
    return scalars, images


EXPECTED = {
    "train/lr": [(1, 1), (2, 1), (3, 1), (4, 1)],
    "train/loss": [(1, 1), (2, 1 / 2), (3, 1 / 3), (4, 1 / 4)],
    "validation/clDice": [(2, 0.2), (4, 0.4)],
    "validation/b0 error": [(2, 2), (4, 2)],
}


def test_curves_have_a_point_an_epoch_and_pictures_one_a_validation(tmp_path):
    train(tmp_path)
    scalars, images = read(tmp_path)
    assert scalars == EXPECTED
    assert {tag: [e.step for e in found] for tag, found in images.items()} == {
        "case_0": [2, 4],
        "case_1": [2, 4],
    }


@pytest.mark.parametrize("stop_in", [2, 3, 4])
def test_a_resumed_training_repeats_no_step(tmp_path, stop_in):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, stop_in=stop_in)
    train(tmp_path, resume="auto")
    scalars, images = read(tmp_path)
    assert scalars == EXPECTED
    assert [event.step for event in images["case_0"]] == [2, 4]


def test_a_picture_shows_label_segmentation_ghosts_and_misses(tmp_path):
    train(tmp_path, epochs=2)
    _, images = read(tmp_path)
    encoded = images["case_0"][0].encoded_image_string
    picture = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))[60:-40]
    for name in ("label", "segmentation", "skeleton", "ghost", "miss"):
        assert (picture == COLOURS[name]).all(axis=-1).any(), name


def test_the_choice_is_yes_no_or_where_it_is_installed(monkeypatch):
    assert logs_to_tensorboard("auto")
    assert logs_to_tensorboard(True)
    assert not logs_to_tensorboard(False)
    with pytest.raises(InputError, match="tensorboard must be True, False or 'auto'"):
        logs_to_tensorboard("yes")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not logs_to_tensorboard("auto")
    with pytest.raises(InputError, match=r"pip install 'cldice-monai\[tensorboard\]'"):
        logs_to_tensorboard(True)
