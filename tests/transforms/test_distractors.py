import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.transforms import RandDistractors


def image(shape=(48, 48, 48)):
    rng = np.random.default_rng(0)
    lines = np.full((1, *shape), 100.0, np.float32)
    lines[0, 10:14, 10:14] = 300  # more than a thousandth of the volume
    return lines + rng.normal(0, 0.2, lines.shape).astype(np.float32)


def test_blobs_are_as_many_and_as_large_as_asked_for():
    add = RandDistractors(1.0, (1, 1), (0, 0), blob_radius=(5, 5), contrast=(0.5, 0.5))
    sizes = []
    for seed in range(12):
        light = add.set_random_state(seed)(image()) - image()
        assert ndimage.label(light[0] > 1)[1] == 1
        assert light.max() == pytest.approx(100, rel=0.05)  # half of the range of 200
        sizes.append((light[0] > 50).sum())
    assert max(sizes) == pytest.approx(4 / 3 * np.pi * 5**3, rel=0.1)  # one inside the volume


def test_sheets_are_thin_and_wide():
    add = RandDistractors(1.0, (0, 0), (1, 1), sheet_thickness=(2, 2), contrast=(1, 1))
    wide = 0
    for seed in range(6):
        light = (add.set_random_state(seed)(image()) - image())[0] > 100
        assert ndimage.distance_transform_edt(light).max() < 4
        wide = max(wide, *(np.ptp(axis) for axis in np.nonzero(light)))
    assert wide > 24


def test_light_is_added_and_never_taken():
    for seed in range(5):
        light = RandDistractors(1.0).set_random_state(seed)(image()) - image()
        assert light.min() >= -1e-3


def test_channels_see_the_same_distractors_in_their_own_range():
    both = np.concatenate([image(), 10 * image()])
    light = RandDistractors(1.0, (3, 3)).set_random_state(0)(both) - both
    assert light[0].max() > 20
    assert np.allclose(10 * light[0], light[1], rtol=1e-3, atol=0.1)


def test_flat_image_stays_flat_for_it_has_no_range():
    assert np.allclose(RandDistractors(1.0, (4, 4), (2, 2))(np.ones((1, 16, 16))), 1)


def test_two_dimensional_image_gets_blobs_and_sheets():
    flat = image()[:, :, :, 20]
    light = RandDistractors(1.0, (2, 2), (1, 1)).set_random_state(0)(flat) - flat
    assert light.shape == (1, 48, 48)
    assert light.max() > 20


@pytest.mark.parametrize(
    "name", ["n_blobs", "n_sheets", "blob_radius", "sheet_thickness", "contrast"]
)
def test_ranges_that_cannot_be_used_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be two numbers from .* on, rising"):
        RandDistractors(**{name: (3, 2)})
