"""The named settings of the vessel generator: what is drawn and how it is imaged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

__all__ = [
    "PRESETS",
    "PRESET_NAMES",
    "RANDOMISED",
    "GeometrySettings",
    "ImagingSettings",
    "Preset",
    "get_preset",
]


@dataclass(frozen=True, kw_only=True)
class DemandSettings:
    """How trees grow to where oxygen is low; lengths in voxels.

    Args:
        stems_per_megavoxel: number of trees; at least one is always grown.
        stem_fraction: length of the straight stems as a fraction of the box along the last axis.
        oxygen_reach: distance from a vessel at which 1 / e of the oxygen is left.
        sharpness: the chance of a place to be served next is its growth factor to this power.
        rounds: the field is renewed each time the trees have grown by 1 / rounds.
        min_length: shortest segment, to which the radius of the vessel is added.
        far_trunks: whether each stem first goes on to a far place, before ends are joined.
        inset_fraction: how far the vessels keep inside the volume, as a fraction of its
            shortest side.

    Example:
        >>> geometry = GeometrySettings(demand=DemandSettings(oxygen_reach=12.0))
        >>> Preset(name="dense", geometry=geometry).geometry.demand.stems_per_megavoxel
        0.17
    """

    stems_per_megavoxel: float = 0.17
    stem_fraction: float = 0.06
    oxygen_reach: float = 24.0
    sharpness: float = 60.0
    rounds: int = 30
    min_length: float = 1.0
    far_trunks: bool = True
    inset_fraction: float = 0.03


@dataclass(frozen=True, kw_only=True)
class GeometrySettings:
    """What the vessels look like; lengths in voxels, densities per million voxels.

    Args:
        trees_per_megavoxel: number of trees, at least one; 0 for a capillary mesh alone.
        terminals_per_megavoxel: number of tree ends, shared by the trees.
        exits_per_tree: number of main branches, beside the trunk, that leave the volume.
        trunk_radius_fraction: smallest and largest trunk radius as a fraction of the shortest
            side of the volume.
        trunk_radius_limits: smallest and largest trunk radius after that.
        terminal_radius: radius at a tree end of mean demand.
        demand_spread: standard deviation of the logarithm of a tree end's demand.
        murray_exponent: n in r_parent^n = sum of r_child^n.
        capillary_distance: smallest distance between two nodes of the capillary mesh; inf for no
            mesh.
        capillary_radius: smallest and largest radius of a capillary.
        clearance: smallest gap between the walls of two vessels that do not meet.
        tortuosity: amplitude of a segment's detours relative to its length.
        warp_amplitude: amplitude of the smooth displacement that bends the whole network.
        warp_wavelength: its shortest wavelength.
        radius_variation: relative standard deviation of the radius along a segment.
        radius_step: radii are rounded to multiples of it; 0 leaves them as they are.
        label_margin: how much wider than the imaged vessel the label is drawn, in voxels of
            radius, as people who draw labels tend to.
        label_depth: voxels by which the label reaches further both ways along the last axis, where
            thick slices and the point spread show a vessel above and below itself.
        demand: how trees grow by demand; None for trunks that cross the volume and scattered ends.

    Example:
        >>> mesh = GeometrySettings(trees_per_megavoxel=0)  # capillaries alone
        >>> mesh.capillary_radius
        (0.8, 1.6)
    """

    trees_per_megavoxel: float = 1.4
    terminals_per_megavoxel: float = 40.0
    exits_per_tree: int = 2
    trunk_radius_fraction: tuple[float, float] = (0.03, 0.052)
    trunk_radius_limits: tuple[float, float] = (1.6, 5.0)
    terminal_radius: float = 1.4
    demand_spread: float = 0.5
    murray_exponent: float = 3.0
    capillary_distance: float = 9.5
    capillary_radius: tuple[float, float] = (0.8, 1.6)
    clearance: float = 2.0
    tortuosity: float = 0.10
    warp_amplitude: float = 4.0
    warp_wavelength: float = 60.0
    radius_variation: float = 0.08
    radius_step: float = 0.0
    label_margin: float = 0.0
    label_depth: int = 0
    demand: DemandSettings | None = None


@dataclass(frozen=True, kw_only=True)
class ImagingSettings:
    """How the vessels are imaged; intensities in counts, lengths in voxels.

    Args:
        background: mean intensity of the tissue.
        contrast: intensity that a vessel of mean brightness adds to it.
        brightness_spread: standard deviation of the logarithm of a vessel's brightness.
        brightness_drift: the same for the slow change along the vessels.
        texture: standard deviation of the tissue's texture, relative to the background.
        texture_scale: correlation lengths of the texture.
        bias: standard deviation of the logarithm of the multiplicative bias field.
        bias_scale: correlation length of the bias field as a fraction of the longest side.
        psf_sigma: standard deviation of the Gaussian point spread along the three axes, in voxels
            of the acquisition.
        gain: counts per detected photon; 0 leaves the Poisson noise out.
        gaussian_noise: standard deviation of the additive noise.
        speckle: relative standard deviation of the multiplicative noise.
        shared_fraction: with two channels or more, the share of vessels that all of them see.
        hollow_fraction: share of the vessels of which only the wall is bright.
        wall_thickness: of those, in voxels.
        falloff_length: way along the vessels, from the root of a tree, after which 1 / e of the
            brightness that can fall is left; 0 for none.
        depth_length: way along the last axis after which 1 / e of the vessels' brightness is left,
            as in tissue that scatters the light; 0 for none.
        absorption_length: way through vessels, along the last axis, after which 1 / e of their
            brightness is left: blood dims what lies deeper in a thick vessel and below it; 0 for
            none.
        shading: standard deviation of the logarithm of a slow change of the vessels' brightness,
            as the shadows of other vessels and an uneven stain make it.
        shading_scale: distance over which it changes.
        blobs_per_megavoxel: mean number of bright blobs that are no vessels.
        blob_radius: smallest and largest half axis of a blob.
        sheets: number of bright sheets that are none.
        haze: share of the light that comes from out of focus, spread by a far wider Gaussian.
        haze_sigma: its standard deviation.
        leaks_per_megavoxel: mean number of clouds of dye that has left its vessel.
        leak_radius: smallest and largest standard deviation of a cloud.
        speckle_scale: standard deviation of a grain of the speckle; 0 for one of a voxel.
        tissue_share: share of the volume that is tissue; beyond its bent surface the background
            is black.
        voxel_size: sides of a voxel of the acquisition, in voxels of the label. The image is
            averaged over such voxels, gets its noise there, and is interpolated back.

    Example:
        >>> ImagingSettings(gain=0, gaussian_noise=0).speckle  # without any noise
        0.0
    """

    background: float = 100.0
    contrast: float = 170.0
    brightness_spread: float = 0.20
    brightness_drift: float = 0.15
    texture: float = 0.07
    texture_scale: tuple[float, ...] = (2.5, 9.0)
    bias: float = 0.20
    bias_scale: float = 0.35
    psf_sigma: tuple[float, float, float] = (0.7, 0.7, 1.1)
    gain: float = 2.0
    gaussian_noise: float = 13.0
    speckle: float = 0.0
    shared_fraction: float = 0.5
    hollow_fraction: float = 0.0
    wall_thickness: float = 1.0
    falloff_length: float = 0.0
    depth_length: float = 0.0
    absorption_length: float = 0.0
    shading: float = 0.0
    shading_scale: float = 30.0
    blobs_per_megavoxel: float = 0.0
    blob_radius: tuple[float, float] = (2.0, 6.0)
    sheets: int = 0
    haze: float = 0.0
    haze_sigma: float = 8.0
    leaks_per_megavoxel: float = 0.0
    leak_radius: tuple[float, float] = (4.0, 20.0)
    speckle_scale: float = 0.0
    tissue_share: float = 1.0
    voxel_size: tuple[int, int, int] = (1, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A name with its geometry and imaging settings.

    Without a geometry the volume is tissue alone: a network should learn to leave it alone, too.

    Example:
        >>> tissue = Preset(name="tissue", geometry=None)
        >>> tissue.imaging == ImagingSettings()
        True
    """

    name: str
    geometry: GeometrySettings | None = field(default_factory=GeometrySettings)
    imaging: ImagingSettings = field(default_factory=ImagingSettings)


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(name="paper"),
        Preset(
            name="hard",
            geometry=GeometrySettings(
                capillary_distance=8.5, tortuosity=0.14, radius_variation=0.14, warp_amplitude=6.0
            ),
            imaging=ImagingSettings(
                contrast=130.0,
                brightness_spread=0.25,
                brightness_drift=0.25,
                texture=0.18,
                bias=0.30,
                bias_scale=0.25,
                psf_sigma=(0.8, 0.8, 1.6),
                gain=4.0,
                gaussian_noise=18.0,
                speckle=0.10,
                shared_fraction=0.4,
                hollow_fraction=0.2,
                falloff_length=250.0,
                blobs_per_megavoxel=20.0,
                sheets=1,
            ),
        ),
        Preset(
            name="deepvesselnet",
            geometry=GeometrySettings(
                terminals_per_megavoxel=49.0,
                terminal_radius=1.31,
                demand_spread=1.0,
                murray_exponent=4.35,
                capillary_distance=math.inf,
                clearance=1.0,
                tortuosity=0.01,
                warp_amplitude=0.0,
                radius_variation=0.0,
                radius_step=0.56,
                demand=DemandSettings(),
            ),
        ),
    )
}


RANDOMISED = "randomised"
"""Name of the preset whose settings are drawn anew for every sample."""

PRESET_NAMES = (*PRESETS, RANDOMISED)


def get_preset(name: str) -> Preset:
    """Return the preset of that name.

    Args:
        name: one of `PRESETS`.

    Returns:
        The settings.

    Raises:
        ValueError: for a name that does not exist.

    Example:
        >>> get_preset("paper").geometry.murray_exponent
        3.0
    """
    if not isinstance(name, str) or name not in PRESETS:
        known = ", ".join(PRESET_NAMES)
        raise ValueError(f"preset must be one of {known}, got {name!r}; choose one of these names")
    return PRESETS[name]
