"""Masks that cannot be measured get one line that names the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldice_monai.errors import InputError
from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import evaluate
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import SPACING, save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=4))


def _spoil(kind: str, folder: Path) -> None:
    path = folder / "good" / "case_1_mask.nii.gz"
    if kind == "missing":
        path.unlink()
    elif kind == "other name":
        path.rename(path.with_name("volume_1_mask.nii.gz"))
    elif kind == "other shape":
        save_mask(path, vessels(1)[:-1])
    elif kind == "other affine":
        affine = np.diag([*SPACING, 1.0])
        affine[0, 3] = 5
        save_mask(path, vessels(1), affine)
    elif kind == "twice":
        save_mask(folder / "good" / "case_1.nii.gz", vessels(1))
    elif kind == "damaged":
        path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", ("good", "no prediction for case_1")),
        ("other name", ("no prediction for case_1", "volume_1")),
        ("other shape", ("case_1_mask.nii.gz", "(23, 24, 20)", "(24, 24, 20)")),
        ("other affine", ("case_1_mask.nii.gz", "2.5 voxels", "other affine")),
        ("twice", ("both it and", "case_1")),
        ("damaged", ("case_1_mask.nii.gz",)),
    ],
)
def test_masks_that_do_not_fit_are_named(kind: str, words: tuple[str, ...], make_masks: Callable):
    folder = make_masks(2)
    _spoil(kind, folder)
    with pytest.raises(InputError) as caught:
        evaluate([folder / "good"], folder / "labels", FEW)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("odd", "shown"), [(0.7, "0.7"), (np.nan, "nan"), (-1, "-1")])
def test_values_that_name_no_class_are_refused(odd: float, shown: str, make_masks: Callable):
    import nibabel as nib

    folder = make_masks(1)
    path = folder / "labels" / "case_0.nii.gz"
    values = vessels(0).astype(np.float32)
    values[3, 4, 5] = odd
    image = nib.Nifti1Image(values, nib.load(path).affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    with pytest.raises(InputError, match="threshold it first") as caught:
        evaluate([folder / "good"], folder / "labels", FEW)
    assert f"other values than whole numbers from 0 on, {shown} for one" in str(caught.value)


def test_probabilities_are_refused(make_masks: Callable):
    import nibabel as nib

    folder = make_masks(1)
    path = folder / "good" / "case_0_mask.nii.gz"
    image = nib.Nifti1Image(vessels(0) * np.float32(0.7), nib.load(path).affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    with pytest.raises(InputError, match="threshold it first"):
        evaluate([folder / "good"], folder / "labels", FEW)
