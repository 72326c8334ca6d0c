"""Voxel sizes as users write them."""

from __future__ import annotations

import pytest

from cldice_monai.data.spacing import Spacing, spacing_from_text
from cldice_monai.errors import InputError


@pytest.mark.parametrize(
    ("text", "in_mm"),
    [
        ("5,0.994,0.994um", (0.005, 0.000994, 0.000994)),
        ("5,1,1 µm", (0.005, 0.001, 0.001)),
        ("500,250,250nm", (0.0005, 0.00025, 0.00025)),
        ("1,0.5,0.5mm", (1.0, 0.5, 0.5)),
        ("1e-3,2e-3m", (1.0, 2.0)),
    ],
)
def test_every_unit_becomes_mm(text: str, in_mm: tuple[float, ...]):
    assert spacing_from_text(text).in_mm == pytest.approx(in_mm, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5,1,1", "the unit is missing"),
        ("5,1,1parsec", "unit 'parsec' is not known; use one of nm, um, mm, cm, m"),
        ("5,1,0um", "sizes must be above 0"),
        ("5um", "two or three, got 1"),
        ("five um", "not understood"),
        ("1,,2um", "not understood"),
        ("1e999,1,1um", "sizes must be above 0"),
    ],
)
def test_bad_spacing_is_one_line_with_the_remedy(text: str, says: str):
    with pytest.raises(InputError, match=says):
        spacing_from_text(text)


@pytest.mark.parametrize(
    ("unit", "header"), [("um", "micron"), ("nm", "micron"), ("mm", "mm"), ("cm", "mm")]
)
def test_unit_of_the_volume_gives_the_same_length(unit: str, header: str):
    mm_of = {"micron": 0.001, "mm": 1.0}
    spacing = Spacing((5, 0.994, 0.7), unit)
    sizes, name = spacing.in_header_unit()
    assert name == header
    assert [size * mm_of[name] for size in sizes] == pytest.approx(spacing.in_mm)
