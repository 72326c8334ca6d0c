import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import LoadImage

from cldice_monai.data import NiftiVolumeReader
from cldice_monai.transforms import RemoveShortVessels, RemoveShortVesselsd
from tests.conftest import save_nifti


def rods(first=1, second=1):
    """One channel with two rods of 4 and 8 voxels: 3 and 7 steps."""
    mask = np.zeros((1, 5, 12), np.uint8)
    mask[0, 1, 2:6] = first
    mask[0, 3, 2:10] = second
    return mask


def lengths_left(mask):
    return [int((np.asarray(mask)[0, row] > 0).sum()) for row in (1, 3)]


def test_lengths_are_measured_in_mm_with_the_spacing_given():
    assert lengths_left(RemoveShortVessels(4.0, (1.0, 1.0))(rods())) == [0, 8]
    assert lengths_left(RemoveShortVessels(4.0, (1.0, 1.5))(rods())) == [4, 8]
    assert lengths_left(RemoveShortVessels(4.0, (1.0, 0.5))(rods())) == [0, 0]


def test_zero_changes_nothing():
    assert np.array_equal(RemoveShortVessels()(rods()), rods())


def test_every_class_is_measured_by_itself_and_keeps_its_number():
    joined = rods()
    joined[0, 1, 2:10] = [1, 1, 1, 1, 2, 2, 2, 2]  # one line: 3 steps of class 1, 3 of class 2
    assert lengths_left(RemoveShortVessels(4.0, (1.0, 1.0))(joined)) == [0, 8]
    kept = RemoveShortVessels(3.0, (1.0, 1.0))(joined)
    assert np.array_equal(kept, joined)


def test_every_channel_is_measured_by_itself():
    both = np.concatenate([rods(1, 0), rods(0, 1)])
    kept = RemoveShortVessels(4.0, (1.0, 1.0))(both)
    assert not kept[0].any()
    assert np.array_equal(kept[1], both[1])


@pytest.mark.parametrize(
    ("unit", "size", "expected"),
    [("mm", 1.0, [0, 8]), ("micron", 1.0, [0, 0]), ("micron", 1000.0, [0, 8])],
)
def test_lengths_are_in_mm_whatever_the_unit_of_the_file(unit, size, expected, tmp_path):
    import nibabel as nib

    path = save_nifti(tmp_path / "a.nii.gz", rods()[0][..., None], np.diag([size, size, size, 1]))
    image = nib.load(path)
    image.header.set_xyzt_units(unit)
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), image.affine, image.header), path)
    loaded = LoadImage(reader=NiftiVolumeReader(), ensure_channel_first=True)(path)
    assert lengths_left(RemoveShortVessels(4.0)(loaded)[..., 0]) == expected


def test_spacing_of_an_array_without_affine_must_be_given():
    with pytest.raises(ValueError, match="needs a MetaTensor"):
        RemoveShortVessels(4.0)(rods())


def test_metadata_and_number_type_are_kept():
    affine = torch.diag(torch.tensor([2.0, 1.0, 1.0, 1.0], dtype=torch.float64))
    mask = MetaTensor(torch.from_numpy(rods()).float(), affine=affine)
    kept = RemoveShortVesselsd("pred", 4.0)({"pred": mask})["pred"]
    assert kept.dtype == torch.float32
    assert torch.equal(kept.affine, affine)
    assert lengths_left(kept) == [0, 8]


def test_probabilities_are_refused():
    with pytest.raises(ValueError, match="img must hold whole numbers"):
        RemoveShortVessels(1.0, (1.0, 1.0))(np.full((1, 4, 4), 0.5))


@pytest.mark.parametrize("shape", [(4, 4), (1, 1, 4, 4, 4)])
def test_a_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"img must be \(C, X, Y\) or \(C, X, Y, Z\), got"):
        RemoveShortVessels(1.0, (1.0, 1.0))(np.ones(shape))


@pytest.mark.parametrize("length", [-1.0, float("nan")])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="min_length_mm must be 0 or a length in mm"):
        RemoveShortVessels(length)


def test_no_spacing_is_refused_because_the_length_is_in_mm():
    with pytest.raises(ValueError, match="got None"):
        RemoveShortVessels(1.0, None)
