import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.data.utils import affine_to_spacing
from monai.transforms import Compose, Invertd

from cldice_monai.transforms import ResampleToWorkingGrid, ResampleToWorkingGridd


def stack(spacing, *, shape=(20, 16, 6), meta=None):
    affine = torch.diag(torch.tensor([*spacing, 1.0], dtype=torch.float64))
    affine[:3, 3] = torch.tensor([-3.0, 2.5, 7.0])
    return MetaTensor(torch.rand(1, *shape), affine=affine, meta=meta)


@pytest.mark.parametrize(
    ("unit", "mm_per_unit"), [(1.0, 0.001), (0.001, 1.0), (1e-6, 1000.0)], ids=["um", "mm", "m"]
)
def test_microscopy_gets_voxels_of_two_micrometres_whatever_the_unit_of_the_file(unit, mm_per_unit):
    spacing = [side * unit for side in (1.0, 1.0, 5.0)]
    image = stack(spacing, meta={"mm_per_unit": mm_per_unit})
    resample = ResampleToWorkingGrid()
    there = resample(image)
    assert np.allclose(affine_to_spacing(there.affine), 2.0 * unit)
    assert there.shape == (1, 10, 8, 14)  # first and last centres 19, 15 and 25 um apart
    back = resample.inverse(there)
    assert back.shape == image.shape
    assert torch.equal(back.affine, image.affine)


def test_volume_without_unit_keeps_its_voxels():
    image = stack((1.0, 1.0, 1.0), meta={"mm_per_unit": 1.0})
    resample = ResampleToWorkingGrid()
    there = resample(image)
    assert torch.equal(there.as_tensor(), image.as_tensor())
    back = resample.inverse(there)
    assert torch.equal(back.as_tensor(), image.as_tensor())
    assert back.applied_operations == []


def test_image_that_is_given_does_not_change():
    image = stack((1.0, 1.0, 1.0))
    ResampleToWorkingGrid()(image)
    assert image.applied_operations == []


@pytest.mark.parametrize("spacing", [(0.001, 0.001, 0.005), (0.3, 0.3, 0.6)])
def test_prediction_comes_back_through_monais_inverse(spacing):
    preprocessing = Compose([ResampleToWorkingGridd("image")])
    item = preprocessing({"image": stack(spacing)})
    item["pred"] = MetaTensor(torch.ones_like(item["image"].as_tensor()))
    invert = Invertd("pred", preprocessing, orig_keys="image", nearest_interp=False)
    back = invert(item)["pred"]
    assert back.shape == (1, 20, 16, 6)
    assert torch.all(back.as_tensor() == 1)


@pytest.mark.parametrize("side", [0.0, -1.0, float("inf")])
def test_side_that_is_no_length_is_refused(side):
    with pytest.raises(ValueError, match="side_mm must be a positive number"):
        ResampleToWorkingGrid(side)


def test_label_and_mask_go_to_the_grid_of_the_image_by_whole_numbers():
    image = stack((0.001, 0.001, 0.005))
    label = MetaTensor(torch.zeros(1, 20, 16, 6, dtype=torch.uint8)).copy_meta_from(image)
    label[0, 7] = 2  # a sheet between two coarse voxels
    mask = MetaTensor(torch.ones(1, 20, 16, 6, dtype=torch.uint8)).copy_meta_from(image)
    resample = ResampleToWorkingGridd(
        ["image", "label", "mask"], mode=["bilinear", "label", "nearest"]
    )
    item = resample({"image": image, "label": label, "mask": mask})
    assert {tuple(value.shape) for value in item.values()} == {(1, 10, 8, 14)}
    assert item["label"].dtype == torch.uint8
    assert item["label"].unique().tolist() == [0, 2]
    assert (item["label"] > 0).sum() == 8 * 14  # one layer of it, and none is lost
    assert (item["mask"] == 1).all()
    without = resample.inverse(item)
    assert all(without[key].shape == (1, 20, 16, 6) for key in item)
