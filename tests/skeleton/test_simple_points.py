from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.skeleton.simple_points import (
    OPEN_AFTER,
    OPEN_BEFORE,
    SIMPLE,
    neighbourhood_flags,
)
from cldice_monai.topology import betti_numbers, euler_characteristic


def neighbourhood(code, ndim):
    """The 3x3 or 3x3x3 array of a code, centre set."""
    bits = (code >> np.arange(3**ndim)) & 1 != 0
    bits[3**ndim // 2] = True
    return bits.reshape((3,) * ndim)


def is_simple(cube, connectivity):
    """Deleting the centre changes no Betti number, nor the background's components nearby."""
    without = cube.copy()
    without[(1,) * cube.ndim] = False
    if euler_characteristic(cube, connectivity=connectivity) != euler_characteristic(
        without, connectivity=connectivity
    ):
        return False
    full = np.ones((3,) * cube.ndim)
    inside = full if connectivity == "foreground-full" else None
    near = without
    if connectivity == "foreground-face":
        # A corner touches the centre only through others: it is not in its 18-neighbourhood.
        near = without & ndimage.generate_binary_structure(cube.ndim, 2)
    labels, _ = ndimage.label(near, structure=inside)
    centre = (
        full if inside is not None else ndimage.generate_binary_structure(cube.ndim, 1)
    ).astype(bool)
    return len(set(labels[centre & near].tolist())) == 1


def is_end(cube, connectivity):
    axes = cube.ndim
    reach = ndimage.generate_binary_structure(axes, axes if connectivity.endswith("full") else 1)
    return int((cube & reach).sum()) == 2


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_simple_points_are_those_whose_deletion_keeps_the_topology(ndim, connectivity):
    codes = np.arange(512) if ndim == 2 else np.random.default_rng(1).integers(0, 1 << 27, 700)
    flags = neighbourhood_flags(codes, ndim=ndim, connectivity=connectivity)
    expected = [is_simple(neighbourhood(code, ndim), connectivity) for code in codes]
    assert 0 < sum(expected) < len(codes)
    assert (flags & SIMPLE != 0).tolist() == expected


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_candidates_are_simple_no_curve_ends_and_open_on_their_side(ndim, connectivity):
    codes = np.random.default_rng(2).integers(0, 1 << 3**ndim, 600)
    flags = neighbourhood_flags(codes, ndim=ndim, connectivity=connectivity)
    for code, flag in zip(codes, flags, strict=True):
        cube = neighbourhood(code, ndim)
        removable = bool(flag & SIMPLE) and not is_end(cube, connectivity)
        for bit, side in ((OPEN_BEFORE, 0), (OPEN_AFTER, 2)):
            faces = [
                cube[tuple(side if a == axis else 1 for a in range(ndim))] for axis in range(ndim)
            ]
            assert bool(flag & bit) == (removable and not all(faces))


def test_the_dual_connectivity_is_that_of_the_complement():
    codes = np.random.default_rng(3).integers(0, 1 << 27, 4000)
    face = neighbourhood_flags(codes, ndim=3, connectivity="foreground-face")
    full = neighbourhood_flags(~codes & ((1 << 27) - 1), ndim=3)
    assert np.array_equal(face & SIMPLE, full & SIMPLE)


def test_a_simple_point_keeps_the_betti_numbers_of_a_whole_image():
    rng = np.random.default_rng(4)
    for _, connectivity in product(range(60), ["foreground-full", "foreground-face"]):
        image = np.pad(rng.random((3, 3, 3)) < rng.random(), 1)
        image[2, 2, 2] = True
        code = int((image[1:4, 1:4, 1:4].ravel() << np.arange(27)).sum())
        flag = neighbourhood_flags(np.array([code]), ndim=3, connectivity=connectivity)[0]
        without = image.copy()
        without[2, 2, 2] = False
        if flag & SIMPLE:
            before = betti_numbers(image, connectivity=connectivity)
            assert betti_numbers(without, connectivity=connectivity) == before
