"""One call that draws a network and images it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cldice_monai.data.synthetic.arguments import check_integer, check_shape
from cldice_monai.data.synthetic.border import shorten_at_border
from cldice_monai.data.synthetic.clearance import capillaries_to_keep
from cldice_monai.data.synthetic.clip import clip_to_volume, without_crumbs
from cldice_monai.data.synthetic.curves import bend
from cldice_monai.data.synthetic.imaging import choose_visible, image_vessels
from cldice_monai.data.synthetic.light import vessel_light
from cldice_monai.data.synthetic.network import grow_network
from cldice_monai.data.synthetic.presets import RANDOMISED, GeometrySettings, Preset, get_preset
from cldice_monai.data.synthetic.randomised import draw_settings
from cldice_monai.data.synthetic.rasterise import Raster, rasterise
from cldice_monai.data.synthetic.sample import VesselGraph, VesselSample
from cldice_monai.data.synthetic.separate import separate_vessels

__all__ = ["GENERATOR_VERSION", "generate_vessels"]

GENERATOR_VERSION = 4
"""Goes up whenever the same seed would give another label."""

_ENFORCED_CLEARANCE = 2.0  # voxels
_SHORTEST_PIECE = 6.0  # voxels; less than this of a vessel is a speck, not a vessel


def generate_vessels(
    shape: Sequence[int],
    *,
    preset: str | Preset = "paper",
    seed: int = 0,
    n_channels: int = 1,
    enforce_clearance: bool = False,
) -> VesselSample:
    """Generate a synthetic volume of vessels with its ground truth.

    Branching trees that obey Murray's law cross the volume; a capillary mesh joins their ends and
    closes loops. The label depends on shape, preset and seed alone, so that a volume with two
    channels has the label of the volume with one.

    Args:
        shape: the volume's three sides in voxels, each 16 or more.
        preset: name of the settings: "paper" (mild), "hard", "deepvesselnet" (grown arterial
            trees as in the DeepVesselNet data), or "randomised" (others for every seed); or
            settings of your own, `Preset`.
        seed: 0 or more; the same seed gives the same sample.
        n_channels: channels of the image. With two or more, part of the vessels show in a single
            channel, and the label is the union of what the channels show.
        enforce_clearance: take vessels away until those that do not meet are 2 voxels apart. The
            Betti numbers of the label are then those of the graph, which is verified. Vessels that
            leave one fork, or forks close together, may be nearer. Labels get neither margin nor
            depth, which could make them touch. Takes two to eleven times as long. Without it they
            can differ by a few, and both are there: `VesselSample.betti_numbers` and
            `VesselGraph.betti_numbers`.

    Returns:
        The image, its label and the network behind it.

    Raises:
        TypeError: if seed or n_channels is no integer.
        ValueError: for a shape, preset, seed or number of channels that cannot be used.

    Example:
        >>> sample = generate_vessels((40, 32, 32), seed=3)
        >>> sample.image.shape, sample.label.shape
        ((1, 40, 32, 32), (40, 32, 32))
        >>> bool(0.01 < sample.label.mean() < 0.1)
        True

        A capillary mesh alone, denser than that of any preset:

        >>> geometry = GeometrySettings(trees_per_megavoxel=0, capillary_distance=7)
        >>> mesh = generate_vessels((40, 32, 32), preset=Preset(name="mesh", geometry=geometry))
        >>> {edge.kind for edge in mesh.graph.edges}
        {'capillary'}
    """
    size = check_shape(shape)
    check_integer("seed", seed, 0)
    check_integer("n_channels", n_channels, 1)
    drawing, imaging, choosing = (
        np.random.Generator(np.random.PCG64(child))
        for child in np.random.SeedSequence(seed).spawn(3)
    )
    if isinstance(preset, Preset):
        settings = preset
    else:
        settings = draw_settings(rng=choosing) if preset == RANDOMISED else get_preset(preset)
    if settings.geometry is None:
        graph = VesselGraph(np.zeros((0, 3)), ())
        raster, label = rasterise(graph, size), np.zeros(size, dtype=np.uint8)
    else:
        graph = _draw_graph(size, settings.geometry, drawing)
        graph, raster = _drawn(graph, size, settings.geometry, enforce_clearance)
        label = raster.label if enforce_clearance else _label(graph, raster, settings.geometry)
    vessel = graph.vessels()
    visible = choose_visible(
        int(vessel.max(initial=-1)) + 1,
        n_channels,
        shared_fraction=settings.imaging.shared_fraction,
        rng=imaging,
    )
    light = vessel_light(graph, raster, settings=settings.imaging, rng=imaging)
    image = image_vessels(
        raster.edge, vessel, visible, settings=settings.imaging, rng=imaging, light=light
    )
    forks = graph.nodes[graph.degrees() >= 3]
    return VesselSample(
        image=image,
        label=label,
        centreline=raster.centreline,
        radius=raster.radius,
        bifurcations=np.floor(forks + 0.5).astype(np.int64),
        graph=graph,
        visible=visible[vessel],
        preset=preset.name if isinstance(preset, Preset) else preset,
        seed=int(seed),
    )


def _label(graph: VesselGraph, raster: Raster, settings: GeometrySettings) -> npt.NDArray[np.uint8]:
    """Return the drawn vessels, further out by the label's margin and depth."""
    label = raster.label
    if settings.label_margin > 0.0:
        wider = [replace(edge, radius=edge.radius + settings.label_margin) for edge in graph.edges]
        label = rasterise(VesselGraph(graph.nodes, tuple(wider)), label.shape).label
    if settings.label_depth > 0:
        line = np.ones((1, 1, 2 * settings.label_depth + 1), dtype=bool)
        label = ndimage.binary_dilation(label, line).astype(np.uint8)
    return label


def _draw_graph(
    size: tuple[int, int, int], settings: GeometrySettings, rng: np.random.Generator
) -> VesselGraph:
    network = grow_network(size, settings=settings, rng=rng)
    curves = bend(network, settings=settings, rng=rng)
    keep = capillaries_to_keep(network, curves, clearance=settings.clearance)
    graph = clip_to_volume(network.subset(keep), curves.subset(keep), size)
    graph = shorten_at_border(graph, size, clearance=settings.clearance)
    return without_crumbs(graph, shortest=_SHORTEST_PIECE)


def _drawn(
    graph: VesselGraph, size: tuple[int, int, int], settings: GeometrySettings, enforced: bool
) -> tuple[VesselGraph, Raster]:
    if not enforced:
        return graph, rasterise(graph, size)
    apart = max(_ENFORCED_CLEARANCE, settings.clearance)
    return separate_vessels(graph, size, clearance=apart, shortest=_SHORTEST_PIECE)
