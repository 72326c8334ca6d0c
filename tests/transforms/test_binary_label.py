import numpy as np
import pytest
import torch

from cldice_monai.transforms import BinarizeLabel


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1], [0, 1]),
        ([0, 255], [0, 1]),
        ([0, 95, 255], [0, 1, 1]),
        ([0.0, 0.2, 1.0], [0, 1, 1]),
        ([-1.0, 0.0, 3.0], [0, 0, 1]),
        ([np.nan, 2.0], [0, 1]),
    ],
)
def test_vessel_is_every_value_above_zero(values, expected):
    label = np.array([values])
    assert BinarizeLabel()(label).tolist() == [expected]
    assert BinarizeLabel()(torch.from_numpy(label)).tolist() == [expected]
