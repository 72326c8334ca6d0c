"""What a generated volume promises."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import euler_number

from cldice_monai.data.synthetic import (
    GeometrySettings,
    ImagingSettings,
    Preset,
    generate_vessels,
)
from cldice_monai.data.synthetic.rasterise import digitise

_ALL_26 = np.ones((3, 3, 3))


@pytest.fixture(scope="module")
def sample():
    return generate_vessels((64, 64, 64), seed=1)


def test_same_seed_gives_the_same_sample(sample):
    again = generate_vessels((64, 64, 64), seed=1)
    np.testing.assert_array_equal(sample.image, again.image)
    np.testing.assert_array_equal(sample.label, again.label)
    np.testing.assert_array_equal(sample.radius, again.radius)


def test_margin_widens_the_label_and_leaves_the_image_as_it_is():
    settings = [Preset(name="m", geometry=GeometrySettings(label_margin=m)) for m in (0.0, 1.0)]
    drawn, wider = (generate_vessels((40, 40, 40), preset=preset, seed=3) for preset in settings)
    np.testing.assert_array_equal(wider.image, drawn.image)
    away = ndimage.distance_transform_edt(drawn.label == 0)
    assert (wider.label[away <= 0.5] == 1).all()
    assert (wider.label[away == 1.0] == 1).mean() > 0.9
    assert wider.label[away > 2.0].mean() < 0.001  # in the slits of forks alone


def test_depth_lengthens_the_label_along_the_last_axis_alone():
    settings = [Preset(name="d", geometry=GeometrySettings(label_depth=d)) for d in (0, 2)]
    drawn, deeper = (generate_vessels((40, 40, 40), preset=preset, seed=3) for preset in settings)
    np.testing.assert_array_equal(deeper.image, drawn.image)
    moved = [
        np.roll(np.pad(drawn.label, ((0, 0), (0, 0), (2, 2))), n, axis=2) for n in range(-2, 3)
    ]
    np.testing.assert_array_equal(deeper.label, np.max(moved, axis=0)[:, :, 2:-2])


def test_preset_without_a_geometry_is_tissue_alone():
    settings = Preset(name="tissue", geometry=None, imaging=ImagingSettings(contrast=500.0))
    empty = generate_vessels((32, 32, 32), preset=settings, seed=4, n_channels=2)
    assert not empty.label.any()
    assert not empty.centreline.any()
    assert not empty.radius.any()
    assert empty.graph.edges == ()
    assert empty.betti_numbers() == empty.graph.betti_numbers() == (0, 0, 0)
    assert 0.0 < empty.image.mean() < 150.0  # the background's 100, and nothing of the vessels
    again = generate_vessels((32, 32, 32), preset=settings, seed=4, enforce_clearance=True)
    np.testing.assert_array_equal(again.label, empty.label)


def test_other_seed_gives_another_label(sample):
    assert (sample.label != generate_vessels((64, 64, 64), seed=2).label).mean() > 0.03


@pytest.mark.parametrize(
    ("preset", "golden"),
    [
        ("paper", "1d5a19d109634223"),
        ("hard", "24e4c0450b625735"),
        ("deepvesselnet", "1428b9305c84abd5"),
        ("randomised", "30be368de3c52f8f"),
    ],
)
def test_label_of_this_generator_version_is_what_it_always_was(preset, golden):
    label = generate_vessels((48, 40, 32), preset=preset, seed=7).label
    assert hashlib.sha256(np.packbits(label).tobytes()).hexdigest()[:16] == golden


@pytest.mark.parametrize(
    ("preset", "golden"),
    [
        ("paper", "6815e679f7f4ff3f"),
        ("hard", "0ea8fa24d2637e15"),
        ("deepvesselnet", "a9ad58e2b8602d39"),
        ("randomised", "64689153b8ff9daf"),
    ],
)
def test_image_of_this_generator_version_is_what_it_always_was(preset, golden):
    image = generate_vessels((24, 20, 16), preset=preset, seed=11, n_channels=2).image
    # in steps of 16 counts, since the last bits of a float differ between processors
    coarse = np.rint(image / 16.0).astype(np.int32)
    assert hashlib.sha256(coarse.tobytes()).hexdigest()[:16] == golden


def test_arrays_have_the_promised_types_and_shapes(sample):
    assert (sample.image.dtype, sample.image.shape) == (np.float32, (1, 64, 64, 64))
    assert (sample.label.dtype, sample.label.shape) == (np.uint8, (64, 64, 64))
    assert (sample.centreline.dtype, sample.centreline.shape) == (np.uint8, (64, 64, 64))
    assert (sample.radius.dtype, sample.radius.shape) == (np.float32, (64, 64, 64))
    assert set(np.unique(sample.label)) == {0, 1}
    assert np.isfinite(sample.image).all()
    assert sample.image.min() >= 0.0
    assert (sample.preset, sample.seed) == ("paper", 1)


@pytest.mark.parametrize("shape", [(20, 33, 48), (17, 64, 16), (16, 16, 16), (24, 24, 120)])
def test_odd_small_and_long_volumes_hold_vessels(shape):
    for seed in range(4):
        sample = generate_vessels(shape, seed=seed)
        assert sample.label.shape == shape
        assert 0.005 < sample.label.mean() < 0.15


def test_no_volume_is_empty_however_small():
    assert all(generate_vessels((16, 16, 16), seed=seed).label.any() for seed in range(40))


@pytest.mark.parametrize("preset", ["paper", "hard"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vessels_fill_two_to_eight_percent(preset, seed):
    assert 0.02 <= generate_vessels((64, 64, 64), preset=preset, seed=seed).label.mean() <= 0.08


def test_each_vessel_keeps_its_centreline_in_one_piece(sample):
    voxels, _, edge = digitise(sample.graph)
    for number in range(len(sample.graph.edges)):
        alone = np.zeros(sample.label.shape, dtype=bool)
        alone[tuple(voxels[edge == number].T)] = True
        assert ndimage.label(alone, _ALL_26)[1] == 1
        assert sample.label[alone].all()
        assert sample.centreline[alone].all()


def test_edges_that_meet_in_the_graph_are_joined_in_the_label(sample):
    # so a component of the graph is never torn apart by drawing it
    n_pieces = ndimage.label(sample.label, _ALL_26)[1]
    assert 1 <= n_pieces <= sample.graph.betti_numbers()[0]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_label_has_loops(seed):
    label = generate_vessels((64, 64, 64), seed=seed).label > 0
    n_pieces = ndimage.label(label, _ALL_26)[1]
    # scikit-image's Euler number is b0 - b1 + b2 and b2 >= 0, hence b1 >= b0 - chi
    assert n_pieces - euler_number(label, connectivity=3) > 0


@pytest.mark.parametrize(("preset", "loops_apart"), [("paper", 4), ("hard", 8)])
def test_label_has_nearly_the_topology_of_the_graph(preset, loops_apart):
    for seed in range(4):
        sample = generate_vessels((64, 64, 64), preset=preset, seed=seed)
        measured, built = sample.betti_numbers(), sample.graph.betti_numbers()
        assert abs(measured[0] - built[0]) <= 4
        assert abs(measured[1] - built[1]) <= loops_apart
        assert measured[2] == built[2] == 0


def test_betti_numbers_agree_with_an_independent_count(sample):
    b0, b1, b2 = sample.betti_numbers()
    outside = np.pad(sample.label == 0, 1, constant_values=True)
    assert b0 == ndimage.label(sample.label, _ALL_26)[1]
    assert b2 == ndimage.label(outside)[1] - 1
    assert b0 - b1 + b2 == euler_number(sample.label, connectivity=3)


def test_murray_law_holds_where_a_tree_branches(sample):
    graph = sample.graph
    n_checked = 0
    for node in np.flatnonzero(graph.degrees() == 3):
        into = [e.radius[-1] for e in graph.edges if e.end == node and e.kind == "tree"]
        out = [e.radius[0] for e in graph.edges if e.start == node and e.kind == "tree"]
        if len(into) == 1 and len(out) == 2:
            assert into[0] ** 3 == pytest.approx(out[0] ** 3 + out[1] ** 3, rel=1e-6)
            n_checked += 1
    assert n_checked >= 5


def test_radii_are_plausible_and_vary_along_a_vessel():
    graph = generate_vessels((96, 96, 96), seed=0).graph
    radius = np.concatenate([edge.radius for edge in graph.edges])
    assert 0.7 <= radius.min() <= 1.0
    assert 3.0 <= radius.max() <= 7.0
    varying = [np.ptp(edge.radius) / edge.radius.mean() for edge in graph.edges]
    assert np.median(varying) > 0.03


def test_vessels_wind(sample):
    detour = [
        edge.length() / np.linalg.norm(edge.polyline[-1] - edge.polyline[0])
        for edge in sample.graph.edges
        if edge.length() > 8
    ]
    assert 1.02 < np.median(detour) < 1.5


def test_edges_begin_and_end_at_their_nodes(sample):
    for edge in sample.graph.edges:
        np.testing.assert_allclose(edge.polyline[0], sample.graph.nodes[edge.start], atol=1e-9)
        np.testing.assert_allclose(edge.polyline[-1], sample.graph.nodes[edge.end], atol=1e-9)
        assert edge.polyline.min() >= 0.0
        assert edge.polyline.max() <= 63.0


def test_bifurcations_are_vessel_voxels_where_three_segments_meet(sample):
    assert len(sample.bifurcations) == (sample.graph.degrees() >= 3).sum() > 10
    assert sample.centreline[tuple(sample.bifurcations.T)].all()


def test_radius_map_is_zero_outside_and_positive_inside(sample):
    np.testing.assert_array_equal(sample.radius > 0, sample.label > 0)


def test_two_channels_see_different_vessels_and_the_label_holds_all():
    sample = generate_vessels((64, 64, 64), seed=1, n_channels=2)
    assert sample.image.shape == (2, 64, 64, 64)
    np.testing.assert_array_equal(sample.label, generate_vessels((64, 64, 64), seed=1).label)
    assert sample.visible.shape == (len(sample.graph.edges), 2)
    assert sample.visible.any(axis=1).all()
    background = sample.image[:, sample.label == 0].mean(axis=1)
    voxels, _, edge = digitise(sample.graph)
    for shown in (0, 1):
        only = sample.visible[:, shown] & ~sample.visible[:, 1 - shown]
        assert 0.1 < only.mean() < 0.5
        at = tuple(voxels[only[edge]].T)
        contrast = [sample.image[c][at].mean() / background[c] for c in (0, 1)]
        assert contrast[shown] > 1.4
        assert contrast[1 - shown] < 1.25


def test_one_channel_shows_every_vessel(sample):
    assert sample.visible.all()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"shape": (64, 64)}, ValueError, "shape must be three whole numbers"),
        ({"shape": (64, 64, 4)}, ValueError, "16 or more"),
        ({"shape": (64, 64, 32.5)}, ValueError, "whole numbers"),
        ({"shape": (32, 32, 32), "preset": "papre"}, ValueError, "paper, hard"),
        ({"shape": (32, 32, 32), "seed": -1}, ValueError, "seed must be 0 or more"),
        ({"shape": (32, 32, 32), "seed": 1.5}, TypeError, "seed must be an integer"),
        ({"shape": (32, 32, 32), "n_channels": 0}, ValueError, "n_channels must be 1 or more"),
        ({"shape": (32, 32, 32), "n_channels": True}, TypeError, "n_channels must be an integer"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, error, says):
    shape = arguments.pop("shape")
    with pytest.raises(error, match=says):
        generate_vessels(shape, **arguments)


def test_settings_of_ones_own_draw_what_no_preset_does():
    dense, sparse = (
        generate_vessels(
            (48, 48, 48),
            preset=Preset(
                name="mesh",
                geometry=GeometrySettings(trees_per_megavoxel=0, capillary_distance=distance),
            ),
            seed=1,
        )
        for distance in (6.0, 9.0)
    )
    assert dense.preset == "mesh"
    assert {edge.kind for edge in dense.graph.edges} == {"capillary"}
    assert dense.graph.betti_numbers()[1] > 2 * sparse.graph.betti_numbers()[1] > 0
    nothing = GeometrySettings(trees_per_megavoxel=0, capillary_distance=math.inf)
    with pytest.raises(ValueError, match="without both there is no vessel"):
        generate_vessels((32, 32, 32), preset=Preset(name="nothing", geometry=nothing))


def test_imaging_settings_of_ones_own_leave_the_label_of_the_geometry():
    bright = Preset(name="bright", imaging=ImagingSettings(contrast=500.0, hollow_fraction=1.0))
    mine, paper = generate_vessels((32, 32, 32), preset=bright), generate_vessels((32, 32, 32))
    assert np.array_equal(mine.label, paper.label)
    assert mine.image.max() > paper.image.max()


@pytest.mark.parametrize("shape", [32, "abc", (32, 32), (32, 32, float("nan")), (32, 32, 15.5)])
def test_a_shape_that_is_none_is_refused_in_one_line(shape):
    with pytest.raises(ValueError, match="shape must be three whole numbers of 16 or more"):
        generate_vessels(shape)


@pytest.mark.parametrize("preset", [["paper"], None, "papr"])
def test_a_preset_that_is_none_is_refused_in_one_line(preset):
    with pytest.raises(ValueError, match="preset must be one of paper, hard"):
        generate_vessels((16, 16, 16), preset=preset)


def test_a_mesh_too_sparse_for_the_volume_gives_an_empty_label():
    sparse = GeometrySettings(trees_per_megavoxel=0, capillary_distance=40.0)
    for seed in range(6):
        sample = generate_vessels((16, 16, 16), preset=Preset(name="m", geometry=sparse), seed=seed)
        assert bool(sample.label.any()) == bool(len(sample.graph.edges))
