"""Settings drawn anew for every sample."""

from __future__ import annotations

import numpy as np

from cldice_monai.data.synthetic import generate_vessels
from cldice_monai.data.synthetic.presets import PRESETS
from cldice_monai.data.synthetic.randomised import draw_settings


def test_settings_vary_over_a_range_that_holds_the_other_presets():
    rng = np.random.default_rng(0)
    drawn = [draw_settings(rng=rng) for _ in range(2000)]
    for preset in (PRESETS["paper"], PRESETS["hard"]):
        for name in ("contrast", "bias", "texture", "gain", "gaussian_noise", "brightness_spread"):
            values = [getattr(one.imaging, name) for one in drawn]
            assert min(values) <= getattr(preset.imaging, name) <= max(values), name
        for name in ("capillary_distance", "tortuosity", "warp_amplitude", "radius_variation"):
            values = [getattr(one.geometry, name) for one in drawn if one.geometry is not None]
            assert min(values) <= getattr(preset.geometry, name) <= max(values), name


def test_same_seed_gives_the_same_volume_and_seeds_differ_in_look():
    samples = [
        generate_vessels((32, 32, 32), preset="randomised", seed=i) for i in (0, 0, *range(1, 9))
    ]
    np.testing.assert_array_equal(samples[0].image, samples[1].image)
    np.testing.assert_array_equal(samples[0].label, samples[1].label)
    assert all(np.isfinite(sample.image).all() for sample in samples)
    drawn = [sample for sample in samples[1:] if sample.label.any()]
    assert len(drawn) >= 4
    contrast = [s.image[0][s.label == 1].mean() / s.image[0][s.label == 0].mean() for s in drawn]
    assert max(contrast) > 1.2 * min(contrast)


def test_some_volumes_have_no_vessels_and_some_have_few():
    rng = np.random.default_rng(1)
    drawn = [draw_settings(rng=rng).geometry for _ in range(2000)]
    with_vessels = [one for one in drawn if one is not None]
    assert 0.05 < 1.0 - len(with_vessels) / len(drawn) < 0.12
    assert 0.05 < np.mean([np.isinf(one.capillary_distance) for one in with_vessels]) < 0.2


def test_vessels_stand_out_where_speckle_is_strong():
    rng = np.random.default_rng(1)
    strong = [s for s in (draw_settings(rng=rng).imaging for _ in range(500)) if s.speckle > 0.15]
    assert strong
    assert all(one.contrast > 2.0 * one.background for one in strong)
