"""The parts of the imaging model against what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cldice_monai.data.synthetic.fields import smooth_field
from cldice_monai.data.synthetic.imaging import (
    add_noise,
    blur,
    choose_visible,
    image_vessels,
)
from cldice_monai.data.synthetic.presets import ImagingSettings

_CLEAN = ImagingSettings(
    background=100.0,
    contrast=50.0,
    brightness_spread=0.0,
    brightness_drift=0.0,
    texture=0.0,
    bias=0.0,
    psf_sigma=(0.0, 0.0, 0.0),
    gain=0.0,
    gaussian_noise=0.0,
    speckle=0.0,
)


def _rod():
    edge = np.full((20, 20, 20), -1, dtype=np.int32)
    edge[:, 8:12, 8:12] = 0
    return edge


def _image(settings, visible=((True,),)):
    rng = np.random.default_rng(0)
    return image_vessels(_rod(), np.array([0]), np.array(visible), settings=settings, rng=rng)


def test_without_any_disturbance_the_image_is_background_plus_contrast():
    image = _image(_CLEAN)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image[0], np.where(_rod() == 0, 150.0, 100.0), rtol=1e-6)


def test_channel_that_does_not_see_a_vessel_shows_background_there():
    first, second = _image(_CLEAN, visible=((False, True),))
    np.testing.assert_allclose(first, 100.0, rtol=1e-6)
    assert second.max() == pytest.approx(150.0)


def test_point_spread_is_wider_along_the_axis_that_says_so():
    point = np.zeros((31, 31, 31), dtype=np.float32)
    point[15, 15, 15] = 1.0
    spread = blur(point, (1.0, 1.0, 3.0))
    assert spread.sum() == pytest.approx(1.0, abs=1e-3)
    offset_2 = (np.arange(31) - 15.0) ** 2
    variance = [(spread.sum(axis=o) * offset_2).sum() for o in ((1, 2), (0, 2), (0, 1))]
    # a Gaussian cut at 3 sigma has .97 of its variance
    np.testing.assert_allclose(variance, [1.0, 1.0, 9.0], rtol=0.06)


@pytest.mark.parametrize(
    ("settings", "variance"),
    [
        ({"gaussian_noise": 7.0}, 49.0),
        ({"gain": 4.0}, 400.0),  # gain times mean
        ({"speckle": 0.2}, 400.0),  # (.2 * 100) ** 2
    ],
)
def test_noise_has_the_mean_and_variance_of_its_law(settings, variance):
    flat = np.full((50, 50, 50), 100.0, dtype=np.float32)
    rng = np.random.default_rng(1)
    noisy = add_noise(flat, settings=replace(_CLEAN, **settings), rng=rng)
    assert noisy.dtype == np.float32
    assert noisy.mean() == pytest.approx(100.0, rel=0.01)
    assert noisy.var() == pytest.approx(variance, rel=0.03)


def test_noise_never_makes_counts_negative():
    dark = np.full((20, 20, 20), 1.0, dtype=np.float32)
    noisy = add_noise(
        dark, settings=replace(_CLEAN, gaussian_noise=9.0), rng=np.random.default_rng(0)
    )
    assert noisy.min() == 0.0


def test_smooth_field_is_smooth_and_of_unit_variance_everywhere():
    rng = np.random.default_rng(2)
    fields = np.stack([smooth_field((12, 14, 16), scale=5.0, rng=rng) for _ in range(400)])
    assert fields.dtype == np.float32
    assert fields.shape == (400, 12, 14, 16)
    np.testing.assert_allclose(fields.var(axis=0), 1.0, atol=0.4)
    assert fields.var() == pytest.approx(1.0, abs=0.05)
    for axis in (1, 2, 3):
        assert np.abs(np.diff(fields, axis=axis)).mean() < 0.25


def test_bias_field_changes_tissue_by_its_strength():
    image = _image(replace(_CLEAN, contrast=0.0, bias=0.3, bias_scale=0.3))
    assert 0.1 < np.log(image).std() < 0.5


def test_visible_vessels_are_shared_as_often_as_asked():
    rng = np.random.default_rng(0)
    visible = choose_visible(4000, 2, shared_fraction=0.3, rng=rng)
    assert visible.all(axis=1).mean() == pytest.approx(0.3, abs=0.03)
    assert (visible[:, 0] & ~visible[:, 1]).mean() == pytest.approx(0.35, abs=0.03)
    assert visible.any(axis=1).all()


def test_light_dims_the_vessels_alone():
    light = np.full((20, 20, 20), 0.5, dtype=np.float32)
    image = image_vessels(
        _rod(),
        np.array([0]),
        np.ones((1, 1), bool),
        settings=_CLEAN,
        rng=np.random.default_rng(0),
        light=light,
    )
    np.testing.assert_allclose(image[0], np.where(_rod() == 0, 125.0, 100.0), rtol=1e-6)


def test_distractors_shine_in_all_channels_and_are_no_vessels():
    settings = replace(_CLEAN, blobs_per_megavoxel=600.0)
    first, second = _image(settings, visible=((True, False),))
    outside = _rod() < 0
    assert first[outside].max() > 115.0
    np.testing.assert_allclose(first[outside], second[outside], rtol=1e-6)


def test_thick_voxels_smear_along_the_last_axis_only():
    step = np.full((20, 20, 20), -1, dtype=np.int32)
    step[:, :, 9:] = 0
    only, seen = np.array([0]), np.ones((1, 1), bool)
    for edge, smeared in ((step, True), (np.moveaxis(step, 2, 0), False)):
        image = image_vessels(
            edge,
            only,
            seen,
            settings=replace(_CLEAN, voxel_size=(1, 1, 4)),
            rng=np.random.default_rng(0),
        )[0]
        values = np.unique(np.round(image, 3))
        assert (len(values) > 2) == smeared


def test_point_spread_is_in_voxels_of_the_acquisition():
    settings = replace(_CLEAN, psf_sigma=(0.5, 0.5, 0.5))
    thick = _image(replace(settings, voxel_size=(1, 1, 3)))[0]
    thin = _image(settings)[0]
    # along the rod nothing changes in either; across, the thick axis is smeared three times as far
    assert thick[10, 10, 14] > thin[10, 10, 14] + 5.0
    assert thick[10, 14, 10] == pytest.approx(thin[10, 14, 10], abs=1.0)


def test_haze_spreads_a_share_of_the_light_and_loses_none():
    sharp = _image(_CLEAN)[0]
    hazy = _image(replace(_CLEAN, haze=0.4, haze_sigma=3.0))[0]
    assert hazy.mean() == pytest.approx(sharp.mean(), rel=1e-3)
    far = blur(sharp, (3.0, 3.0, 3.0))
    np.testing.assert_allclose(hazy, 0.6 * sharp + 0.4 * far, rtol=1e-4)
    assert hazy[10, 2, 2] > sharp[10, 2, 2]


def test_speckle_can_have_grains_of_several_voxels():
    flat = np.full((40, 40, 40), 100.0, np.float32)
    likeness = []
    for scale in (0.0, 2.0):
        settings = replace(_CLEAN, speckle=0.2, speckle_scale=scale)
        noisy = add_noise(flat, settings=settings, rng=np.random.default_rng(0))
        assert noisy.std() == pytest.approx(20.0, rel=0.1)
        likeness.append(np.corrcoef(noisy[1:].ravel(), noisy[:-1].ravel())[0, 1])
    assert abs(likeness[0]) < 0.02
    assert likeness[1] > 0.5
