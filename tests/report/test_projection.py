import numpy as np
import pytest

from cldice_monai.report.projection import outline, project


def test_maximum_is_taken_along_the_axis_and_first_axis_runs_right_second_up():
    volume = np.zeros((3, 2, 4))
    volume[2, 1, 3] = 7.0  # last along x: right; last along y: top
    flat = project(volume)
    assert flat.shape == (2, 3)
    assert flat[0, 2] == 7.0
    assert flat.sum() == 7.0


@pytest.mark.parametrize(("axis", "shape"), [(0, (20, 5)), (1, (20, 10)), (2, (5, 10))])
def test_pixels_are_square_for_anisotropic_voxels(axis, shape):
    volume = np.zeros((10, 5, 4))  # 10 x 5 x 20 mm
    assert project(volume, axis=axis, spacing_mm=(1.0, 1.0, 5.0)).shape == shape


def test_absurd_spacing_does_not_make_an_endless_picture():
    assert project(np.zeros((10, 5, 4)), spacing_mm=(1e6, 1.0, 1.0)).shape == (5, 320)


def test_stretching_repeats_values_and_invents_none():
    volume = np.arange(6.0).reshape(2, 1, 3)
    flat = project(volume, axis=1, spacing_mm=(1.0, 1.0, 2.0))
    assert flat[::-1].T.tolist() == [[0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]]


def test_images_are_only_turned():
    image = np.array([[1, 2], [3, 4], [5, 6]])  # x = 3, y = 2
    assert project(image).tolist() == [[2, 4, 6], [1, 3, 5]]


def test_outline_is_the_ring_of_a_square_and_ignores_the_image_border():
    mask = np.zeros((5, 5), bool)
    mask[:4, :4] = True
    expected = mask.copy()
    expected[:3, :3] = False
    assert (outline(mask) == expected).all()
