import itertools

import pytest
import torch
from monai.inferers import SimpleInferer, SlidingWindowInferer

from cldice_monai.inferers import AutocastInferer, FlipInferer


def _network(n_channels: int = 1, n_axes: int = 3) -> torch.nn.Module:
    torch.manual_seed(0)
    convolution = torch.nn.Conv3d if n_axes == 3 else torch.nn.Conv2d
    return convolution(1, n_channels, 3, padding=1).requires_grad_(False)


@pytest.mark.parametrize("n_axes", [2, 3])
def test_sigmoid_of_the_output_is_the_mean_over_all_mirror_images(n_axes: int):
    network, x = _network(n_axes=n_axes), torch.randn(2, 1, *[6, 8, 10][:n_axes])
    means, n = torch.zeros_like(x), 0
    for chosen in itertools.product([False, True], repeat=n_axes):
        flip = [axis + 2 for axis, mirrored in enumerate(chosen) if mirrored]
        means += torch.sigmoid(torch.flip(network(torch.flip(x, flip)), flip))
        n += 1
    assert n == 2**n_axes
    found = torch.sigmoid(FlipInferer(SimpleInferer())(x, network))
    torch.testing.assert_close(found, means / n)
    assert not torch.allclose(found, torch.sigmoid(network(x)), atol=1e-3)


def test_softmax_of_the_output_is_the_mean_of_softmaxes():
    network, x = _network(3), torch.randn(1, 1, 4, 4, 4)
    mean = torch.stack(
        [
            torch.softmax(torch.flip(network(torch.flip(x, flip)), flip), 1)
            for flip in ([], [2], [4], [2, 4])
        ]
    ).mean(0)
    inferer = FlipInferer(SimpleInferer(), axes=[0, 2], softmax=True)
    torch.testing.assert_close(torch.softmax(inferer(x, network), 1), mean)


def test_result_of_a_mirrored_image_is_the_mirrored_result():
    network, x = _network(), torch.randn(1, 1, 16, 16, 16)
    inferer = FlipInferer(SlidingWindowInferer((8, 8, 8), overlap=0.5, mode="gaussian"))
    mirrored = torch.flip(inferer(torch.flip(x, [2, 3]), network), [2, 3])
    torch.testing.assert_close(mirrored, inferer(x, network))


def test_no_axes_is_exactly_the_wrapped_inferer():
    network, x = _network(), torch.randn(1, 1, 6, 6, 6)
    assert torch.equal(FlipInferer(SimpleInferer(), axes=[])(x, network), network(x))


def test_sure_predictions_stay_finite_and_sure():
    x = torch.full((1, 1, 2, 2), 200.0)
    assert torch.equal(FlipInferer(SimpleInferer())(x, lambda window: window), x)
    assert torch.equal(FlipInferer(SimpleInferer())(-x, lambda window: window), -x)


def test_it_works_inside_mixed_precision():
    network, x = _network(), torch.randn(1, 1, 8, 8, 8)
    flips = FlipInferer(SimpleInferer())
    found = AutocastInferer(flips, precision="bfloat16")(x, network)
    assert found.dtype == torch.float32
    torch.testing.assert_close(
        torch.sigmoid(found), torch.sigmoid(flips(x, network)), atol=0.01, rtol=0
    )


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="axes must be from 0 to 1, got"):
        FlipInferer(SimpleInferer(), axes=[2])(torch.zeros(1, 1, 4, 4), _network(n_axes=2))
