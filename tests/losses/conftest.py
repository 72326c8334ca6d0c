"""Vessels drawn voxel by voxel, the same in 2D and 3D."""

import pytest
import torch

from cldice_monai.skeleton._soft_compiled import load_kernels


@pytest.fixture
def tube():
    """A straight tube along the first axis (a bar in 2D), as a label (1, 1, size, ...)."""

    def draw(n_dims, size, radius, centre=None, spacing=None):
        centre = size // 2 if centre is None else centre
        spacing = spacing or (1.0,) * n_dims
        grids = torch.meshgrid(*[torch.arange(size)] * n_dims, indexing="ij")
        squared = sum(
            ((grid - centre) * step) ** 2 for grid, step in zip(grids[1:], spacing[1:], strict=True)
        )
        return (squared <= radius**2).float()[None, None]

    return draw


@pytest.fixture(autouse=True, scope="session")
def compiled_once():
    """Compile the kernels before the first test, so that no test is charged for it."""
    for dtype in (torch.float32, torch.float64):
        load_kernels(dtype)
