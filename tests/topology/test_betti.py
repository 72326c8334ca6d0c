from functools import cache

import gudhi
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import euler_number

from cldice_monai.topology import (
    batched_betti_numbers,
    batched_euler_characteristic,
    betti_numbers,
    euler_characteristic,
    labelled_components,
)

CONNECTIVITIES = ("foreground-full", "foreground-face")


def oracle(mask, connectivity="foreground-full"):
    """Betti numbers from gudhi's cubical homology of the complex of closed cubes or its dual."""
    padded = np.pad(mask, 1)
    values = np.where(padded, 0.0, 1.0)
    if connectivity == "foreground-full":
        complex_ = gudhi.CubicalComplex(top_dimensional_cells=values)
    else:
        complex_ = gudhi.CubicalComplex(vertices=values)
    complex_.compute_persistence()
    numbers = complex_.persistent_betti_numbers(0.5, 0.5)
    return tuple(int(n) for n in numbers[: mask.ndim])


def grid(size):
    half = (size - 1) / 2
    return np.mgrid[:size, :size, :size] - half


def ball(size=11, radius=4.2):
    return (grid(size) ** 2).sum(0) <= radius**2


def shell():
    return ball() & ~ball(radius=2.5)


def ring_distance(size, radius):
    """Squared distance of every voxel to a circle around the last axis."""
    x, y, z = grid(size)
    return (np.hypot(x, y) - radius) ** 2 + z**2


def solid_torus():
    return ring_distance(21, 6.0) <= 2.2**2


def torus_surface(outer=2.2):
    return (ring_distance(21, 6.0) <= outer**2) & (ring_distance(21, 6.0) > 1.2**2)


def hopf_link():
    canvas = np.zeros((23, 31, 23), bool)
    ring = ring_distance(15, 5.0) <= 1.2**2
    canvas[4:19, :15, 4:19] |= ring
    canvas[4:19, 5:20, 4:19] |= np.moveaxis(ring, 2, 0)
    return canvas


def two_cubes_touching_at_a_corner():
    canvas = np.zeros((4, 4, 4), bool)
    canvas[:2, :2, :2] = canvas[2:, 2:, 2:] = True
    return canvas


def two_cubes_touching_along_an_edge():
    canvas = np.zeros((4, 4, 2), bool)
    canvas[:2, :2] = canvas[2:, 2:] = True
    return canvas


def cube_without_corners():
    """A hollow cube of side 3; the background comes in by the corners if corners connect it."""
    canvas = np.ones((3, 3, 3), bool)
    canvas[::2, ::2, ::2] = canvas[1, 1, 1] = False
    return canvas


# Mask, numbers of foreground-full, numbers of foreground-face.
KNOWN = {
    "ball": (ball(), (1, 0, 0), (1, 0, 0)),
    "shell": (shell(), (1, 0, 1), (1, 0, 1)),
    "solid torus": (solid_torus(), (1, 1, 0), (1, 1, 0)),
    "thick torus surface": (torus_surface(outer=3.2), (1, 2, 1), (1, 2, 1)),
    "Hopf link": (hopf_link(), (2, 2, 0), (2, 2, 0)),
    "corner-touching cubes": (two_cubes_touching_at_a_corner(), (1, 0, 0), (2, 0, 0)),
    "edge-touching cubes": (two_cubes_touching_along_an_edge(), (1, 0, 0), (2, 0, 0)),
    # 12 edges and 6 faces, each face with 4 edges: a graph of 24 links, 24 - 18 + 1 loops.
    "cube without corners": (cube_without_corners(), (1, 0, 1), (1, 7, 0)),
    "empty": (np.zeros((4, 5, 6), bool), (0, 0, 0), (0, 0, 0)),
    "full": (np.ones((4, 5, 6), bool), (1, 0, 0), (1, 0, 0)),
    "one voxel": (np.ones((1, 1, 1), bool), (1, 0, 0), (1, 0, 0)),
    "flat ring": (np.pad(np.zeros((1, 1), bool), 1, constant_values=True)[None], *[(1, 1, 0)] * 2),
    "empty image": (np.zeros((3, 3), bool), (0, 0), (0, 0)),
    "full image": (np.ones((3, 3), bool), (1, 0), (1, 0)),
    "diagonal": (np.eye(3, dtype=bool), (1, 0), (3, 0)),
    "diamond": (~np.eye(3, dtype=bool)[::-1] & ~np.eye(3, dtype=bool), (1, 1), (4, 0)),
    "two holes that touch": (
        np.pad(~np.eye(2, dtype=bool), 1, constant_values=True),
        (1, 2),
        (1, 1),
    ),
}


@pytest.fixture(params=[True, False], ids=["with the extra", "without the extra"])
def labelled(request, monkeypatch):
    """Count by each way: whether by the optional package, and a list of the calls to it."""
    package = pytest.importorskip("cc3d") if request.param else None
    calls = []
    count = labelled_components.count_labelled_components

    def listed(items, *, full):
        calls.append(full)
        return count(items, full=full)

    monkeypatch.setattr(labelled_components, "_connected_components_3d", lambda: package)
    monkeypatch.setattr("cldice_monai.topology.betti.count_labelled_components", listed)
    return request.param, calls


def alternating_sum(numbers):
    return sum((-1) ** dimension * number for dimension, number in enumerate(numbers))


@pytest.mark.usefixtures("labelled")
@pytest.mark.parametrize("name", KNOWN)
def test_known_shapes_have_their_textbook_betti_numbers(name):
    mask, *expected = KNOWN[name]
    for connectivity, numbers in zip(CONNECTIVITIES, expected, strict=True):
        assert betti_numbers(mask, connectivity=connectivity) == numbers
        euler = euler_characteristic(mask, connectivity=connectivity)
        assert euler == alternating_sum(numbers)


def test_a_thin_wall_that_is_closed_by_edges_alone_is_none_under_face_connectivity():
    assert betti_numbers(torus_surface()) == (1, 2, 1)
    assert betti_numbers(torus_surface(), connectivity="foreground-face")[2] == 0


def random_masks(count, shape_3d=(7, 8, 9), shape_2d=(12, 13)):
    """Noise from 5 to 95 % foreground, half of it 2D."""
    rng = np.random.default_rng(0)
    for number in range(count):
        shape = shape_2d if number % 2 else shape_3d
        yield rng.random(shape) < 0.05 + 0.9 * number / (count - 1)


@cache
def judged_masks(connectivity):
    """Masks beside gudhi's numbers of them."""
    return [(mask, oracle(mask, connectivity)) for mask in random_masks(420)]


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_random_images_agree_with_cubical_homology(connectivity, labelled):
    for mask, expected in judged_masks(connectivity):
        assert betti_numbers(mask, connectivity=connectivity) == expected
    with_the_extra, calls = labelled
    assert len(calls) == (2 * 420 if with_the_extra else 0)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_euler_characteristic_agrees_with_cubical_homology(connectivity):
    for mask, numbers in judged_masks(connectivity):
        euler = euler_characteristic(mask, connectivity=connectivity)
        assert euler == alternating_sum(numbers)


def test_euler_characteristic_agrees_with_scikit_image():
    for mask in random_masks(60):
        assert euler_characteristic(mask) == euler_number(mask, connectivity=mask.ndim)
        face = euler_characteristic(mask, connectivity="foreground-face")
        assert face == euler_number(mask, connectivity=1)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)),
    st.sampled_from(CONNECTIVITIES),
)
def test_euler_characteristic_is_the_alternating_sum(mask, connectivity):
    b0, b1, b2 = betti_numbers(mask, connectivity=connectivity)
    assert euler_characteristic(mask, connectivity=connectivity) == b0 - b1 + b2


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_euler_error_in_2d_never_exceeds_the_summed_betti_errors(connectivity):
    rng = np.random.default_rng(5)
    shares = rng.random((2, 300, 1, 1, 1))
    pred, label = (rng.random((300, 1, 9, 10)) < share for share in shares)
    numbers = [batched_betti_numbers(masks, connectivity=connectivity) for masks in (pred, label)]
    euler = [
        batched_euler_characteristic(masks, connectivity=connectivity) for masks in (pred, label)
    ]
    betti_errors = np.abs(numbers[0] - numbers[1]).sum(-1)
    euler_errors = np.abs(euler[0] - euler[1])
    assert (euler_errors <= betti_errors).all()
    assert (euler_errors > 0).sum() >= 200
    assert (euler_errors < betti_errors).sum() >= 10  # the bound is no identity


@settings(deadline=None, derandomize=True, max_examples=40)
@given(arrays(bool, (4, 5, 6)), st.permutations([0, 1, 2]), st.integers(0, 2))
def test_turned_and_mirrored_masks_keep_their_numbers(mask, axes, axis):
    assert betti_numbers(np.flip(mask.transpose(axes), axis)) == betti_numbers(mask)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float64])
def test_every_binary_dtype_and_layout_is_accepted(dtype):
    mask = np.asfortranarray(solid_torus().astype(dtype))[::-1]
    assert betti_numbers(mask) == (1, 1, 0)
    assert betti_numbers(torch.from_numpy(mask.copy())) == (1, 1, 0)


@pytest.mark.parametrize("function", [betti_numbers, euler_characteristic])
def test_unusable_input_is_refused_in_one_line(function):
    with pytest.raises(ValueError, match=r"must be binary .* threshold it first"):
        function(np.full((3, 3), 0.5))
    with pytest.raises(ValueError, match="got NaN; replace NaN"):
        function(np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match=r"must be \(H, W\) or .* got shape \(4,\); add"):
        function(np.zeros(4))
    with pytest.raises(ValueError, match="connectivity must be one of foreground-full"):
        function(np.zeros((3, 3)), connectivity=8)
    with pytest.raises(TypeError, match=r"numpy array or a torch tensor, got list"):
        function([[0, 1]])
    with pytest.raises(TypeError, match="must hold numbers"):
        function(np.array([["a"]]))


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("shape", [(5, 3, 7, 9), (4, 2, 5, 6, 7), (2, 2, 1, 1), (3, 1, 2, 2, 66)])
def test_a_batch_equals_its_items_alone_and_torch_equals_numpy(shape, connectivity):
    rng = np.random.default_rng(0)
    masks = rng.random(shape) < rng.random((*shape[:2], *[1] * (len(shape) - 2)))
    masks[0] = False
    masks[1] = True  # full items beside each other must not leak into each other
    numbers = batched_betti_numbers(masks, connectivity=connectivity)
    euler = batched_euler_characteristic(masks, connectivity=connectivity)
    assert numbers.shape == (*shape[:2], len(shape) - 2)
    for b, c in np.ndindex(*shape[:2]):
        expected = betti_numbers(masks[b, c], connectivity=connectivity)
        assert tuple(numbers[b, c].tolist()) == expected
        assert euler[b, c] == euler_characteristic(masks[b, c], connectivity=connectivity)
    tensor = torch.from_numpy(masks).float()
    of_tensor = batched_betti_numbers(tensor, connectivity=connectivity)
    assert np.array_equal(of_tensor.numpy(), numbers)
    euler_of_tensor = batched_euler_characteristic(tensor, connectivity=connectivity)
    assert np.array_equal(euler_of_tensor.numpy(), euler)


@pytest.mark.parametrize("width", [62, 63, 64, 65, 128])
def test_rows_around_the_length_of_a_word_are_counted_whole(width):
    mask = np.ones((3, width), bool)
    mask[1, [1, width // 2, width - 2]] = False
    assert betti_numbers(mask) == (1, 3)
    assert euler_characteristic(mask) == -2
    assert euler_characteristic(np.ones((2, 2, width), bool)) == 1


def test_spatial_axes_alone_are_refused_by_the_batched_form():
    with pytest.raises(ValueError, match=r"masks must be \(B, C, H, W\)"):
        batched_betti_numbers(np.zeros((4, 4)))
