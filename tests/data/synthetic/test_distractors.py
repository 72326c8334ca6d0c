"""Blobs and sheets."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic.distractors import add_blob, draw_distractors, draw_sheet
from cldice_monai.data.synthetic.presets import ImagingSettings


def _draw(seed=0, shape=(48, 48, 48), **settings):
    rng = np.random.default_rng(seed)
    return draw_distractors(shape, settings=ImagingSettings(**settings), rng=rng)


def test_none_asked_for_is_none():
    assert not _draw().any()


def test_blobs_are_as_many_and_as_bright_as_promised():
    light = _draw(blobs_per_megavoxel=300.0)
    assert 0.35 < light.max() < 3.0
    assert light.min() == 0.0
    # 33 blobs of radii 2 to 6, of about 4 / 3 pi 4^3 voxels, less what the border cuts off
    assert 0.02 < (light > 0.2).mean() < 0.12


def test_blob_has_the_size_of_its_axes():
    sizes = []
    for seed in range(40):
        light = np.zeros((60, 60), np.float32)
        add_blob(light, np.array([6.0, 3.0]), 2.0, np.random.default_rng(seed))
        sizes.append((light > 1.0).sum())
        assert light.max() <= 2.0
    np.testing.assert_allclose(max(sizes), np.pi * 18, rtol=0.1)


def test_sheet_is_thin_and_wide():
    light = draw_sheet((48, 48, 48), 2.0, np.random.default_rng(3))
    lit = light > 0.5
    assert 200 < lit.sum() < 48**2 * 4
    thinnest = min(lit.sum(axis=axis).max() for axis in range(3))
    assert thinnest < 15
    assert light.max() <= 1.0


def test_radius_of_blobs_can_be_chosen():
    specks = _draw(blobs_per_megavoxel=300.0, blob_radius=(0.8, 1.5))
    assert 0.0 < (specks > 0.2).mean() < 0.1 * (_draw(blobs_per_megavoxel=300.0) > 0.2).mean()


def test_clouds_of_leaked_dye_are_wide_and_soft():
    light = _draw(leaks_per_megavoxel=20.0, leak_radius=(5.0, 5.0))
    assert 0.1 < light.max() < 4.0
    steps = np.abs(np.diff(light, axis=0)).max()
    assert 0.0 < steps < 0.2 * light.max()  # 0.61 / 3.5 of its height is the steepest of a cloud
    brightest = np.unravel_index(light.argmax(), light.shape)
    assert (light > 0.5 * light[brightest]).sum() > 300
