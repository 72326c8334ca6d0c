"""Which axes are eroded when."""

import pytest

from cldice_monai.skeleton._soft_schedule import erosion_schedule


def test_without_spacing_every_axis_is_eroded_at_every_level():
    assert erosion_schedule(2, 3) == [(True, True, True)] * 2


@pytest.mark.parametrize("ratio", [2, 3, 6])
def test_an_axis_of_long_voxels_is_eroded_once_in_its_ratio_and_one_level_late(ratio):
    schedule = erosion_schedule(4 * ratio, 2, (0.5 * ratio, 0.5))
    assert all(fine for _, fine in schedule)
    assert [level for level, (coarse, _) in enumerate(schedule) if coarse] == [
        ratio,
        2 * ratio,
        3 * ratio,
    ]


def test_only_the_ratio_of_the_spacings_counts():
    assert erosion_schedule(9, 3, (3, 1, 2)) == erosion_schedule(9, 3, (0.3, 0.1, 0.2))
