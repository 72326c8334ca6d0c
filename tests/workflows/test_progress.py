from types import SimpleNamespace

import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import TrainingProgress


def _engine(loss: float) -> SimpleNamespace:
    state = SimpleNamespace(
        output=[{"loss": loss}], iteration=2, epoch=1, epoch_length=4, max_epochs=3
    )
    return SimpleNamespace(state=state)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_loss_that_is_no_number_ends_the_training(loss: float):
    with pytest.raises(InputError, match=r"the loss became (nan|inf) in epoch 1; .*smaller --lr"):
        TrainingProgress()._iteration(_engine(loss))


def test_a_number_goes_on():
    progress = TrainingProgress()
    progress._last_line = float("inf")
    progress._iteration(_engine(0.5))
    assert progress._losses == [0.5]
