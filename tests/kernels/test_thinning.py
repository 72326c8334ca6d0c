"""The kernels of the exact thinning, interpreted on the CPU, against numpy."""

import importlib

import numpy as np
import pytest
import torch

from cldice_monai.skeleton import _thinning_on_device
from cldice_monai.skeleton.thinning import thin

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
@pytest.mark.parametrize("shape", [(2, 9, 11), (1, 5, 6, 4), (1, 1, 7, 5)])
def test_every_voxel_is_that_of_numpy(interpreter, monkeypatch, shape, connectivity):
    kernels = importlib.import_module("cldice_monai.kernels.thinning")
    used = []
    original = kernels.delete_simple
    monkeypatch.setattr(kernels, "delete_simple", lambda *a: (used.append(1), original(*a)))
    monkeypatch.setattr(_thinning_on_device, "has_thinning_kernels", lambda device: True)
    items = np.random.default_rng(0).random(shape) < 0.7
    found = _thinning_on_device.thin_on_device(torch.from_numpy(items), connectivity=connectivity)
    assert used
    assert np.array_equal(found.numpy(), thin(items, connectivity=connectivity))
