"""Pictures beside files that `cldice-monai prepare` made of pictures, which have rows first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cldice_monai.data.nifti import read_volume
from cldice_monai.data.pictures import picture_affine
from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import evaluate
from cldice_monai.report.case_pictures import case_pictures
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import save_in_format, save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Make the same masks as pictures and as NIfTI files with rows first."""
    for name, seed in (("pred", 0), ("label", 1)):
        mask = vessels(seed, (40, 30))
        save_in_format(tmp_path / f"{name}_png" / "a.png", mask)
        save_mask(tmp_path / f"{name}_rows" / "a.nii.gz", mask.T[..., None], picture_affine())
    return tmp_path


@pytest.mark.parametrize(("pred", "label"), [("png", "rows"), ("rows", "png"), ("rows", "rows")])
def test_picture_is_turned_to_the_axes_of_its_label(pred: str, label: str, folders: Path):
    expected = evaluate([folders / "pred_png"], folders / "label_png", FEW).methods[0].cases[0]
    evaluation = evaluate([folders / f"pred_{pred}"], folders / f"label_{label}", FEW)
    (case,) = evaluation.methods[0].cases
    for name in ("dice", "accuracy", "hd95_mm", "b0_pred", "b1_label"):
        assert case.volume[name] == pytest.approx(expected.volume[name], nan_ok=True), name
    assert case.frame.shape == ((30, 40) if label == "rows" else (40, 30))
    (path,) = write_error_maps(evaluation, folders / "maps")
    assert read_volume(path).array.shape == (1, *case.frame.shape, 1)


def test_prepared_pictures_are_drawn_as_the_pictures_are(folders: Path):
    drawn = []
    for kind in ("png", "rows"):
        evaluation = evaluate([folders / f"pred_{kind}"], folders / f"label_{kind}", FEW)
        drawn.append(case_pictures(evaluation.methods, 0, {}))
    assert drawn[0].rows[0][0] == "Image (x to the right, y downwards)"
    assert drawn[1].rows[0][0] == "Image (y to the right, x downwards)"
    pixels = [[address for _, address in found.rows[0][1]] for found in drawn]
    assert pixels[0][:2] == pixels[1][:2], "image and label, as skeletons may differ"


def test_file_that_is_turned_otherwise_is_refused(folders: Path):
    affine = picture_affine()
    affine[1, 0] = 1  # rows run up
    save_mask(folders / "up" / "a.nii.gz", vessels(1, (40, 30)).T[..., None], affine)
    with pytest.raises(InputError, match="a picture cannot say; save both in one format"):
        evaluate([folders / "pred_png"], folders / "up", FEW)
    save_mask(folders / "bare" / "a.nii.gz", vessels(1, (40, 30)).T[..., None], np.eye(4))
    with pytest.raises(InputError, match="columns and rows the other way round than its label"):
        evaluate([folders / "pred_png"], folders / "bare", FEW)
