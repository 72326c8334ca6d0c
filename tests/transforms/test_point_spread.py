import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.transforms import RandPointSpread


def point(size=41):
    image = np.zeros((1, size, size, size), np.float32)
    image[0, size // 2, size // 2, size // 2] = 1
    return image


def widths(image):
    """Standard deviation of the intensity along each axis."""
    at = np.arange(image.shape[-1]) - image.shape[-1] // 2
    found = []
    for axis in range(3):
        profile = image[0].sum(axis=tuple(a for a in range(3) if a != axis))
        found.append(float(np.sqrt((profile * at**2).sum() / profile.sum())))
    return found


def test_point_is_spread_wider_along_the_optical_axis():
    spread = RandPointSpread(1.0, lateral=(1.5, 1.5), axial_ratio=(2, 2))
    assert widths(spread(point())) == pytest.approx([1.5, 1.5, 3.0], rel=0.03)
    first = RandPointSpread(1.0, lateral=(1.5, 1.5), axial_ratio=(2, 2), axis=0)
    assert widths(first(point())) == pytest.approx([3.0, 1.5, 1.5], rel=0.03)


def test_width_is_in_millimetres_where_the_image_knows_its_spacing():
    affine = torch.diag(torch.tensor([0.5, 1.0, 2.0, 1.0], dtype=torch.float64))
    image = MetaTensor(torch.from_numpy(point()), affine=affine)
    spread = RandPointSpread(1.0, lateral=(2, 2), axial_ratio=(3, 3), spacing="image")
    result = spread(image)
    assert widths(result.numpy()) == pytest.approx([4.0, 2.0, 3.0], rel=0.03)
    assert torch.equal(result.affine, affine)


def test_sum_and_flat_images_are_kept():
    spread = RandPointSpread(1.0, lateral=(1, 1))
    assert spread(point()).sum() == pytest.approx(1, abs=1e-4)
    assert np.allclose(spread(np.full((2, 8, 9), 5.0)), 5.0)


def test_every_channel_is_blurred_alike():
    spread = RandPointSpread(1.0).set_random_state(3)
    both = spread(np.concatenate([point(), 2 * point()]))
    assert np.allclose(2 * both[0], both[1])
    assert both[0].max() < 0.95


def test_axis_that_the_image_has_not_is_refused():
    with pytest.raises(ValueError, match="axis must be one of the 2 spatial axes, got 2"):
        RandPointSpread(1.0, axis=2)(np.ones((1, 8, 8)))


@pytest.mark.parametrize("name", ["lateral", "axial_ratio"])
def test_widths_that_cannot_be_used_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be two numbers from 0 on, rising"):
        RandPointSpread(**{name: (2.0, 1.0)})
