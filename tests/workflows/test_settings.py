import pytest

from cldice_monai.errors import InputError
from cldice_monai.workflows import (
    as_filling,
    as_length_mm,
    as_overlap,
    as_switch,
    as_threshold,
)


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


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, "0,5", "nan", float("nan"), True, None, [0.5]])
def test_anything_but_a_probability_is_no_threshold(value):
    with pytest.raises(InputError, match="threshold must be a probability between 0 and 1, got"):
        as_threshold(value, out_channels=1)


def test_a_threshold_that_has_no_say_is_refused_unless_it_is_the_default():
    assert as_threshold(0.3, out_channels=1) == 0.3
    assert as_threshold(0.5, out_channels=2) is None
    with pytest.raises(InputError, match=r"^threshold 0\.3 has no effect with out_channels 2: "):
        as_threshold(0.3, out_channels=2)


@pytest.mark.parametrize("value", [0, 0.25, [0.5, 0.5, 0.0]])
def test_an_overlap_is_a_share_or_one_for_each_axis(value):
    assert as_overlap(value) == value


@pytest.mark.parametrize("value", [1, -0.5, "half", float("nan"), True, None, [], [0.5, 1]])
def test_anything_else_is_no_overlap(value):
    with pytest.raises(InputError, match="overlap must be from 0 to less than 1, got"):
        as_overlap(value)


def test_cavities_are_filled_in_volumes_alone():
    assert as_filling("true", spatial_dims=3)
    assert not as_filling(False, spatial_dims=2)
    with pytest.raises(InputError, match="in two dimensions a hole is a loop"):
        as_filling(True, spatial_dims=2)
