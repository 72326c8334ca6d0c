import numpy as np
import pytest

from cldice_monai.skeleton import background_skeleton
from cldice_monai.skeleton.simple_points import SIMPLE
from cldice_monai.skeleton.simple_table import load_table
from cldice_monai.topology import admits_skeleta, betti_numbers, homotopy_certificate

CONNECTIVITIES = ["foreground-full", "foreground-face"]


def ring(ndim, thickness=3):
    """A square ring of bars, with room around it and within."""
    mask = np.zeros((11,) * ndim, bool)
    level = (slice(4, 4 + thickness),) * (ndim - 2)
    mask[(slice(1, 10), slice(1, 10), *level)] = True
    mask[(slice(1 + thickness, 10 - thickness),) * 2 + level] = False
    return mask


def tree(ndim):
    mask = np.zeros((11,) * ndim, bool)
    level = (slice(4, 7),) * (ndim - 2)
    mask[(slice(1, 10), slice(4, 7), *level)] = True
    mask[(slice(4, 7), slice(4, 10), *level)] = True
    return mask


def code_at(mask, place):
    padded = np.pad(mask, 1)
    around = padded[tuple(slice(p, p + 3) for p in place)].ravel()
    return int((around.astype(np.int64) << np.arange(around.size)).sum())


def is_simple(mask, place, connectivity):
    code = code_at(mask, place) | 1 << 3**mask.ndim // 2
    table = load_table(mask.ndim, connectivity)
    if mask.ndim == 3:
        code = int(table.classes[code & ((1 << 18) - 1)]) * 512 + (code >> 18)
    return bool(table.flags[code] & SIMPLE)


def with_simple_flips(mask, rng, count, connectivity):
    """Flip up to ``count`` random simple points, on or off: the topology stays."""
    changed = mask.copy()
    for place in rng.integers(0, mask.shape, size=(count, mask.ndim)):
        if is_simple(changed, place, connectivity):
            changed[tuple(place)] ^= True
    return changed


def pairs(count, connectivity, seed=0):
    rng = np.random.default_rng(seed)
    made = 0
    while made < count:
        base = (ring, tree)[made % 2](2 + made % 3 // 2)
        label = with_simple_flips(base, rng, 30, connectivity)
        pred = with_simple_flips(label, rng, int(rng.integers(1, 25)), connectivity)
        if not np.array_equal(pred, label):
            made += 1
            yield pred, label, rng


def check_pairs(count, connectivity):
    """Return how many certificates held and which changes of topology were seen.

    Exactly ``count`` pairs that meet the premises are checked. The test of the premises is a
    sufficient one; it may pass over a few pairs whose junctions are crowded.
    """
    held, seen, checked, passed_over = 0, set(), 0, 0
    for pred, label, rng in pairs(2 * count, connectivity):
        if checked == count:
            break
        found = homotopy_certificate(pred, label, connectivity=connectivity)
        if not found.premises_met:
            passed_over += 1
            continue
        checked += 1
        numbers = betti_numbers(label, connectivity=connectivity)
        assert betti_numbers(pred, connectivity=connectivity) == numbers
        held += found.holds
        flipped = pred.copy()
        place = tuple(rng.integers(0, pred.shape))
        flipped[place] ^= True
        after = betti_numbers(flipped, connectivity=connectivity)
        if after != numbers:
            assert not homotopy_certificate(flipped, label, connectivity=connectivity).holds
            seen |= {
                (dimension, int(np.sign(b - a)))
                for dimension, (a, b) in enumerate(zip(numbers, after, strict=True))
                if a != b
            }
    assert checked == count
    assert passed_over <= 0.03 * count
    return held, seen


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_pairs_that_differ_by_simple_points_agree_and_a_flip_shows(connectivity):
    held, seen = check_pairs(40, connectivity)
    assert held > 0
    assert (0, 1) in seen


@pytest.mark.slow
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_500_pairs_that_differ_by_simple_points_agree_and_a_flip_shows(connectivity):
    held, seen = check_pairs(500, connectivity)
    assert held > 25
    assert {(0, 1), (1, 1), (1, -1)} <= seen


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_a_certificate_is_never_given_to_masks_with_other_betti_numbers(connectivity):
    rng = np.random.default_rng(1)
    held = 0
    for number in range(200):
        shape = (5, 6) if number % 2 else (3, 4, 4)
        label = rng.random(shape) < rng.random()
        pred = label ^ (rng.random(shape) < 0.06)
        if homotopy_certificate(pred, label, connectivity=connectivity).holds:
            held += not np.array_equal(pred, label)
            expected = betti_numbers(label, connectivity=connectivity)
            assert betti_numbers(pred, connectivity=connectivity) == expected
    assert held > 5


def apart():
    mask = np.zeros((9, 9, 9), bool)
    mask[1:4, 1:4, 1:8] = mask[6:8, 6:8, 1:8] = True
    return mask


def hollow():
    mask = np.pad(np.ones((5, 5, 5), bool), 2)
    mask[4, 4, 4] = False
    return mask


def one_of_two():
    mask = apart()
    mask[6:8] = False
    return mask


def filled():
    return np.pad(np.ones((5, 5, 5), bool), 2)


def cut_ring():
    mask = ring(3)
    mask[5, :4] = False
    return mask


@pytest.mark.parametrize(
    ("pred", "label", "sign"),
    [
        (apart(), one_of_two(), "ghosts"),
        (one_of_two(), apart(), "misses"),
        (ring(3), cut_ring(), "ghosts"),
        (cut_ring(), ring(3), "misses"),
        (hollow(), filled(), "background_ghosts"),
        (filled(), hollow(), "background_misses"),
    ],
    ids=["b0 + 1", "b0 - 1", "b1 + 1", "b1 - 1", "b2 + 1", "b2 - 1"],
)
def test_each_type_of_change_shows_where_the_papers_figure_7_says(pred, label, sign):
    found = homotopy_certificate(pred, label)
    assert not found.holds
    assert getattr(found, sign).any()


def trefoil():
    """A knotted tube: one component, one loop, no cavity, but its outside is no graph."""
    t = np.linspace(0, 2 * np.pi, 2000)
    curve = np.stack(
        [np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -1.6 * np.sin(3 * t)]
    )
    mask = np.zeros((37, 37, 21), bool)
    mask[tuple(np.rint(curve * 5 + np.array([[18], [18], [10]])).astype(int))] = True
    return mask


def test_premises_are_the_papers():
    assert admits_skeleta(ring(3))
    assert admits_skeleta(tree(3))
    assert not admits_skeleta(apart())
    assert not admits_skeleta(hollow())
    assert not admits_skeleta(np.zeros((4, 4, 4), bool))
    assert admits_skeleta(ring(2))


def test_a_knot_has_the_betti_numbers_of_a_ring_and_yet_no_background_skeleton():
    assert betti_numbers(trefoil()) == betti_numbers(ring(3)) == (1, 1, 0)
    assert not admits_skeleta(trefoil())


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_the_background_skeleton_has_the_numbers_of_the_background_in_the_sphere(connectivity):
    dual = CONNECTIVITIES[1 - CONNECTIVITIES.index(connectivity)]
    rng = np.random.default_rng(2)
    for number in range(40):
        mask = rng.random((9, 10) if number % 2 else (6, 7, 8)) < rng.random()
        if not mask.any():
            continue
        skeleton = background_skeleton(mask, connectivity=connectivity)
        inner = (slice(1, -1),) * mask.ndim
        assert not (skeleton[inner] & mask).any()
        # Alexander duality in the sphere; the shell around the array adds one enclosed space.
        numbers = betti_numbers(mask, connectivity=connectivity)
        expected = (numbers[-1] + 1, *numbers[1:-1], numbers[0])
        assert betti_numbers(skeleton, connectivity=dual) == expected


def test_unusable_input_is_refused():
    good = np.zeros((3, 3), bool)
    with pytest.raises(ValueError, match="pred must be binary"):
        homotopy_certificate(np.full((3, 3), 2), good)
    with pytest.raises(ValueError, match="one shape"):
        homotopy_certificate(good, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="connectivity must be one of"):
        homotopy_certificate(good, good, connectivity="x")
