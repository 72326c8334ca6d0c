"""What is shown of a dataset that is prepared: its table, its parts, notes."""

import nibabel as nib
import numpy as np
import pytest


def test_table_fits_into_80_columns_and_counts_what_is_there(layouts, prepare):
    root = layouts.roads()
    prepare("roads", root)
    heading, table, *rest = prepare.shown
    assert heading == f"Massachusetts Roads, {root}"
    parts = rest[-1]
    assert max(len(line) for line in (*table.splitlines(), *parts.splitlines())) <= 80
    # 60 rows and one column more are road, of 60 x 50 pixels: (50 + 60 - 1) / 3000 = 3.63 %
    assert "     6         3  60x50" in table
    assert "3.63   3.63   3.63" in table
    assert "1 of them with a part outside; kept, %        50    100    100" in table
    assert "     0  have a fault" in table
    assert parts.splitlines()[:3] == [
        "training         3",
        "validation       2",
        "test             1",
    ]


def test_shapes_and_voxel_sizes_that_differ_are_rows_of_their_own(layouts, prepare):
    root = layouts.deepvesselnet()
    for folder in ("raw", "seg"):
        path = root / folder / "1.nii.gz"
        array = np.asarray(nib.load(path).dataobj)[:, :, :5]
        nib.save(nib.Nifti1Image(array, np.diag([0.5, 1.0, 2.0, 1.0])), path)
    prepare("deepvesselnet", root)
    rows = prepare.shown[1].splitlines()[2:4]
    assert rows[0].split()[:5] == ["5", "1", "8x9x10", "3x3x3", "um"]
    assert rows[1].split()[:4] == ["1", "1", "8x9x5", "0.5x1x2"]


@pytest.mark.parametrize("size", [0.00325, 0.0000325, 123456.0])
def test_odd_voxel_sizes_shapes_and_shares_and_many_folds_stay_within_80_columns(
    layouts, prepare, size
):
    root = layouts.deepvesselnet(29)
    for path in root.rglob("*.nii.gz"):
        array = np.zeros((100, 100, 30), np.uint8)
        array[0, 0, int(path.parent.name == "seg")] = 1
        nib.save(nib.Nifti1Image(array, np.diag([size, size, size, 1.0])), path)
    prepare("deepvesselnet", root, n_folds=20, take_all=True)
    lines = [line for text in prepare.shown[1:] for line in text.splitlines()]
    assert max(map(len, lines)) <= 80
    assert any(f"100x100x30  {size:.3g}x{size:.3g}x{size:.3g}" in line for line in lines)
    assert any(line.split() == ["3e-04"] * 3 for line in lines)
    folds = " ".join(lines[[line[:5] for line in lines].index("folds") :])
    assert folds.count(" + ") == 19
    assert folds.endswith("seed 0")


def test_what_was_mended_or_is_odd_in_usable_cases_is_shown(layouts, prepare):
    root = layouts.vessap(9)
    for number in range(6):
        path = root / "raw" / f"patchvolume_{number:03d}_0000.nii.gz"
        array = np.asarray(nib.load(path).dataobj).astype(np.float32)
        array[0, 0, : number + 1] = np.nan
        layouts.nifti(path, array)
    path = root / "raw" / "patchvolume_008_0001.nii.gz"
    layouts.nifti(path, np.full((8, 9, 10), 7, np.int16))
    prepare("vessap", root, channels=2)
    notes = [line for line in prepare.shown if line.startswith("note: ")]
    assert len(notes) == 7
    assert "patchvolume_002.nii.gz: holds the values 95, 255 (2 more labels likewise)" in notes[0]
    assert "classes=(...)) keeps them apart" in notes[0]
    for number, note in enumerate(notes[1:6]):
        assert f"{number:03d}_0000.nii.gz: {number + 1} of 720 voxels are NaN" in note
    assert notes[6] == "note: and 2 more of this kind"


def test_channel_that_tells_nothing_is_shown(layouts, prepare):
    root = layouts.vessap()
    path = root / "raw" / "patchvolume_001_0001.nii.gz"
    layouts.nifti(path, np.full((8, 9, 10), 7, np.int16))
    prepare("vessap", root, channels=2)
    assert f"note: {path}: every voxel is 7, this channel tells nothing" in prepare.shown
