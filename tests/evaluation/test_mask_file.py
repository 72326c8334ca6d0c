"""Masks in every format are measured as the same masks in NIfTI are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cldice_monai.data.nifti import read_volume
from cldice_monai.errors import InputError
from cldice_monai.evaluation import mask_file
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.mask_grid import mask_grid
from cldice_monai.evaluation.run import Evaluation, evaluate
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.report.page import write_report
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import SPACING, save_in_format, save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))


def _figures(evaluation: Evaluation) -> dict[str, float]:
    return evaluation.methods[0].cases[0].volume


def _of_nifti(folder: Path, spacing: tuple[float, ...], flat: bool = False) -> dict[str, float]:
    for name, seed in (("nifti_pred", 0), ("nifti_label", 1)):
        mask = vessels(seed, (40, 30))[..., None] if flat else vessels(seed)
        save_mask(folder / name / "a.nii.gz", mask, np.diag([*spacing, 1.0]))
    return _figures(evaluate([folder / "nifti_pred"], folder / "nifti_label", FEW))


def test_tiff_stacks_are_measured_in_voxels_with_a_note(tmp_path: Path):
    save_in_format(tmp_path / "pred" / "a_mask.tif", vessels(0))
    save_in_format(tmp_path / "label" / "a.tif", vessels(1))
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    assert _figures(evaluation) == pytest.approx(_of_nifti(tmp_path, (1, 1, 1)), nan_ok=True)
    (note,) = evaluation.methods[0].cases[0].notes
    assert str(note).startswith("label/a.tif: says no voxel size: lengths are in voxels")


def test_pictures_are_measured_as_two_dimensional_and_drawn(tmp_path: Path):
    for name, seed in (("pred/a_mask.png", 0), ("label/a.png", 1)):
        save_in_format(tmp_path / name, vessels(seed, (40, 30)))
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    expected = _of_nifti(tmp_path, (1, 1, 1), flat=True)
    assert _figures(evaluation) == pytest.approx(expected, nan_ok=True)
    (path,) = write_error_maps(evaluation, tmp_path / "maps")
    assert read_volume(path).array.shape == (1, 40, 30, 1)
    images = {"a": tmp_path / "label" / "a.png"}
    page = write_report(evaluation, tmp_path / "report.html", images=images)
    assert "y downwards" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("compression", [None, "packbits", "tiff_lzw", "group3", "group4"])
def test_tiff_files_of_one_bit_a_voxel_are_masks(compression: str | None, tmp_path: Path):
    mask = vessels(0, (43, 30))
    path = tmp_path / "a.tif"
    Image.fromarray(255 * mask.T.astype(np.uint8)).convert("1").save(path, compression=compression)
    array = mask_file.read_mask(path, mask_grid(path)).array
    np.testing.assert_array_equal(array[0, ..., 0], mask)


def test_an_empty_mask_packed_as_tight_as_a_fax_is_read(tmp_path: Path):
    """A row costs one bit then, however long it is."""
    path = tmp_path / "a.tif"
    Image.new("1", (4000, 3000)).save(path, compression="group4")
    array = mask_file.read_mask(path, mask_grid(path)).array
    assert array.shape == (1, 4000, 3000, 1)
    assert not array.any()


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
def test_a_mask_with_a_geometry_may_have_another_format_than_its_label(ending: str, tmp_path: Path):
    expected = _of_nifti(tmp_path, SPACING)
    save_in_format(tmp_path / "pred" / f"a_mask{ending}", vessels(0))
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "nifti_label", FEW)
    assert _figures(evaluation) == expected
    moved = np.diag([*SPACING, 1.0])
    moved[0, 3] = 5
    save_mask(tmp_path / "moved" / "a.nii.gz", vessels(1), moved)
    with pytest.raises(InputError, match="same shape, other affine"):
        evaluate([tmp_path / "pred"], tmp_path / "moved", FEW)


def test_ome_zarr_masks_are_measured_in_mm(tmp_path: Path):
    """Their lengths are micrometres in the file."""
    for name, seed in (("pred/a_mask.ome.zarr", 0), ("label/a.zarr", 1)):
        save_in_format(tmp_path / name, vessels(seed))
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    assert _figures(evaluation) == pytest.approx(_of_nifti(tmp_path, SPACING), nan_ok=True)
    assert evaluation.methods[0].cases[0].spacing_mm == pytest.approx(SPACING)
    (path,) = write_error_maps(evaluation, tmp_path / "maps")
    assert read_volume(path).spacing_mm == pytest.approx(SPACING)


@pytest.mark.parametrize("kind", ["pred", "label"])
def test_ome_zarr_masks_elsewhere_than_their_label_are_refused(kind: str, tmp_path: Path):
    """A translation counts as the affine of a NIfTI file does."""
    for name, seed in (("pred/a_mask.ome.zarr", 0), ("label/a.zarr", 1)):
        path = save_in_format(tmp_path / name, vessels(seed))
        if path.parent.name == kind:
            _translate(path, [0, 2000, 1000])  # um along z, y, x
    with pytest.raises(InputError, match=r"lies up to 2.06 voxels from its label a.zarr \(same"):
        evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    for path in tmp_path.glob("*/*.zarr"):
        _translate(path, [0, 2000, 1000])
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    (path,) = write_error_maps(evaluation, tmp_path / "maps")
    assert read_volume(path).affine[:3, 3] == pytest.approx([1, -2, 0]), "mm along x, y, z"


def test_translation_that_is_no_place_is_refused(tmp_path: Path):
    path = save_in_format(tmp_path / "a.zarr", vessels(0))
    _translate(path, [0, float("nan"), 0])
    with pytest.raises(InputError, match=r"the translation .* is not finite"):
        mask_grid(path)


def _translate(path: Path, translation: list[float]) -> None:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(path, mode="r+")
    image = group.attrs["multiscales"][0]
    scale = image["datasets"][0]["coordinateTransformations"][0]
    moved = {"type": "translation", "translation": translation}
    image["datasets"][0]["coordinateTransformations"] = [scale, moved]
    group.attrs["multiscales"] = [image]


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha", ".zarr", ".tif", ".png", ".bmp"])
def test_voxels_are_read_once_to_be_measured(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What is checked first is checked by the beginnings of the files."""
    mask = vessels(0, (30, 20)) if ending in (".png", ".bmp") else vessels(0)
    path = save_in_format(tmp_path / "a" / f"case{ending}", mask)
    read, paths = mask_file._read, []

    def count(path: Path):
        paths.append(path)
        return read(path)

    monkeypatch.setattr(mask_file, "_read", count)
    evaluate([path.parent], path.parent, FEW)
    assert paths == [path, path], "prediction and label"
    volume, grid = read(path), mask_grid(path)
    assert grid.shape == volume.array.shape[1:]
    assert grid.n_channels == len(volume.array)
    affine = np.diag([*[volume.mm_per_unit] * 3, 1]) @ volume.affine
    assert grid.affine_mm == pytest.approx(affine)


def test_a_mask_without_a_geometry_takes_that_of_its_label(tmp_path: Path):
    expected = _of_nifti(tmp_path, SPACING)
    save_in_format(tmp_path / "pred" / "a_mask.tif", vessels(0))
    assert _figures(evaluate([tmp_path / "pred"], tmp_path / "nifti_label", FEW)) == expected
    save_in_format(tmp_path / "pred" / "a_mask.tif", vessels(0)[:-1])
    with pytest.raises(InputError, match=r"its label a.nii.gz has \(24, 24, 20\)"):
        evaluate([tmp_path / "pred"], tmp_path / "nifti_label", FEW)


@pytest.mark.parametrize("ending", [".png", ".bmp", ".tif"])
def test_colours_of_a_mask_are_joined(ending: str, tmp_path: Path):
    mask = vessels(0, (30, 20))
    save_in_format(tmp_path / "grey" / "a.png", mask)
    (tmp_path / "red").mkdir()
    red = np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 255 * mask.T
    Image.fromarray(red).save(tmp_path / "red" / f"a{ending}")
    assert _figures(evaluate([tmp_path / "red"], tmp_path / "grey", FEW))["dice"] == 1.0


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_255_alone_is_class_1_with_a_note(ending: str, tmp_path: Path):
    """So pictures and TIFF files are written where the largest class is 1."""
    flat = (40, 30) if ending == ".png" else (24, 24, 20)
    mask = vessels(0, flat)
    save_in_format(tmp_path / "pred" / f"a_mask{ending}", mask)
    deep = mask[..., None] if ending == ".png" else mask
    save_mask(tmp_path / "label" / "a.nii.gz", deep)
    settings = EvaluationSettings(FEW.sampler, classes=(1, 2))
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", settings)
    first, second = (method.cases[0] for method in evaluation.methods)
    assert first.volume["dice"] == 1.0
    assert first.empty == (False, False)
    assert second.empty == (True, True)
    assert "255 is taken as class 1, and no voxel as class 2" in str(first.notes[0])
    maps = write_error_maps(evaluation, tmp_path / "maps")
    assert not any(read_volume(path).array.any() for path in maps)


def test_255_is_itself_where_it_is_a_class(tmp_path: Path):
    save_in_format(tmp_path / "a" / "case.png", vessels(0, (40, 30)))
    settings = EvaluationSettings(FEW.sampler, classes=(1, 255))
    first, last = evaluate([tmp_path / "a"], tmp_path / "a", settings).methods
    assert first.cases[0].empty == (True, True)
    assert last.cases[0].volume["dice"] == 1.0
