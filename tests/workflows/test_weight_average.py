import copy

import pytest
import torch
from ignite.engine import Engine
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import WeightAverage, averaged_copy


def test_the_average_follows_the_formula_with_its_growing_memory():
    network = nn.Linear(1, 1, bias=False)
    average = averaged_copy(network, decay=0.3)
    weights = [5.0, 1.0, 2.0, 8.0]

    def step(engine, weight):
        with torch.no_grad():
            network.weight.fill_(weight)

    engine = Engine(step)
    WeightAverage(average, network).attach(engine)
    engine.run(weights)
    expected = weights[0]
    for n, weight in enumerate(weights[1:], start=1):
        decay = min(0.3, (1 + n) / (10 + n))  # 2/11, 3/12, then 0.3
        expected = decay * expected + (1 - decay) * weight
    assert average.module.weight.item() == pytest.approx(expected)
    assert network.weight.item() == 8.0


def test_the_average_holds_statistics_of_batch_norm_and_goes_on_from_its_state():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv1d(1, 2, 1), nn.BatchNorm1d(2))
    average = averaged_copy(network, decay=0.5)

    def train(average, n_steps):
        for _ in range(n_steps):
            network(torch.randn(4, 1, 8))
            average.update_parameters(network)

    train(average, 3)
    state, before = copy.deepcopy(average.state_dict()), torch.get_rng_state()
    weights = copy.deepcopy(network.state_dict())
    train(average, 3)
    again = averaged_copy(network, decay=0.5)
    again.load_state_dict(state)
    network.load_state_dict(weights)
    torch.set_rng_state(before)
    train(again, 3)
    expected, found = average.state_dict(), again.state_dict()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert not torch.equal(found["module.1.running_mean"], network[1].running_mean)
    assert found["module.1.running_mean"].any()


@pytest.mark.parametrize("decay", [0, 1, 1.5, -0.1, "0.9", True])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(InputError, match="ema_decay must be a number between 0 and 1"):
        averaged_copy(nn.Linear(1, 1), decay=decay)


def test_without_a_decay_there_is_no_average():
    assert averaged_copy(nn.Linear(1, 1), decay=None) is None
