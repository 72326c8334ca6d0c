import math

import pytest
import torch

from cldice_monai.errors import InputError
from cldice_monai.workflows import learning_rate_schedule


def rates(name: str, *, epochs: int = 4) -> list[float]:
    """The learning rate of every epoch, and the one after the last."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=2.0)
    schedule = learning_rate_schedule(optimizer, name, epochs=epochs)
    found = []
    for _ in range(epochs + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("cosine", lambda t: (1 + math.cos(math.pi * t)) / 2),
        ("poly", lambda t: (1 - t) ** 0.9),
        ("constant", lambda _: 1.0),
    ],
)
def test_the_rate_follows_the_formula_of_its_name(name, share):
    expected = [2.0 * share(epoch / 4) for epoch in range(5)]
    assert rates(name) == pytest.approx(expected, abs=1e-12)


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="one of cosine, poly, constant, got step"):
        rates("step")
