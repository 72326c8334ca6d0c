"""The picture of a pierced mask shows the slice with the most voxels in cavities."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np


def test_the_slice_with_the_most_voxels_in_cavities_is_drawn(import_script, tmp_path: Path):
    script = import_script("draw_cavities")
    for name, holes in (("a", [(3, 2)]), ("b", [(2, 5), (4, 5), (3, 2)]), ("c", [])):
        mask = np.zeros((8, 8, 8), np.uint8)
        mask[1:7, 1:7] = 1
        mask[0, 4] = 1
        for row, k in holes:
            mask[row, 3, k] = 0
        volume = np.arange(512, dtype=np.float32).reshape(8, 8, 8)
        for path, array in (
            (tmp_path / "masks" / f"{name}_mask.nii.gz", mask),
            (tmp_path / "masks" / f"{name}_prob.nii.gz", mask * np.float32(0.7)),
            (tmp_path / "imagesTs" / f"{name}.nii.gz", volume),
            (tmp_path / "labelsTs" / f"{name}.nii.gz", np.ones_like(mask)),
        ):
            path.parent.mkdir(exist_ok=True)
            nib.save(nib.Nifti1Image(array, np.eye(4)), path)
    found = script.most_pierced(tmp_path / "masks", tmp_path)
    assert found.n_pierced == 2
    np.testing.assert_array_equal(found.image, volume[..., 5])
    assert found.mask.sum() == 35
    assert found.label.all()
    np.testing.assert_array_equal(found.probability > 0, found.mask)
    script.draw(found, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 0
