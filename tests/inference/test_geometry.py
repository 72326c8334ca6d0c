"""A mask has the shape, affine, codes and units of its image, whatever these are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cldice_monai.data.formats import read_image, write_result
from cldice_monai.inference.recipe import Recipe
from tests.inference.conftest import Bright

ANGLES = st.floats(-np.pi, np.pi)
SIDES = st.sampled_from([0.001, 0.994, 1.0, 0.3333333, 5.0])
SHAPES = st.sampled_from(
    [
        (9, 8, 7),
        (9, 8, 7, 1),
        (1, 9, 8),
        (9, 1, 8),
        (9, 8, 1),
        (9, 8, 7, 1, 1),
        (9, 8),
        (1, 9, 8, 20),
    ]
)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    keeps_the_grid = {"side_mm": None, "cutoff": 0.99, "lift": 0, "floor": 0, "threshold": 0.5}
    settings = {"device": "cpu", "precision": "float32", "save_prob": True, **keeps_the_grid}
    found = Recipe(settings=settings)
    found.network = Bright()
    return found


def rotation(a: float, b: float, c: float) -> np.ndarray:
    """A rotation by three angles about x, y and z."""
    turned = np.eye(3)
    for axis, angle in enumerate((a, b, c)):
        one = np.eye(3)
        rest = [n for n in range(3) if n != axis]
        one[np.ix_(rest, rest)] = [
            [np.cos(angle), -np.sin(angle)],
            [np.sin(angle), np.cos(angle)],
        ]
        turned = turned @ one
    return turned


@st.composite
def headers(draw: st.DrawFn) -> nib.Nifti1Image:
    """An image whose header is oblique, flipped, anisotropic, sheared, of any codes and units."""
    shape = draw(SHAPES)
    kind = draw(st.sampled_from([nib.Nifti1Image, nib.Nifti2Image]))
    sides = np.array([draw(SIDES) for _ in range(3)])
    flips = np.array([draw(st.sampled_from([-1, 1])) for _ in range(3)])
    turned = rotation(draw(ANGLES), draw(ANGLES), draw(ANGLES))
    affine = np.eye(4)
    affine[:3, :3] = turned @ np.diag(sides * flips)
    affine[:3, 3] = [draw(st.floats(-500, 500)) for _ in range(3)]
    voxels = np.random.default_rng(0).integers(-300, 300, shape).astype(np.int16)
    image = kind(voxels, None)
    image.header.set_qform(affine, code=draw(st.integers(0, 4)))
    sheared = affine.copy()
    if draw(st.booleans()):
        shear = np.eye(3) + np.triu(np.full((3, 3), 0.2), 1)
        sheared[:3, :3] = turned @ shear @ np.diag(sides * flips)
    image.header.set_sform(sheared, code=draw(st.integers(0, 4)))
    image.header.set_xyzt_units(draw(st.sampled_from(["mm", "micron", "meter", "unknown"])), "sec")
    return image


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(image=headers(), ending=st.sampled_from([".nii", ".nii.gz"]))
def test_mask_and_probability_have_the_geometry_of_the_image(
    recipe: Recipe, image: nib.Nifti1Image, ending: str
):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        image.to_filename(path)
        volume = read_image(path)
        found = recipe.segment(recipe.prepare(volume))
        results = {"uint8": found.classes, "float32": found.probability}
        source = nib.load(path)
        for dtype, array in results.items():
            written = nib.load(write_result(array, path.with_name(dtype), like=volume, dtype=dtype))
            assert written.shape == source.shape
            assert type(written) is type(source)
            same = ("qform_code", "sform_code", "xyzt_units", "pixdim", "srow_x", "srow_y")
            same += ("srow_z", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y")
            for name in (*same, "qoffset_z"):
                assert np.array_equal(written.header[name], source.header[name]), name
            assert np.array_equal(written.affine, source.affine)
            axes = np.asarray(written.dataobj).reshape(array.shape, order="F")
            assert np.array_equal(axes, array)
        assert np.array_equal(found.classes > 0, _bright(volume.array[0]))


def _bright(values: np.ndarray) -> np.ndarray:
    """What the network of the test and the bundle's scaling find, written out anew."""
    low, high = values.min(), np.quantile(values, 0.99)
    scaled = torch.from_numpy(np.clip((values - low) / (high - low), 0, 1).astype(np.float32))
    return (torch.sigmoid(4 * (scaled - 0.5)) >= 0.5).numpy()


def test_mask_of_an_image_with_channels_has_its_spatial_part(tmp_path: Path):
    both = np.random.default_rng(0).normal(size=(9, 8, 7, 2)).astype(np.float32)
    nib.save(nib.Nifti1Image(both, np.diag([1, 2, 3, 1])), tmp_path / "a.nii.gz")
    volume = read_image(tmp_path / "a.nii.gz")
    mask = nib.load(write_result(volume.array[1] > 0, tmp_path / "mask", like=volume))
    assert mask.shape == (9, 8, 7)
    assert np.array_equal(np.asarray(mask.dataobj), both[..., 1] > 0)
    assert np.array_equal(mask.affine, np.diag([1, 2, 3, 1]))
