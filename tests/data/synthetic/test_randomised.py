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
            values = [getattr(one.geometry, name) for one in drawn]
            assert min(values) <= getattr(preset.geometry, name) <= max(values), name


def test_same_seed_gives_the_same_volume_and_seeds_differ_in_look():
    samples = [generate_vessels((32, 32, 32), preset="randomised", seed=i) for i in (0, 0, 1, 2, 3)]
    np.testing.assert_array_equal(samples[0].image, samples[1].image)
    np.testing.assert_array_equal(samples[0].label, samples[1].label)
    assert all(sample.label.any() and np.isfinite(sample.image).all() for sample in samples)
    contrast = [s.image[0][s.label == 1].mean() / s.image[0][s.label == 0].mean() for s in samples]
    assert max(contrast[1:]) > 1.2 * min(contrast[1:])
