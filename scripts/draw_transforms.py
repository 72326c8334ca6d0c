"""Draw the pictures of docs/transforms.md: a synthetic volume before and after each transform.

python scripts/draw_transforms.py [FOLDER]      FOLDER is docs/images without one
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import RandCropByPosNegLabel, Spacing
from PIL import Image
from scipy import ndimage

from cldice_monai import transforms as ours
from cldice_monai.data.synthetic import VesselSample, generate_vessels
from cldice_monai.files import replace_when_complete
from cldice_monai.report.panel import COLOURS
from cldice_monai.report.projection import project
from cldice_monai.skeleton import skeletonize

_SIDE = 72  # voxels of the volume
_PANEL = 216  # pixels of a picture's height
_SLAB = slice(26, 46)  # what is projected; the whole depth hides each vessel behind others
_DRAWINGS: dict[str, Callable[[VesselSample], list[np.ndarray]]] = {}


def main(arguments: list[str]) -> None:
    """Draw all pictures into a folder."""
    folder = Path(arguments[0] if arguments else Path(__file__).parents[1] / "docs" / "images")
    sample = generate_vessels((_SIDE, _SIDE, _SIDE), seed=5)
    for name, draw in _DRAWINGS.items():
        save_picture(draw(sample), folder / f"transforms_{name}.png")


def save_picture(panels: list[np.ndarray], path: Path) -> None:
    """Write panels side by side, each enlarged by a whole factor, with a white line between."""
    large = []
    for panel in panels:
        colour = panel if panel.ndim == 3 else np.repeat(panel[..., None], 3, axis=2)
        factor = max(1, _PANEL // len(colour))
        large.append(np.kron(colour, np.ones((factor, factor, 1), np.uint8)))
    height = max(len(panel) for panel in large)
    rows = [np.pad(p, ((0, height - len(p)), (0, 6), (0, 0)), constant_values=255) for p in large]
    with replace_when_complete(path) as temporary:
        Image.fromarray(np.hstack(rows)[:, :-6]).save(temporary, format="PNG", optimize=True)
    print(path)


def _drawing(function: Callable[[VesselSample], list[np.ndarray]]) -> Callable[..., object]:
    _DRAWINGS[function.__name__.removeprefix("_draw_")] = function
    return function


def _slab(array: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return the projection of the middle of a channel-first volume."""
    return project(np.asarray(array)[0][:, :, _SLAB])


def _grey(array: np.ndarray | torch.Tensor, low: float = 80.0, high: float = 300.0) -> np.ndarray:
    """Return grey values for a projection; the same range before and after."""
    flat = _slab(array).astype(np.float32)
    return np.clip((flat - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def _mask(array: np.ndarray | torch.Tensor) -> np.ndarray:
    return np.where(_slab(array) > 0, 230, 25).astype(np.uint8)


def _with_colour(grey: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Return grey values with the pixels of a mask in a colour."""
    rgb = grey if grey.ndim == 3 else np.repeat(grey[..., None], 3, axis=2)
    return np.where(mask[..., None] > 0, np.array(colour, np.uint8), rgb)


@_drawing
def _draw_cutoff(sample: VesselSample) -> list[np.ndarray]:
    image = sample.image.copy()
    rng = np.random.default_rng(0)
    image[0][tuple(rng.integers(_SIDE, size=(3, 40)))] = 4000  # dirt that outshines everything
    plain, cut = (ours.ScaleIntensityCutoff(q)(image) for q in (1.0, 0.99))
    return [_grey(plain, 0.0, 1.0), _grey(cut, 0.0, 1.0)]


@_drawing
def _draw_non_finite(sample: VesselSample) -> list[np.ndarray]:
    image = sample.image.copy()
    image[:, :18, :30] = np.nan
    filled = ours.FillNonFinite()(image)
    hole = np.isnan(_slab(image))
    return [_with_colour(_grey(np.nan_to_num(image)), hole, COLOURS["ghost"]), _grey(filled)]


@_drawing
def _draw_binary_label(sample: VesselSample) -> list[np.ndarray]:
    stored = np.where(sample.radius > 1.6, 255, np.where(sample.label > 0, 95, 0))[None]
    return [_slab(stored).astype(np.uint8), _mask(ours.BinarizeLabel()(stored))]


@_drawing
def _draw_skeleton(sample: VesselSample) -> list[np.ndarray]:
    label = np.zeros_like(sample.label[None])
    label[..., _SLAB] = sample.label[..., _SLAB]
    line = _slab(ours.Skeletonize()(label))
    faint = (_mask(label) // 2).astype(np.uint8)
    return [_mask(label), _with_colour(faint, line, COLOURS["skeleton"])]


@_drawing
def _draw_downsample_label(sample: VesselSample) -> list[np.ndarray]:
    label = sample.label[None]
    thin = np.where(sample.radius[None] < 1.6, label, 0)
    nearest = thin[:, 1::3, 1::3, 1::3]
    kept = ours.DownsampleLabel(3)(thin)
    third = slice(_SLAB.start // 3, _SLAB.stop // 3)
    both = (nearest[0], np.asarray(kept)[0])
    small = [np.where(project(a[:, :, third]) > 0, 230, 25) for a in both]
    return [_mask(thin), *(panel.astype(np.uint8) for panel in small)]


def _thresholded(sample: VesselSample) -> np.ndarray:
    """Return a poor segmentation: a threshold, on an image with cells in it."""
    cells = ours.RandDistractors(1.0, n_blobs=(25, 25), n_sheets=(0, 0)).set_random_state(4)
    smooth = ndimage.gaussian_filter(np.asarray(cells(sample.image))[0], 0.7)
    return (smooth > 150)[None].astype(np.uint8)


@_drawing
def _draw_ghosts_and_misses(sample: VesselSample) -> list[np.ndarray]:
    label, pred = sample.label[None], _thresholded(sample)
    codes = np.asarray(ours.GhostsAndMisses()(pred, label))[0][:, :, _SLAB]
    panel = (_mask(pred) // 3).astype(np.uint8)
    for code, name in ((1, "skeleton"), (2, "ghost"), (3, "miss")):
        panel = _with_colour(panel, project(codes == code), COLOURS[name])
    return [_mask(label), _mask(pred), panel]


@_drawing
def _draw_fill_cavities(sample: VesselSample) -> list[np.ndarray]:
    vessel = sample.label > 0
    lattice = np.zeros(vessel.shape, bool)
    lattice[::3, ::3, ::3] = True
    pierced = np.where(ndimage.binary_erosion(vessel) & lattice, 0, vessel).astype(np.uint8)
    filled = np.asarray(ours.FillCavities()(pierced[None]))[0]
    best = int((filled > pierced).sum((0, 1)).argmax())
    before, after = (np.where(mask[..., best] > 0, 230, 25) for mask in (pierced, filled))
    changed = (filled > pierced)[..., best]
    after = _with_colour(after.astype(np.uint8), changed, COLOURS["skeleton"])
    return [before.astype(np.uint8), after]


@_drawing
def _draw_remove_short_vessels(sample: VesselSample) -> list[np.ndarray]:
    pred = _thresholded(sample)
    kept = ours.RemoveShortVessels(12.0, spacing_mm=(1.0, 1.0, 1.0))(pred)
    removed = project((pred > np.asarray(kept))[0][:, :, _SLAB])
    return [_mask(pred), _with_colour(_mask(kept), removed, COLOURS["ghost"])]


@_drawing
def _draw_crop(sample: VesselSample) -> list[np.ndarray]:
    label = sample.label[None][..., _SLAB]
    theirs = RandCropByPosNegLabel(1, pos=1, neg=0, num_samples=200).set_random_state(0)
    theirs.randomize(torch.from_numpy(label))
    crop = ours.RandCropByVessel(1, num_samples=200, vessel_ratio=1.0).set_random_state(0)
    crop.randomize(label)
    panels = []
    for centers in (theirs.centers, crop.centers):
        at = np.zeros_like(label[0])
        at[tuple(np.array(centers).T)] = 1
        faint = (np.where(project(label[0]) > 0, 90, 20)).astype(np.uint8)
        panels.append(_with_colour(faint, project(at), COLOURS["skeleton"]))
    return panels


@_drawing
def _draw_isotropic(sample: VesselSample) -> list[np.ndarray]:
    thin = np.where(sample.radius[None] < 1.6, sample.label[None], 0)
    affine = torch.diag(torch.tensor([1.0, 1.0, 2.0, 1.0], dtype=torch.float64))
    label = MetaTensor(torch.from_numpy(thin), affine=affine)
    nearest = Spacing((3.0,) * 3, mode="nearest")(label)
    kept = ours.ResampleToIsotropic(3.0, "label")(label)
    slab = slice(_SLAB.start * 2 // 3, _SLAB.stop * 2 // 3)
    both = (np.asarray(a)[0][:24, :24, slab] for a in (nearest, kept))
    return [_mask(thin), *(np.where(project(a) > 0, 230, 25).astype(np.uint8) for a in both)]


@_drawing
def _draw_break_vessel(sample: VesselSample) -> list[np.ndarray]:
    cut = ours.RandBreakVessel(1.0, n_gaps=(12, 12), gap_length=(6, 9)).set_random_state(2)
    image, gaps = cut.cut(sample.image, sample.label[None])
    where = _slab(gaps) > 0
    rim = ndimage.binary_dilation(where) & ~where
    return [_grey(sample.image), _grey(image), _with_colour(_grey(image), rim, COLOURS["ghost"])]


@_drawing
def _draw_point_spread(sample: VesselSample) -> list[np.ndarray]:
    spread = ours.RandPointSpread(1.0, lateral=(0.7, 0.7), axial_ratio=(3.0, 3.0), axis=0)
    return [_grey(sample.image), _grey(spread(sample.image))]


@_drawing
def _draw_shot_noise(sample: VesselSample) -> list[np.ndarray]:
    noise = ours.RandShotNoise(1.0, photons=(40, 40)).set_random_state(0)
    return [_grey(sample.image), _grey(noise(sample.image))]


@_drawing
def _draw_speckle(sample: VesselSample) -> list[np.ndarray]:
    speckle = ours.RandSpeckle(1.0, strength=(0.2, 0.2)).set_random_state(0)
    return [_grey(sample.image), _grey(speckle(sample.image))]


@_drawing
def _draw_distractors(sample: VesselSample) -> list[np.ndarray]:
    add = ours.RandDistractors(1.0, n_blobs=(12, 12), n_sheets=(2, 2)).set_random_state(4)
    return [_grey(sample.image), _grey(add(sample.image))]


@_drawing
def _draw_vessel_falloff(sample: VesselSample) -> list[np.ndarray]:
    fall = ours.RandVesselFalloff(1.0, loss=(0.85, 0.85), length=(60, 60)).set_random_state(5)
    return [_grey(sample.image), _grey(fall(sample.image, sample.label[None]))]


@_drawing
def _draw_imaging_model(sample: VesselSample) -> list[np.ndarray]:
    label = sample.label[None]
    image = 100 + 170 * label.astype(np.float32)
    line = skeletonize(sample.label > 0)[None]
    for step, others in (
        (ours.RandVesselFalloff(1.0, (0.4, 0.4), (120, 120)), (label, line)),
        (ours.RandDistractors(1.0, (6, 6), (1, 1), contrast=(0.3, 0.5)), ()),
        (ours.RandPointSpread(1.0, (0.7, 0.7), (2.0, 2.0)), ()),
        (ours.RandSpeckle(1.0, (0.08, 0.08)), ()),
        (ours.RandShotNoise(1.0, (80, 80)), ()),
    ):
        image = np.asarray(step.set_random_state(3)(image, *others))
    return [_mask(label), _grey(image)]


if __name__ == "__main__":
    main(sys.argv[1:])
