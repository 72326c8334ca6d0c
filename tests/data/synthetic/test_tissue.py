"""Tissue with a texture and a surface."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.data.synthetic.presets import ImagingSettings
from cldice_monai.data.synthetic.tissue import draw_tissue


def _draw(**settings):
    return draw_tissue((40, 40, 40), ImagingSettings(**settings), np.random.default_rng(2))


def test_tissue_without_texture_is_even():
    np.testing.assert_array_equal(_draw(texture=0.0), 1.0)


def test_texture_has_the_strength_that_is_asked_for():
    tissue = _draw(texture=0.2, texture_scale=(2.0,))
    assert tissue.std() == pytest.approx(0.2, rel=0.1)
    assert tissue.mean() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_black_lies_beyond_one_surface_and_takes_the_rest_of_the_volume(share: float):
    tissue = _draw(texture=0.0, tissue_share=share)
    assert (tissue > 0).mean() == pytest.approx(share, abs=1e-3)
    assert ndimage.label(tissue > 0)[1] <= 2  # a bend may cut a corner off
    assert (np.abs(np.diff(tissue, axis=0)) > 0).mean() < 0.1
