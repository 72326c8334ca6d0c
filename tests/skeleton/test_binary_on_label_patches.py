"""Exactness and quality on patches of a real-size vessel label, beside scikit-image's skeleton."""

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import skeletonize as scikit_image_skeleton

from cldice_monai.skeleton import skeletonize
from cldice_monai.topology import betti_numbers

LABEL = Path(__file__).parents[3] / "shared" / "data" / "VesSAP_synthetic" / "label.nii.gz"
FULL = np.ones((3, 3, 3), int)

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(not LABEL.exists(), reason=f"{LABEL.name} of the shared data is not here"),
]


@pytest.fixture(scope="module")
def patches():
    import nibabel as nib

    label = np.asarray(nib.load(LABEL).dataobj) > 0
    rng, found = np.random.default_rng(0), []
    while len(found) < 130:
        start = [int(rng.integers(0, size - 48)) for size in label.shape]
        patch = label[tuple(slice(s, s + 48) for s in start)]
        if patch.any():
            found.append(patch)
    return np.stack(found)[:, None]


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
def test_label_patches_keep_their_betti_numbers(patches, connectivity):
    for patch, skeleton in zip(
        patches, skeletonize(patches, connectivity=connectivity), strict=True
    ):
        assert not (skeleton & ~patch).any()
        expected = betti_numbers(patch[0], connectivity=connectivity)
        assert betti_numbers(skeleton[0], connectivity=connectivity) == expected


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
def test_thinning_the_skeletons_of_label_patches_again_changes_nothing(patches, connectivity):
    skeletons = skeletonize(patches, connectivity=connectivity)
    assert skeletons.sum() < 0.5 * patches.sum()
    assert np.array_equal(skeletonize(skeletons, connectivity=connectivity), skeletons)


def n_components(mask):
    return ndimage.label(mask, structure=FULL)[1]


def n_ends(skeleton):
    return int(
        (skeleton & (ndimage.convolve(skeleton.astype(int), FULL, mode="constant") == 2)).sum()
    )


def distances_to_ridge(mask, skeleton):
    """Distance of the skeleton's voxels to the nearest local maximum of the depth."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1]
    ridge = mask & (depth >= ndimage.maximum_filter(depth, 3))
    return ndimage.distance_transform_edt(~ridge)[skeleton]


def test_where_scikit_image_keeps_the_components_ours_is_as_short_and_better_centred(patches):
    voxels, ends = np.zeros(2, int), np.zeros(2, int)
    away: list[list[np.ndarray]] = [[], []]
    for patch in patches[:, 0]:
        theirs = scikit_image_skeleton(patch) > 0
        if n_components(theirs) != n_components(patch):
            continue
        for number, skeleton in enumerate((skeletonize(patch), theirs)):
            voxels[number] += skeleton.sum()
            ends[number] += n_ends(skeleton)
            away[number].append(distances_to_ridge(patch, skeleton))
    assert abs(voxels[0] / voxels[1] - 1) <= 0.05
    assert ends[0] <= 1.5 * ends[1]
    ours, others = (float(np.concatenate(part).mean()) for part in away)
    assert ours <= 0.9 * others
