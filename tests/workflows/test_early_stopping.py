from types import SimpleNamespace

import pytest
from ignite.engine import Engine, Events
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import BestModelSaver, EarlyStopping, TrainingCheckpoint

NAN = float("nan")


def train(folder, scores, *, patience, resume=None, validate_every=1):
    """Run a training whose validations give these scores; return the epoch that it ended after."""
    network = nn.Linear(1, 1)
    best = BestModelSaver(network, folder / "model.pt")
    engine = Engine(lambda *_: None)

    @engine.on(Events.EPOCH_COMPLETED(every=validate_every))
    def validate(engine):
        metrics = {"clDice": scores[engine.state.epoch - 1]}
        state = SimpleNamespace(metrics=metrics, key_metric_name="clDice", epoch=engine.state.epoch)
        best(SimpleNamespace(state=state))

    TrainingCheckpoint(
        folder / "checkpoint.pt", {"network": network, "best": best}, resume=resume
    ).attach(engine)
    EarlyStopping(best, patience=patience).attach(engine)
    engine.run(range(2), max_epochs=len(scores))
    return engine.state.epoch


@pytest.mark.parametrize(
    ("scores", "patience", "last_epoch"),
    [
        ([0.5, 0.4, 0.4, 0.9], 2, 3),
        ([0.5, 0.4, 0.6, 0.5, 0.4, 0.9], 2, 5),  # a new best starts the count again
        ([0.5, 0.5, 0.5], 2, 3),  # a tie is no gain
        ([0.5, NAN, NAN, 0.9], 2, 3),  # not measured is no gain
        ([0.1, 0.2, 0.3, 0.4], 1, 4),
    ],
)
def test_it_stops_after_so_many_validations_without_a_better_one(
    tmp_path, scores, patience, last_epoch
):
    assert train(tmp_path, scores, patience=patience) == last_epoch


def test_it_counts_validations_and_not_epochs(tmp_path, caplog):
    scores = [NAN, 0.5, NAN, 0.4, NAN, 0.3, NAN, 0.9]
    with caplog.at_level("INFO"):
        assert train(tmp_path, scores, patience=2, validate_every=2) == 6
    assert "stopped early after epoch 6: no better model in 2 validations" in caplog.text
    assert "(the best is of epoch 2)" in caplog.text


def test_a_resumed_training_goes_on_counting_and_a_stopped_one_stays_stopped(tmp_path):
    scores = [0.5, 0.4, 0.4, 0.4, 0.4, 0.4]
    assert train(tmp_path, scores, patience=3) == 4
    assert train(tmp_path, scores, patience=3, resume="auto") == 4
    assert train(tmp_path, scores, patience=5, resume="auto") == 6


@pytest.mark.parametrize("patience", [0, -1, 1.5, "3", True])
def test_a_patience_that_is_none_is_refused(patience, tmp_path):
    with pytest.raises(InputError, match="patience must be a whole number"):
        EarlyStopping(BestModelSaver(nn.Linear(1, 1), tmp_path), patience=patience)
