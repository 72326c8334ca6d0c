import torch

from cldice_monai.transforms import FillNonFinite


def test_fill_touches_only_what_is_not_finite():
    image = torch.tensor([[1.0, float("nan"), 4.0], [float("-inf"), 9.0, 8.0]])
    assert FillNonFinite()(image).tolist() == [[1, 1, 4], [8, 9, 8]]


def test_fill_hands_finite_and_integer_images_back():
    for image in (torch.ones(1, 2, 2), torch.ones(1, 2, 2, dtype=torch.int16)):
        assert FillNonFinite()(image) is image
