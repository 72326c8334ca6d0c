from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data.pictures import read_grey_picture, write_picture
from cldice_monai.workflows import suggest_training_iter


def _item(folder: Path, *, width: int) -> dict[str, str]:
    label = np.zeros((40, 40, 40), np.uint8)
    start = 20 - width // 2
    label[start : start + width, start : start + width, :] = 255
    path = folder / f"rod_{width}.nii.gz"
    nib.save(nib.Nifti1Image(label, np.eye(4)), path)
    return {"label": str(path)}


@pytest.mark.parametrize(
    ("widths", "options", "expected"),
    [
        ((3, 11), {}, 5),  # a rod of 2 r + 1 voxels is gone after r + 1 erosions: iter_ = r
        ((11, 3), {}, 5),
        ((3,), {}, 3),  # needs 1, but predictions may be thicker
        ((3,), {"least": 1}, 1),
        ((21,), {"most": 7}, 7),
        ((), {}, 3),
    ],
)
def test_thickest_vessel_decides_within_the_limits(
    widths: tuple[int, ...], options: dict[str, int], expected: int, tmp_path: Path
):
    items = [_item(tmp_path, width=width) for width in widths]
    assert suggest_training_iter(items, **options) == expected


def test_vessels_are_measured_on_the_working_grid(tmp_path: Path):
    item = _item(tmp_path, width=11)
    image = nib.load(item["label"])
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), np.diag([0.001] * 3 + [1])), item["label"])
    assert suggest_training_iter([item]) == 5
    assert suggest_training_iter([item], side_mm=0.0005) in (10, 11)
    assert suggest_training_iter([item], side_mm=0.002, least=1) in (2, 3)


def test_classes_that_touch_are_thinned_each_by_itself(tmp_path: Path):
    label = np.zeros((32, 32), np.uint8)
    label[8:15], label[15:22] = 1, 2  # 7 pixels each, 14 together
    path = write_picture(label, tmp_path / "label.png")
    options = {"read_label": read_grey_picture, "least": 1}
    assert suggest_training_iter([{"label": path}], out_channels=3, **options) == 3
    assert suggest_training_iter([{"label": path}], out_channels=1, **options) == 6
