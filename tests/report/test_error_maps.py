"""Maps of ghosts and misses, as viewers open them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.evaluation.case import EvaluationSettings
from cldice_monai.evaluation.run import evaluate
from cldice_monai.report.error_maps import write_error_maps
from cldice_monai.report.panel import COLOURS
from cldice_monai.topology import PatchSampler
from tests.evaluation.masks import save_mask, vessels

FEW = EvaluationSettings(PatchSampler(patch_size=12, n_patches=3))

_ITK = """
import sys, itk
for path in sys.argv[1:]:
    image = itk.imread(path)
    voxels = itk.array_from_image(image)
    turned = itk.array_from_matrix(image.GetDirection()).tolist()
    print(voxels.dtype, voxels.shape, turned, list(image.GetOrigin()), list(image.GetSpacing()))
"""


@pytest.fixture
def folder(make_masks: Callable) -> Path:
    return make_masks(1)


def test_error_maps_lie_on_the_labels_grid_and_hold_ghosts_and_misses(folder: Path):
    label = np.zeros((24, 24, 20), bool)
    label[5, 5, 2:18] = True
    pred = np.zeros_like(label)
    pred[5, 5, 2:8] = pred[15, 5, 2:6] = True
    save_mask(folder / "one_label" / "a.nii.gz", label)
    save_mask(folder / "one" / "a_mask.nii.gz", pred)
    evaluation = evaluate([folder / "one"], folder / "one_label", FEW)
    (path,) = write_error_maps(evaluation, folder / "maps")
    written, source = nib.load(path), nib.load(folder / "one_label" / "a.nii.gz")
    assert path.name == "a_ghosts_misses.nii.gz"
    assert np.array_equal(written.affine, source.affine)
    values = np.asarray(written.dataobj)
    assert values.dtype == np.uint8
    assert np.array_equal(values == 1, pred & ~label)
    assert np.array_equal(values == 2, label & ~pred)
    for code in ("qform_code", "sform_code"):
        assert written.header[code] == source.header[code]


@pytest.mark.slow
def test_error_maps_open_in_viewers_on_the_labels_grid(folder: Path):
    """By the library that both ITK-SNAP and 3D Slicer read files with."""
    affine = np.array([[0, 0, 2.0, -7], [-1.5, 0, 0, 3], [0, 0.5, 0, 11], [0, 0, 0, 1]])
    label = save_mask(folder / "one_label" / "a.nii.gz", vessels(0), affine)
    save_mask(folder / "one" / "a.nii.gz", vessels(1), affine)
    evaluation = evaluate([folder / "one"], folder / "one_label", FEW)
    (path,) = write_error_maps(evaluation, folder / "maps")
    words = [sys.executable, "-c", _ITK, str(path), str(label)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=300)
    first, second = done.stdout.splitlines()
    assert first == second
    assert first.startswith("uint8 (20, 24, 24)")


def test_error_maps_come_with_the_reports_colours_for_both_viewers(folder: Path):
    evaluation = evaluate([folder / "good"], folder / "labels", FEW)
    write_error_maps(evaluation, folder / "maps")
    red, green, blue = COLOURS["ghost"]
    itksnap = (folder / "maps" / "labels_itksnap.txt").read_text().splitlines()
    assert itksnap[1] == f'1 {red} {green} {blue} 1 1 1 "ghost"'
    slicer = (folder / "maps" / "labels_slicer.ctbl").read_text().splitlines()
    assert slicer[1] == f"1 ghost {red} {green} {blue} 255"
    assert [line.split()[0] for line in itksnap] == [line.split()[0] for line in slicer]
