import pytest
import torch
from ignite.engine import Engine

from cldice_monai import BettiErrorMetric, ClDiceMetric
from cldice_monai.workflows import SeveralMetrics


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Half of a line of eight voxels was found, in two pieces."""
    label = torch.zeros(1, 1, 3, 10)
    label[..., 1, 1:9] = 1
    pred = label.clone()
    pred[..., 3:7] = 0
    return pred, label


def evaluated(**handlers: SeveralMetrics) -> Engine:
    engine = Engine(lambda *_: pair())
    for name, handler in handlers.items():
        handler.attach(engine, name)
    engine.state.metric_details = {}
    engine.run([0])
    return engine


def test_every_figure_gets_its_name():
    cldice = SeveralMetrics(ClDiceMetric(metric_name=["cldice", "tprec", "tsens"]), ["p", "s"])
    betti = SeveralMetrics(BettiErrorMetric(dimension=[0, 1]), ["b1"])
    state = evaluated(clDice=cldice, b0=betti).state
    # precision 1, sensitivity 4 / 8, their harmonic mean 2 / 3; one piece too many, no loop
    assert state.metrics == pytest.approx({"clDice": 2 / 3, "p": 1, "s": 0.5, "b0": 1, "b1": 0})
    assert state.metric_details["s"].tolist() == [[0.5]]


def test_another_number_of_names_than_figures_is_refused():
    with pytest.raises(ValueError, match="argument"):
        evaluated(clDice=SeveralMetrics(ClDiceMetric(metric_name=["cldice", "tprec"]), []))
