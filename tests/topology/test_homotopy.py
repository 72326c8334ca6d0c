"""Corollary 1.1: what the certificate proves, judged by gudhi's cubical homology."""

from collections import Counter

import numpy as np
import pytest
from scipy import ndimage

from cldice_monai.skeleton import background_skeleton, skeletonize
from cldice_monai.skeleton.simple_points import SIMPLE
from cldice_monai.skeleton.simple_table import load_table
from cldice_monai.topology import (
    admits_skeleta,
    batched_betti_numbers,
    betti_numbers,
    homotopy_certificate,
)
from tests.topology.test_betti import oracle

CONNECTIVITIES = ["foreground-full", "foreground-face"]
SIGNS = ["ghosts", "misses", "background_ghosts", "background_misses"]
SIZE = 11


def box(ndim, *ends):
    """A box with the given start and stop along each axis; those beyond ``ndim`` are left out."""
    mask = np.zeros((SIZE,) * ndim, bool)
    mask[tuple(slice(*pair) for pair in ends[:ndim])] = True
    return mask


def ring(ndim):
    """A square ring of bars, with room around it and within."""
    return box(ndim, (1, 10), (1, 10), (4, 7)) & ~box(ndim, (4, 7), (4, 7), (4, 7))


def tree(ndim):
    return box(ndim, (1, 10), (4, 7), (4, 7)) | box(ndim, (4, 7), (4, 10), (4, 7))


def open_ring(ndim):
    """One voxel is missing: b1 + 1 is near."""
    return ring(ndim) & ~box(ndim, (5, 6), (0, 5), (0, 11))


def thin_ring(ndim):
    """One voxel holds it together: b1 - 1 is near."""
    return open_ring(ndim) | box(ndim, (5, 6), (2, 3), (5, 6))


def near_blobs(ndim):
    """Two blobs, one voxel apart: b0 - 1 is near."""
    return box(ndim, (1, 5), (2, 9), (3, 8)) | box(ndim, (6, 10), (2, 9), (3, 8))


def blob_and_crumbs(ndim):
    """Two components of one voxel: b0 - 1 is near."""
    blob = box(ndim, (1, 7), (1, 10), (3, 8))
    return blob | box(ndim, (9, 10), (5, 6), (5, 6)) | box(ndim, (8, 9), (1, 2), (1, 2))


def bubble(ndim):
    """A hole (2D) or cavity (3D) of one voxel, off the centre."""
    return box(ndim, (1, 10), (1, 10), (1, 8)) & ~box(ndim, (3, 4), (4, 5), (3, 4))


def thin_walled(ndim):
    """A hole or cavity behind a wall of one voxel: the last number - 1 is near."""
    return box(ndim, (1, 9), (1, 10), (2, 9)) & ~box(ndim, (2, 5), (4, 6), (4, 7))


def narrow_mouthed(ndim):
    """A pit with a mouth of one voxel: the last number + 1 is near."""
    return thin_walled(ndim) & ~box(ndim, (1, 2), (4, 5), (5, 6))


def pierced_plate(ndim):
    """A plate one voxel thick with a hole of one voxel: b1 + 1 and b1 - 1 are near."""
    return box(ndim, (1, 10), (1, 10), (5, 6)) & ~box(ndim, (3, 4), (4, 5), (0, 11))


BASES = [ring, open_ring, tree, thin_ring, near_blobs, blob_and_crumbs]
BASES += [bubble, thin_walled, narrow_mouthed, pierced_plate]


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


def along_the_surface(mask):
    """The voxels with one of the other kind beside them."""
    full = np.ones((3,) * mask.ndim, bool)
    return ndimage.binary_dilation(mask, full) & ~ndimage.binary_erosion(mask, full)


def with_simple_flips(mask, rng, count, connectivity):
    """Flip up to ``count`` random simple points, on or off: the topology stays."""
    changed = mask.copy()
    for place in rng.permutation(np.argwhere(along_the_surface(mask)))[:count]:
        if is_simple(changed, place, connectivity):
            changed[tuple(place)] ^= True
    return changed


def both_skeletons(mask, connectivity):
    outside = background_skeleton(mask, connectivity=connectivity)
    inner = (slice(1, -1),) * mask.ndim
    return skeletonize(mask, connectivity=connectivity) | outside[inner]


def walks(ndim, connectivity, rounds, steps):
    """For one label after the other, the predictions on a walk of simple flips away from it.

    A flip is taken back if the certificate fails after it (the skeleton of the prediction may leave
    the label, though the topology is the same). None returns to the label, or to a place twice.
    """
    rng = np.random.default_rng(ndim)
    for number in range(rounds):
        base = BASES[number % len(BASES)](ndim)
        label = with_simple_flips(base, rng, int(rng.integers(0, 6)), connectivity)
        free = along_the_surface(label) & ~both_skeletons(label, connectivity)
        pred, found = label.copy(), []
        for place in rng.permutation(np.argwhere(free))[:steps]:
            if not is_simple(pred, place, connectivity):
                continue
            pred[tuple(place)] ^= True
            certificate = homotopy_certificate(pred, label, connectivity=connectivity)
            if certificate.holds:
                found.append((pred.copy(), certificate))
            else:
                pred[tuple(place)] ^= True
        yield label, found


def check_pairs(count, ndim, connectivity):
    """Judge pairs the certificate holds for, ``count`` of them with the paper's premises."""
    pairs, n_met = set(), 0
    for label, found in walks(ndim, connectivity, rounds=count, steps=12):
        expected = oracle(label, connectivity)
        for pred, certificate in found:
            assert not np.array_equal(pred, label)
            assert not any(getattr(certificate, sign).any() for sign in SIGNS)
            assert oracle(pred, connectivity) == expected
            new = (label.tobytes(), pred.tobytes()) not in pairs
            pairs.add((label.tobytes(), pred.tobytes()))
            n_met += new and certificate.premises_met
        if n_met >= count:
            break
    assert n_met >= count


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize(("ndim", "count"), [(2, 60), (3, 12)])
def test_masks_that_the_certificate_holds_for_have_equal_betti_numbers(ndim, count, connectivity):
    check_pairs(count, ndim, connectivity)


@pytest.mark.slow
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("ndim", [2, 3])
def test_500_pairs_that_the_certificate_holds_for_have_equal_betti_numbers(ndim, connectivity):
    check_pairs(500, ndim, connectivity)


def flips_by_type(pred, rng, connectivity):
    """Flips of one voxel that change one Betti number by one, by dimension and sign."""
    wanted = along_the_surface(pred) | (rng.random(pred.shape) < 0.02)
    places = rng.permutation(np.argwhere(wanted))
    flipped = np.repeat(pred[None, None], len(places), axis=0)
    flipped[(np.arange(len(places)), 0, *places.T)] ^= True
    after = batched_betti_numbers(flipped, connectivity=connectivity)[:, 0]
    changes = after - np.array(betti_numbers(pred, connectivity=connectivity))
    found: dict[tuple[int, int], list[np.ndarray]] = {}
    for mask, change in zip(flipped[:, 0], changes, strict=True):
        if np.abs(change).sum() == 1:
            dimension = int(np.flatnonzero(change)[0])
            found.setdefault((dimension, int(change[dimension])), []).append(mask)
    return found


def signs_of_a_flip(flipped, label, expected, connectivity):
    """Check that one flip shows; return the signs by which it does."""
    assert oracle(flipped, connectivity) == expected
    certificate = homotopy_certificate(flipped, label, connectivity=connectivity)
    signs = [sign for sign in SIGNS if getattr(certificate, sign).any()]
    assert signs
    assert not certificate.holds
    return signs


def check_flips(quota, ndim, connectivity):
    """Check ``quota`` flips of each type, then on until each sign has once been the only one."""
    rng = np.random.default_rng(ndim)
    kinds = [(dimension, step) for dimension in range(ndim) for step in (1, -1)]
    seen: Counter[tuple[int, int]] = Counter()
    alone: set[str] = set()
    for label, found in walks(ndim, connectivity, rounds=8 * quota, steps=2):
        if not found:
            continue
        flips = flips_by_type(found[-1][0], rng, connectivity)
        numbers = oracle(label, connectivity)
        for dimension, step in kinds:
            kind = (dimension, step)
            after = (*numbers[:dimension], numbers[dimension] + step, *numbers[dimension + 1 :])
            for flipped in flips.get(kind, [])[: 3 if seen[kind] < quota else 1]:
                if seen[kind] >= quota and len(alone) == len(SIGNS):
                    continue
                signs = signs_of_a_flip(flipped, label, after, connectivity)
                seen[kind] += 1
                alone |= set(signs) if len(signs) == 1 else set()
        if min(seen[kind] for kind in kinds) >= quota and len(alone) == len(SIGNS):
            break
    assert {kind: seen[kind] >= quota for kind in kinds} == dict.fromkeys(kinds, True)
    assert alone == set(SIGNS)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("ndim", [2, 3])
def test_every_type_of_change_by_one_flip_shows_as_a_ghost_or_a_miss(ndim, connectivity):
    check_flips(5, ndim, connectivity)


@pytest.mark.slow
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("ndim", [2, 3])
def test_many_changes_of_every_type_by_one_flip_show_as_ghosts_or_misses(ndim, connectivity):
    check_flips(15, ndim, connectivity)


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
            assert oracle(pred, connectivity) == oracle(label, connectivity)
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


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
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
def test_each_type_of_change_shows_where_the_papers_figure_7_says(pred, label, sign, connectivity):
    found = homotopy_certificate(pred, label, connectivity=connectivity)
    assert not found.holds
    assert getattr(found, sign).any()


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@pytest.mark.parametrize("ndim", [2, 3])
def test_the_four_signs_are_skeletons_outside_the_other_mask(ndim, connectivity):
    rng = np.random.default_rng(3)
    pred, label = (rng.random((8, 9, 7)[:ndim]) < 0.6 for _ in range(2))
    found = homotopy_certificate(pred, label, connectivity=connectivity)
    inner = (slice(1, -1),) * ndim
    for first, second, ghosts, outside_ghosts in (
        (pred, label, found.ghosts, found.background_ghosts),
        (label, pred, found.misses, found.background_misses),
    ):
        skeleton = skeletonize(first, connectivity=connectivity)
        outside = background_skeleton(first, connectivity=connectivity)[inner]
        assert ghosts.any()
        assert np.array_equal(ghosts, skeleton & ~second)
        assert outside_ghosts.any()
        assert np.array_equal(outside_ghosts, outside & second)


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


def test_both_masks_of_a_pair_have_to_meet_the_premises():
    assert homotopy_certificate(tree(3), ring(3)).premises_met
    assert not homotopy_certificate(bubble(3), ring(3)).premises_met
    assert not homotopy_certificate(ring(3), bubble(3)).premises_met


def test_a_knot_has_the_betti_numbers_of_a_ring_and_yet_no_background_skeleton():
    assert betti_numbers(trefoil()) == betti_numbers(ring(3)) == (1, 1, 0)
    assert not admits_skeleta(trefoil())


def lies_in_a_surface(cube, connectivity):
    """Whether the background around the centre of 3x3x3 voxels is in more pieces than one."""
    near, faces = (ndimage.generate_binary_structure(3, reach) for reach in (2, 1))
    if connectivity == "foreground-face":
        return ndimage.label(~cube, structure=np.ones((3, 3, 3)))[1] > 1
    pieces, _ = ndimage.label(~cube & near, structure=faces)
    return len(set(pieces[faces & ~cube].tolist())) > 1


def meets_the_premises(mask, connectivity):
    """One component, no cavity, and neither skeleton with a voxel in a surface."""
    dual = CONNECTIVITIES[1 - CONNECTIVITIES.index(connectivity)]
    inside = np.pad(skeletonize(mask, connectivity=connectivity), 1)
    outside = background_skeleton(mask, connectivity=connectivity)
    b0, _, b2 = oracle(mask, connectivity)
    return (b0, b2) == (1, 0) and not any(
        lies_in_a_surface(skeleton[tuple(slice(p, p + 3) for p in place)], adjacency)
        for skeleton, adjacency in ((inside, connectivity), (outside, dual))
        for place in np.argwhere(skeleton[1:-1, 1:-1, 1:-1])
    )


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_premises_are_read_from_both_skeletons_each_under_its_own_connectivity(connectivity):
    rng = np.random.default_rng(4)
    answers = Counter()
    for number in range(60):
        if number % 2:
            mask = BASES[number // 2 % len(BASES)](3)
            mask = with_simple_flips(mask, rng, int(rng.integers(0, 30)), connectivity)
        else:
            mask = rng.random((4, 5, 5)) < 0.85
        expected = meets_the_premises(mask, connectivity)
        assert admits_skeleta(mask, connectivity=connectivity) == expected
        answers[expected] += 1
    assert min(answers[True], answers[False]) >= 10


def test_unusable_input_is_refused():
    good = np.zeros((3, 3), bool)
    with pytest.raises(ValueError, match="pred must be binary"):
        homotopy_certificate(np.full((3, 3), 2), good)
    with pytest.raises(ValueError, match="one shape"):
        homotopy_certificate(good, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="connectivity must be one of"):
        homotopy_certificate(good, good, connectivity="x")
