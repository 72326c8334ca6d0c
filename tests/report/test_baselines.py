import numpy as np
import pytest

from cldice_monai.report.baselines import segment_by_threshold


@pytest.mark.parametrize("method", ["otsu", "triangle"])
def test_two_clear_classes_are_separated(method):
    image = np.concatenate([np.linspace(0, 1, 900), np.linspace(9, 10, 100)])
    vessel = segment_by_threshold(image, method)
    assert vessel[image > 5].all()
    assert not vessel[image < 0.9].any()  # a threshold is the centre of one of 256 bins
