"""From a volume to a mask on the same grid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cldice_monai.errors import InputError
from cldice_monai.workflows import save_weights
from cldice_monai.zero_shot import (
    RECIPE,
    half_precision,
    load_network,
    make_network,
    prepare_intensities,
    probabilities,
    segment_volume,
)


class Brightness(nn.Module):
    """A stand-in whose logit is high where the prepared intensity is above a half."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(20.0))
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.shapes.append(tuple(image.shape[2:]))
        return self.slope * (image - 0.5)


def bright_tube(shape: tuple[int, ...]) -> np.ndarray:
    image = np.zeros(shape, np.float32)
    image[:, shape[1] // 2 - 3 : shape[1] // 2 + 3] = 200.0
    return image


@pytest.mark.parametrize("spacing", [None, (1.0, 1.0, 5.0), (0.994, 0.994, 5.0), (2.5, 2.5, 2.5)])
def test_mask_lies_on_the_grid_of_the_image(spacing):
    image = bright_tube((40, 37, 9))
    mask = segment_volume(image, Brightness(), spacing_um=spacing)
    assert mask.shape == image.shape
    assert mask[:, 17:19].all()
    assert not mask[:, :10].any()
    assert not mask[:, 27:].any()


def test_microscopy_is_segmented_at_two_micrometres_and_other_volumes_as_they_are():
    network, recipe = Brightness(), replace(RECIPE, factors=(1.0, 2.0))
    image = bright_tube((64, 64, 8))
    segment_volume(image, network, spacing_um=(1.0, 1.0, 5.0), recipe=recipe)
    # 32 x 32 x 18 and 16 x 16 x 9, in whole eighths and two of them at least
    assert network.shapes == [(32, 32, 24), (16, 16, 16)]
    segment_volume(bright_tube((64, 64, 8)), network, recipe=recipe)
    assert network.shapes[2:] == [(64, 64, 16)]


def test_threshold_is_that_of_the_recipe():
    image, network = bright_tube((32, 32, 16)), Brightness()
    found = probabilities(image, network)
    assert 0.0 <= found.min() < 0.01 < 0.99 < found.max() <= 1.0
    strict = replace(RECIPE, threshold=1.0)
    assert not segment_volume(image, network, recipe=strict).any()


def test_dim_vessels_are_lifted_and_the_brightest_cut_off():
    image = np.array([0.0] * 500 + [1.0] * 480 + [4.0] * 19 + [400.0])
    prepared = prepare_intensities(image, recipe=replace(RECIPE, cutoff=0.99, lift=24.0))
    # log(1 + 24 / 4) / log(1 + 24)
    np.testing.assert_allclose(prepared[[0, 600, -2, -1]], [0.0, 0.604529, 1.0, 1.0], atol=1e-4)


def test_not_finite_voxels_and_an_empty_volume_do_not_stop_it():
    image = bright_tube((16, 16, 16))
    image[0, 0, 0] = np.nan
    assert segment_volume(image, Brightness()).any()
    assert not segment_volume(np.zeros((16, 16, 16)), Brightness()).any()


def test_weights_in_half_precision_give_nearly_the_same_probabilities(tmp_path: Path):
    torch.manual_seed(0)
    network = make_network().eval()
    image = bright_tube((16, 16, 16))
    before = probabilities(image, network)
    save_weights(half_precision(network), tmp_path / "half.pt")
    assert (tmp_path / "half.pt").stat().st_size < 2.6e6  # 1.2 million parameters of 2 bytes
    after = probabilities(image, load_network(tmp_path / "half.pt"))
    np.testing.assert_allclose(after, before, atol=0.02)


def test_statistics_beyond_float16_survive_half_precision(tmp_path: Path):
    network = make_network()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm3d)]
    norms[0].running_var.fill_(1e6)
    save_weights(half_precision(network), tmp_path / "half.pt")
    loaded = load_network(tmp_path / "half.pt")
    first = next(m for m in loaded.modules() if isinstance(m, nn.BatchNorm3d))
    assert first.running_var.unique().tolist() == [1e6]
    kinds = {weights.dtype for weights in network.parameters()}
    assert kinds == {torch.float16, torch.float32}


def test_weights_of_another_network_are_refused(tmp_path: Path):
    save_weights(Brightness(), tmp_path / "other.pt")
    with pytest.raises(InputError, match="of another network"):
        load_network(tmp_path / "other.pt")
