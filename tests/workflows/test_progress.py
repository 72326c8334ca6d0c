"""What a person reads while a training runs, at 80 columns."""

from types import SimpleNamespace

import pytest

from cldice_monai.workflows import TrainingProgress, progress

METRICS = {"Tprec": 0.8512, "Tsens": 0.7, "clDice": 0.76, "Dice": 1.0}
METRICS |= {"b0 error": 3.21, "b1 error": 0.0}


def engine(*, epoch: int, iteration: int, loss: float = 0.3456) -> SimpleNamespace:
    state = SimpleNamespace(
        epoch=epoch,
        iteration=iteration,
        epoch_length=4,
        max_epochs=100,
        metrics={"loss": loss},
        device="cpu",
    )
    return SimpleNamespace(state=state)


def evaluator(*, epoch: int, **more: float) -> SimpleNamespace:
    state = SimpleNamespace(epoch=epoch, metrics=METRICS | more, key_metric_name="clDice")
    return SimpleNamespace(state=state)


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.seconds)
    return now


def lines(caplog, monitor, clock, *, epoch, start=0, seconds):
    """The lines of an epoch's end, ``seconds`` after a start at an iteration."""
    with caplog.at_level("INFO"):
        monitor._started(engine(epoch=0, iteration=start))
        clock.seconds += seconds
        caplog.clear()
        monitor._epoch(engine(epoch=epoch, iteration=4 * epoch))
    return [record.getMessage() for record in caplog.records]


def test_a_line_tells_what_has_passed_and_what_is_left(caplog, clock):
    monitor = TrainingProgress()
    assert lines(caplog, monitor, clock, epoch=5, seconds=100) == [
        "epoch   5/100  loss 0.346  1:40 gone, 31:40 left"  # 20 seconds an epoch
    ]


def test_the_time_left_counts_from_where_a_training_was_resumed(caplog, clock):
    (line,) = lines(caplog, TrainingProgress(), clock, epoch=60, start=200, seconds=3600)
    assert line.endswith("1:00:00 gone, 4:00:00 left")  # 10 epochs an hour, 40 to go


def test_metrics_follow_with_the_one_that_chooses_first_in_80_columns(caplog, clock):
    found = lines(caplog, TrainingProgress(evaluator(epoch=5)), clock, epoch=5, seconds=1)
    assert found[1:] == [
        "  clDice 0.760  Tprec 0.851  Tsens 0.700  Dice 1.0  b0 error 3.2  b1 error 0.0"
    ]
    more = evaluator(epoch=5, **{"a metric with a long name": 1234.5})
    found = lines(caplog, TrainingProgress(more), clock, epoch=5, seconds=1)
    assert max(map(len, found)) <= 80
    assert found[-1] == "  a metric with a long name 1234"


def test_metrics_of_an_earlier_epoch_are_not_repeated(caplog, clock):
    assert len(lines(caplog, TrainingProgress(evaluator(epoch=4)), clock, epoch=5, seconds=1)) == 1


def test_long_epochs_are_reported_in_between_but_not_at_their_end(caplog, clock):
    monitor = TrainingProgress()
    with caplog.at_level("INFO"):
        monitor._started(engine(epoch=0, iteration=0))
        caplog.clear()
        for iteration in range(1, 5):
            clock.seconds += 30
            monitor._iteration(engine(epoch=1, iteration=iteration))
    words = [record.getMessage().split("  ") for record in caplog.records]
    assert [word for line in words for word in line if "step" in word] == [
        "step 1/4",
        "step 2/4",
        "step 3/4",
    ]
