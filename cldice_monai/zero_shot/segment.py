"""Segment a volume in memory with the zero-shot recipe."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import torch
from monai.data import MetaTensor
from torch import nn

from cldice_monai.inferers import AutocastInferer, ScaleAverageInferer
from cldice_monai.transforms import FillNonFinite, ResampleToWorkingGrid, ScaleIntensityCutoff
from cldice_monai.workflows.weights import load_weights, norm_of
from cldice_monai.zero_shot.recipe import RECIPE, ZeroShotRecipe, make_network

__all__ = ["load_network", "prepare_intensities", "probabilities", "segment_volume"]


def load_network(path: str | os.PathLike[str]) -> nn.Module:
    """Return the network with the weights of a file, ready to segment.

    Args:
        path: a file of `save_weights`, in any floating type, with batch or instance norms.

    Returns:
        The network in evaluation mode, on the CPU; it takes float32 (B, 1, X, Y, Z) and gives
        logits of that shape.

    Raises:
        InputError: if the file is missing or of another network.

    Example:
        >>> from cldice_monai import bundle_dir
        >>> network = load_network(bundle_dir() / "models" / "model.pt")
        >>> tuple(network(torch.zeros(1, 1, 16, 16, 16)).shape)
        (1, 1, 16, 16, 16)
    """
    network = make_network(norm_of(path))
    load_weights(network, path)
    return network.eval()


def prepare_intensities(image: np.ndarray, *, recipe: ZeroShotRecipe = RECIPE) -> np.ndarray:
    """Cut a volume off, scale it to [0, 1] and lift its dim vessels.

    Args:
        image: finite intensities, any shape.
        recipe: says where to cut and how much to lift.

    Returns:
        float32 of the same shape.

    Example:
        >>> image = np.array([0.0, 2.0, 8.0])
        >>> prepare_intensities(image, recipe=ZeroShotRecipe(cutoff=1, lift=8, floor=0)).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.asarray(_intensities(recipe)(image[None])[0])


def segment_volume(
    image: np.ndarray,
    network: nn.Module,
    *,
    spacing_um: Sequence[float] | None = None,
    recipe: ZeroShotRecipe = RECIPE,
) -> np.ndarray:
    """Segment one volume on its own grid.

    Args:
        image: (X, Y, Z) intensities.
        network: from `load_network`.
        spacing_um: voxel size along the three axes in micrometres; None where it is unknown, and
            the volume keeps its grid.
        recipe: grid, intensities and threshold.

    Returns:
        Boolean mask of the image's shape.

    Example:
        >>> image = np.zeros((20, 20, 6), np.float32); image[:, 9:12, 2:4] = 9
        >>> segment_volume(image, make_network(), spacing_um=(1, 1, 5)).shape
        (20, 20, 6)
    """
    found = probabilities(image, network, spacing_um=spacing_um, recipe=recipe)
    return np.asarray(found >= recipe.threshold)


def probabilities(
    image: np.ndarray,
    network: nn.Module,
    *,
    spacing_um: Sequence[float] | None = None,
    recipe: ZeroShotRecipe = RECIPE,
) -> np.ndarray:
    """Return how sure the network is of each voxel, before the threshold.

    Args:
        image: (X, Y, Z) intensities.
        network: from `load_network`.
        spacing_um: voxel size along the three axes in micrometres; None where it is unknown, and
            the volume keeps its grid.
        recipe: grid and intensities.

    Returns:
        float32 of the image's shape, from 0 to 1.

    Example:
        >>> image = np.zeros((20, 20, 6), np.float32); image[:, 9:12, 2:4] = 9
        >>> found = probabilities(image, make_network(), spacing_um=(1, 1, 5))
        >>> found.shape, bool(0 <= found.min() and found.max() <= 1)
        ((20, 20, 6), True)
    """
    mm = np.ones(3) if spacing_um is None else np.asarray(spacing_um, dtype=float) / 1000.0
    volume = torch.from_numpy(np.ascontiguousarray(image[None], dtype=np.float32))
    volume = FillNonFinite()(MetaTensor(volume, affine=torch.diag(torch.tensor([*mm, 1.0]))))
    resample = None if recipe.side_mm is None else ResampleToWorkingGrid(recipe.side_mm)
    volume = volume if resample is None else resample(volume)
    prepared = _intensities(recipe)(volume)
    device = next(network.parameters()).device
    network.eval()
    with torch.no_grad():
        logits = _inferer(recipe)(prepared[None].to(device), network)
    found = MetaTensor(torch.sigmoid(logits[0]).float().cpu()).copy_meta_from(volume)
    found = found if resample is None else resample.inverse(found)
    return np.asarray(found[0].numpy())


def _intensities(recipe: ZeroShotRecipe) -> ScaleIntensityCutoff:
    return ScaleIntensityCutoff(recipe.cutoff, recipe.lift, recipe.floor)


def _inferer(recipe: ZeroShotRecipe) -> AutocastInferer:
    """Return what the bundle's inference.json has with the preparation of the weights."""
    slide = ScaleAverageInferer(
        (recipe.window,) * 3,
        factors=recipe.factors,
        resampled_only=True,
        pad_windows=recipe.pad_windows,
        overlap=recipe.overlap,
    )
    return AutocastInferer(slide)
