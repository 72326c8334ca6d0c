import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import as_length_mm, as_switch


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), (1, True), (0, False), ("true", True), ("False", False)],
)
def test_a_switch_is_read_from_a_config_and_from_a_command_line(value, expected):
    assert as_switch(value, argument="tta") is expected


@pytest.mark.parametrize("value", ["yes", "", 2, 1.0, None, [True]])
def test_anything_else_is_no_switch(value):
    with pytest.raises(InputError, match=r"tta must be true or false, got .*; write --tta true"):
        as_switch(value, argument="tta")


@pytest.mark.parametrize("value", [0, 2, 0.5])
def test_a_length_is_zero_or_more(value):
    assert as_length_mm(value, argument="min_length_mm") == value


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "2", True, None])
def test_anything_else_is_no_length(value):
    with pytest.raises(InputError, match="min_length_mm must be 0 or a length in mm, got"):
        as_length_mm(value, argument="min_length_mm")
