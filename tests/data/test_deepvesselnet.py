import nibabel as nib
import numpy as np
import pytest

from cldice_monai.data.deepvesselnet import DeepVesselNetDataset, find_deepvesselnet_cases
from cldice_monai.errors import InputError


def test_raw_and_seg_of_an_id_belong_together(layouts):
    root = layouts.deepvesselnet(n=2)
    (root / "centerlines").mkdir()
    first, second = find_deepvesselnet_cases(root).cases
    assert (first.case_id, second.case_id) == ("1", "2")
    assert first.image == (root / "raw" / "1.nii.gz",)
    assert second.label == root / "seg" / "2.nii.gz"


def test_voxels_and_spacing_arrive(layouts):
    item = DeepVesselNetDataset(layouts.deepvesselnet(), "test", cache_rate=0)[0]
    image, label = layouts.volume(int(item["case_id"]))
    assert np.array_equal(item["image"][0], image)
    assert np.array_equal(item["label"][0], label)
    assert item["image"].affine.diag().tolist() == [3, 3, 3, 1]  # micron, the file's unit
    assert item["image"].meta["mm_per_unit"] == 0.001


def test_missing_seg_shows_the_nearest_folder(layouts):
    root = layouts.deepvesselnet()
    (root / "seg").rename(root / "segs")
    with pytest.raises(InputError, match=r"there is no seg \(nearest found: segs\); expected raw/"):
        find_deepvesselnet_cases(root)


@pytest.mark.real_data
@pytest.mark.slow
def test_real_label_is_read_as_it_was_measured(shared_data, tmp_path):
    label = shared_data / "VesSAP_synthetic" / "label.nii.gz"
    for number in range(1, 6):
        for folder in ("raw", "seg"):
            path = tmp_path / folder / f"{number}.nii.gz"
            path.parent.mkdir(exist_ok=True)
            path.symlink_to(label)
    item = DeepVesselNetDataset(tmp_path, "validation", cache_rate=0)[0]
    assert item["label"].shape == (1, 325, 304, 600)
    assert round(float(item["label"].float().mean()), 4) == 0.0199  # as PROVENANCE.md says
    assert nib.load(label).header.get_zooms() == (1, 1, 1)
