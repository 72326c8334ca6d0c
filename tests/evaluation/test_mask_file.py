"""Masks as they are written beside images of every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cldice_monai.data.nifti import read_volume
from cldice_monai.data.pictures import picture_affine
from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import Evaluation, evaluate
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.report.page import write_report
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import SPACING, save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))


def _save_tiff(path: Path, mask: np.ndarray) -> None:
    tifffile = pytest.importorskip("tifffile")
    path.parent.mkdir(exist_ok=True)
    tifffile.imwrite(path, 255 * mask.T.astype(np.uint8))  # rows and pages first


def _figures(evaluation: Evaluation) -> dict[str, float]:
    return evaluation.methods[0].cases[0].volume


def _of_nifti(folder: Path, spacing: tuple[float, ...], flat: bool = False) -> dict[str, float]:
    for name, seed in (("nifti_pred", 0), ("nifti_label", 1)):
        mask = vessels(seed, (40, 30))[..., None] if flat else vessels(seed)
        save_mask(folder / name / "a.nii.gz", mask, np.diag([*spacing, 1.0]))
    return _figures(evaluate([folder / "nifti_pred"], folder / "nifti_label", FEW))


def test_tiff_stacks_are_measured_in_voxels_with_a_note(tmp_path: Path):
    _save_tiff(tmp_path / "pred" / "a_mask.tif", vessels(0))
    _save_tiff(tmp_path / "label" / "a.tif", vessels(1))
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    assert _figures(evaluation) == pytest.approx(_of_nifti(tmp_path, (1, 1, 1)), nan_ok=True)
    assert "lengths in mm are in voxels" in str(evaluation.methods[0].cases[0].notes)


def test_pictures_are_measured_as_two_dimensional_and_drawn(tmp_path: Path):
    for name, seed in (("pred/a_mask.png", 0), ("label/a.png", 1)):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(255 * vessels(seed, (40, 30)).T.astype(np.uint8)).save(tmp_path / name)
    evaluation = evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
    expected = _of_nifti(tmp_path, (1, 1, 1), flat=True)
    assert _figures(evaluation) == pytest.approx(expected, nan_ok=True)
    (path,) = write_error_maps(evaluation, tmp_path / "maps")
    assert read_volume(path).array.shape == (1, 40, 30, 1)
    images = {"a": tmp_path / "label" / "a.png"}
    page = write_report(evaluation, tmp_path / "report.html", images=images)
    assert "y downwards" in page.read_text(encoding="utf-8")


def test_a_mask_without_a_geometry_takes_that_of_its_label(tmp_path: Path):
    expected = _of_nifti(tmp_path, SPACING)
    _save_tiff(tmp_path / "pred" / "a_mask.tif", vessels(0))
    assert _figures(evaluate([tmp_path / "pred"], tmp_path / "nifti_label", FEW)) == expected
    _save_tiff(tmp_path / "pred" / "a_mask.tif", vessels(0)[:-1])
    with pytest.raises(InputError, match=r"its label a.nii.gz has \(24, 24, 20\)"):
        evaluate([tmp_path / "pred"], tmp_path / "nifti_label", FEW)


def test_picture_beside_a_label_with_rows_first_is_refused(tmp_path: Path):
    mask = vessels(0, (40, 40))
    (tmp_path / "pred").mkdir()
    Image.fromarray(255 * mask.T.astype(np.uint8)).save(tmp_path / "pred" / "a_mask.png")
    save_mask(tmp_path / "label" / "a.nii.gz", mask.T[..., None], picture_affine())
    with pytest.raises(InputError, match="save both in one format"):
        evaluate([tmp_path / "pred"], tmp_path / "label", FEW)
