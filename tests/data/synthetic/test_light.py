"""Hollow vessels and brightness that falls along them."""

from __future__ import annotations

import numpy as np
import pytest

from cldice_monai.data.synthetic import VesselEdge, VesselGraph
from cldice_monai.data.synthetic.light import vessel_light
from cldice_monai.data.synthetic.presets import ImagingSettings
from cldice_monai.data.synthetic.rasterise import rasterise


def _edge(start, end, a, b, radius, kind="tree"):
    t = np.linspace(0, 1, 40)[:, None]
    line = np.array(a, float) * (1 - t) + np.array(b, float) * t
    return VesselEdge(start, end, line, np.full(40, radius), kind)


def _light(edges, **settings):
    nodes = np.zeros((1 + max(max(e.start, e.end) for e in edges), 3))
    for edge in edges:
        nodes[edge.start], nodes[edge.end] = edge.polyline[0], edge.polyline[-1]
    graph = VesselGraph(nodes, tuple(edges))
    raster = rasterise(graph, (24, 24, 60))
    rng = np.random.default_rng(0)
    light = vessel_light(graph, raster, settings=ImagingSettings(**settings), rng=rng)
    return light, raster.edge


_THICK = _edge(0, 1, [8, 8, 0], [8, 8, 59], 5.1)
_THIN = _edge(2, 3, [20, 20, 0], [20, 20, 59], 1.0)


def test_settings_that_are_off_draw_nothing_at_random():
    rng = np.random.default_rng(0)
    graph = VesselGraph(np.zeros((0, 3)), ())
    raster = rasterise(graph, (16, 16, 16))
    assert vessel_light(graph, raster, settings=ImagingSettings(), rng=rng) is None
    assert rng.random() == np.random.default_rng(0).random()


def test_hollow_vessel_is_bright_at_its_wall_and_dark_within():
    light, edge = _light([_THICK, _THIN], hollow_fraction=1.0, wall_thickness=1.0)
    across = light[:, 8, 30]
    np.testing.assert_allclose(across[[3, 13]], 1.0)
    np.testing.assert_allclose(across[5:12], 0.15)
    # so is the cross-section at the border, where the vessel goes on
    np.testing.assert_allclose(light[:, 8, 0], across)
    # a thin vessel is all wall
    np.testing.assert_array_equal(light[edge == 1], 1.0)
    np.testing.assert_array_equal(light[edge < 0], 1.0)


def test_as_many_vessels_are_hollow_as_asked_for():
    assert _light([_THICK], hollow_fraction=0.0, falloff_length=1e9)[0].min() > 0.99
    assert _light([_THICK], hollow_fraction=1.0)[0].min() == pytest.approx(0.15)


def test_brightness_falls_exponentially_along_a_vessel_to_a_rest():
    light, _ = _light([_THICK], falloff_length=20.0)
    expected = 0.3 + 0.7 * np.exp(-np.arange(60) / 20.0)
    np.testing.assert_allclose(light[8, 8], expected, rtol=1e-4)


def test_falloff_goes_on_through_the_branch_behind_a_fork():
    branch = _edge(1, 2, [8, 8, 30], [20, 8, 55], 1.5, "capillary")
    light, edge = _light([_edge(0, 1, [8, 8, 0], [8, 8, 30], 3.0), branch], falloff_length=30.0)
    way = 30.0 + np.hypot(12.0, 25.0)
    end = light[20, 8, 55]
    assert edge[20, 8, 55] == 1
    assert end == pytest.approx(0.3 + 0.7 * np.exp(-way / 30.0), rel=0.02)


def test_brightness_falls_with_depth_and_the_tissue_around_keeps_its_own():
    light, edge = _light([_THICK], depth_length=20.0)
    np.testing.assert_allclose(light[8, 8], np.exp(-np.arange(60) / 20.0), rtol=1e-5)
    assert (light[edge < 0] == 1.0).all()


def test_shading_changes_slowly_and_by_as_much_as_it_says():
    light, edge = _light([_THICK], shading=0.5, shading_scale=15.0)
    change = np.log(light[8, 8])
    assert 0.1 < change.std() < 1.0
    assert np.abs(np.diff(change)).max() < 0.2
    assert (light[edge < 0] == 1.0).all()


def test_blood_dims_what_lies_deeper_in_a_vessel_and_below_it():
    thick = _edge(0, 1, [12, 0, 20], [12, 23, 20], 5.0)
    below = _edge(2, 3, [12, 0, 40], [12, 23, 40], 1.0)
    light, edge = _light([thick, below], absorption_length=10.0)
    inside = np.flatnonzero(edge[12, 12] >= 0)  # 11 voxels of the one, 3 of the other
    np.testing.assert_allclose(light[12, 12, inside], np.exp(-np.arange(14) / 10.0), rtol=1e-5)
    assert (light[edge < 0] == 1.0).all()
