import numpy as np
import pytest

from cldice_monai.transforms import RandShotNoise, RandSpeckle


def steps(values=(10.0, 40.0, 160.0), size=60):
    """Flat areas of known brightness, one channel."""
    return np.repeat(np.array(values, np.float32), size * size).reshape(1, -1, size)


def areas(image, n=3):
    return np.split(image[0], n)


@pytest.mark.parametrize("photons", [20.0, 300.0])
def test_variance_of_shot_noise_is_the_mean_times_the_intensity_of_a_photon(photons):
    noisy = RandShotNoise(1.0, (photons, photons)).set_random_state(0)(steps())
    gain = 160.0 / photons
    for area, mean in zip(areas(noisy), (10.0, 40.0, 160.0), strict=True):
        assert area.mean() == pytest.approx(mean, rel=0.05)
        assert area.var() == pytest.approx(gain * mean, rel=0.1)


def test_photons_count_for_each_channel_by_itself():
    image = np.concatenate([steps(), 1000 * steps()])
    noisy = RandShotNoise(1.0, (50, 50)).set_random_state(0)(image)
    ratio = [channel.std() / channel.mean() for channel in (noisy[0, :60], noisy[1, :60])]
    assert ratio[0] == pytest.approx(ratio[1], rel=0.05)


def test_black_image_stays_black():
    black = np.zeros((2, 8, 8), np.float32)
    assert not RandShotNoise(1.0)(black).any()
    assert not RandSpeckle(1.0)(black).any()


def test_speckle_is_in_proportion_to_the_intensity():
    noisy = RandSpeckle(1.0, (0.1, 0.1)).set_random_state(0)(steps())
    for area, mean in zip(areas(noisy), (10.0, 40.0, 160.0), strict=True):
        assert area.mean() == pytest.approx(mean, rel=0.01)
        assert area.std() == pytest.approx(0.1 * mean, rel=0.05)


def test_strength_is_drawn_from_its_range():
    speckle = RandSpeckle(1.0, (0.05, 0.2)).set_random_state(0)
    found = [float(speckle(np.ones((1, 50, 50))).std()) for _ in range(60)]
    assert 0.045 < min(found) < 0.07
    assert 0.17 < max(found) < 0.22


@pytest.mark.parametrize("transform", [RandShotNoise(1.0), RandSpeckle(1.0)])
def test_negative_intensities_are_refused_with_the_remedy(transform):
    image = np.ones((1, 4, 4))
    image[0, 1, 1] = -0.1
    with pytest.raises(ValueError, match=r"not be negative.*before the one that shifts"):
        transform(image)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandShotNoise(photons=(0, 5)), "photons must be two numbers"),
        (lambda: RandShotNoise(photons=(9, 5)), "photons must be two numbers"),
        (lambda: RandSpeckle(strength=(-1, 0)), "strength must be two numbers"),
        (lambda: RandSpeckle(prob=2), "prob must be from 0 to 1"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
