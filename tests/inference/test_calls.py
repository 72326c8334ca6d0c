"""The number of calls that a bar counts to is the number that is made."""

from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.inference.calls import count_calls
from cldice_monai.inference.recipe import Recipe
from cldice_monai.transforms import ResampleToWorkingGrid


@pytest.mark.parametrize("side_um", [1.0, 100.0])
@pytest.mark.parametrize("settings", [{}, {"tta": True}, {"overlap": 0.25, "roi": 32}])
def test_count_is_that_of_the_inferer(settings: dict, side_um: float):
    own = {"side_mm": 0.002, "factors": [1.0, 1.5], "pad_windows": False, "device": "cpu"}
    recipe = Recipe(settings={**own, **settings})
    affine = torch.diag(torch.tensor([side_um / 1000] * 3 + [1.0]))
    volume = MetaTensor(torch.zeros(1, 170, 90, 20), affine=affine)
    image = ResampleToWorkingGrid(0.002)(volume)
    calls = []

    def network(window: torch.Tensor) -> torch.Tensor:
        calls.append(len(window))
        return window

    recipe.inferer(image[None], network)
    size = tuple(image.shape[1:])
    assert count_calls(recipe.inferer, size, resampled=side_um == 1.0) == len(calls)
