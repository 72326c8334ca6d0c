import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.skeleton.mask import as_mask


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float16, np.float64])
def test_zero_and_one_of_any_dtype_and_layout_are_a_mask(dtype):
    expected = np.arange(24).reshape(2, 3, 4) % 3 == 0
    for array in (expected, np.asfortranarray(expected), expected[::-1, :, ::2]):
        assert np.array_equal(as_mask(array.astype(dtype)), array)
        tensor = torch.from_numpy(np.ascontiguousarray(array).astype(dtype))
        assert np.array_equal(as_mask(tensor), array)
        assert np.array_equal(as_mask(MetaTensor(tensor)), array)


def test_tensors_that_numpy_cannot_hold_are_masks():
    assert as_mask(torch.ones(2, 2, dtype=torch.bfloat16)).all()
    assert as_mask(torch.ones(2, 2, requires_grad=True)).all()


@pytest.mark.parametrize("convert", [np.asarray, torch.tensor])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0.0, 0.5]], r"x must be binary \(only 0 and 1\), got other values; threshold"),
        ([[0.0, 255.0]], "threshold it first"),
        ([[0.0, -1.0]], "threshold it first"),
        ([[0.0, float("nan")]], "got NaN; replace NaN, then threshold"),
        ([[0.0, float("inf")]], "threshold it first"),
        ([0.0, 1.0], r"got shape \(2,\); add the missing axes"),
        ([[[[0.0]]]], r"got shape \(1, 1, 1, 1\); take one item and channel"),
    ],
)
def test_the_error_says_what_is_wrong_and_what_to_do(convert, values, message):
    with pytest.raises(ValueError, match=message):
        as_mask(convert(values), name="x")


def test_what_is_no_array_of_real_numbers_is_a_type_error():
    for wrong in ([[0, 1]], np.array([["a"]]), np.array([[1j]]), torch.tensor([[1j]])):
        with pytest.raises(TypeError, match="x must"):
            as_mask(wrong, name="x")
