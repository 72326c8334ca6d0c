import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, RandCropByPosNegLabel

from cldice_monai.skeleton import skeletonize
from cldice_monai.transforms import RandCropByVessel, RandCropByVesseld, Skeletonized

AFFINE = torch.diag(torch.tensor([0.5, 0.5, 2.0, 1.0], dtype=torch.float64))


def thick_and_thin():
    """One bar of 7 x 7 voxels and six lines of one voxel, all along the last axis."""
    label = np.zeros((1, 40, 40, 48), np.uint8)
    label[0, 4:11, 4:11, 8:40] = 1
    for row in (16, 22, 28):
        label[0, row, 20, 8:40] = label[0, row, 32, 8:40] = 1
    return label


def is_thin(center):
    return center[0] >= 14


def test_thin_vessels_are_met_as_often_as_they_are_long():
    label = thick_and_thin()
    n = 3000
    crop = RandCropByVessel((8, 8, 8), num_samples=n, vessel_ratio=1.0).set_random_state(0)
    crop.randomize(label)
    share = np.mean([is_thin(c) for c in crop.centers])
    line = skeletonize(label[0].astype(bool))
    of_skeleton = line[14:].sum() / line.sum()
    assert of_skeleton > 0.85  # six lines of 32 voxels, and the bar's middle line
    error = np.sqrt(of_skeleton * (1 - of_skeleton) / n)
    assert abs(share - of_skeleton) < 4 * error

    monai = RandCropByPosNegLabel((8, 8, 8), pos=1, neg=0, num_samples=n).set_random_state(0)
    monai.randomize(torch.from_numpy(label))
    share_of_monai = np.mean([is_thin(c) for c in monai.centers])
    of_volume = label[0, 14:].sum() / label.sum()  # 6 / (6 + 49)
    assert abs(share_of_monai - of_volume) < 4 * np.sqrt(of_volume * (1 - of_volume) / n)
    assert share > 5 * share_of_monai


@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0])
def test_ratio_is_the_share_of_crops_with_a_vessel_at_the_centre(ratio):
    label = thick_and_thin()
    n = 2000
    crop = RandCropByVessel(1, num_samples=n, vessel_ratio=ratio).set_random_state(1)
    crop.randomize(label)
    at_centre = np.mean([label[(0, *c)] for c in crop.centers])
    assert abs(at_centre - ratio) <= 4 * np.sqrt(ratio * (1 - ratio) / n)


def test_centre_of_the_crop_is_a_voxel_of_the_skeleton():
    label = thick_and_thin()
    line = skeletonize(label[0] > 0)
    crop = RandCropByVessel((5, 5, 5), num_samples=20, vessel_ratio=1.0).set_random_state(2)
    for piece in crop(line[None].astype(np.uint8), label):
        assert piece[0, 2, 2, 2] == 1


def test_empty_label_gives_centres_from_all_over_the_volume():
    crop = RandCropByVessel(1, num_samples=2000).set_random_state(0)
    crop.randomize(np.zeros((1, 10, 12), np.uint8))
    centers = np.array(crop.centers)
    assert centers.min() == 0
    assert centers.max(axis=0).tolist() == [9, 11]
    assert np.allclose(centers.mean(axis=0), [4.5, 5.5], atol=0.4)


def test_label_without_background_gives_vessels():
    crop = RandCropByVessel(3, num_samples=5, vessel_ratio=0.0).set_random_state(0)
    assert all(piece.all() for piece in crop(np.ones((1, 9, 9)), np.ones((1, 9, 9))))


def test_first_of_several_channels_is_the_background_of_a_one_hot_label():
    vessel = np.zeros((9, 9), np.uint8)
    vessel[4, 4] = 1
    one_hot = np.stack([1 - vessel, vessel])
    crop = RandCropByVessel(1, num_samples=30, vessel_ratio=1.0).set_random_state(0)
    crop.randomize(one_hot)
    assert set(crop.centers) == {(4, 4)}


def test_image_smaller_than_the_crop_is_refused_unless_allowed():
    label = thick_and_thin()
    with pytest.raises(ValueError, match="larger than the image size"):
        RandCropByVessel((64, 8, 8))(label, label)
    (piece,) = RandCropByVessel((64, 8, 8), allow_smaller=True)(label, label)
    assert piece.shape == (1, 40, 8, 8)


def test_skeleton_that_comes_along_is_used():
    label = thick_and_thin()
    skeleton = np.zeros_like(label)
    skeleton[0, 22, 20, 20] = 1
    crop = RandCropByVessel(1, num_samples=9, vessel_ratio=1.0)
    crop.randomize(label, skeleton)
    assert set(crop.centers) == {(22, 20, 20)}


def test_skeleton_outside_the_label_gives_no_centres():
    label = thick_and_thin()
    skeleton = np.zeros_like(label)
    skeleton[0, 22, 20, 20] = skeleton[0, 0] = 1
    crop = RandCropByVessel(1, num_samples=9, vessel_ratio=1.0)
    crop.randomize(label, skeleton)
    assert set(crop.centers) == {(22, 20, 20)}


def test_vessel_without_a_voxel_of_its_skeleton_is_still_met():
    # the rim of a thick vessel, cropped so that its skeleton lies outside
    rim = np.zeros((1, 12, 12, 12), np.uint8)
    rim[0, :3] = 1
    crop = RandCropByVessel(1, num_samples=9, vessel_ratio=1.0)
    crop.randomize(rim, np.zeros_like(rim))
    assert all(rim[(0, *center)] for center in crop.centers)
    crop.randomize(np.ones_like(rim), np.zeros_like(rim))  # no background either
    assert len(crop.centers) == 9


def test_image_of_another_shape_than_the_label_is_refused():
    label = thick_and_thin()
    message = r"must be \(C, 40, 40, 48\) as the label, got \(1, 40, 40, 20\); bring both to"
    with pytest.raises(ValueError, match="img " + message):
        RandCropByVessel(8)(label[..., :20], label)
    with pytest.raises(ValueError, match="other " + message):
        RandCropByVesseld(["label", "other"], "label", 8)(
            {"label": label, "other": label[..., :20]}
        )


def test_skeleton_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"skeleton must be .*got \(1, 4, 4, 4\)"):
        RandCropByVessel(1).randomize(thick_and_thin(), np.ones((1, 4, 4, 4)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"num_samples": 0}, "num_samples"), ({"vessel_ratio": 1.2}, "vessel_ratio")],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandCropByVessel(4, **arguments)


def test_missing_label_is_refused():
    with pytest.raises(ValueError, match="label must be given"):
        RandCropByVessel(4)(thick_and_thin())


def item():
    label = torch.from_numpy(thick_and_thin())
    image = torch.arange(label.numel(), dtype=torch.float32).reshape(label.shape)
    return {
        "image": MetaTensor(image, affine=AFFINE),
        "label": MetaTensor(label, affine=AFFINE),
        "name": "a",
    }


def test_all_keys_are_cropped_at_one_place_and_the_affine_moves_along():
    crop = RandCropByVesseld(["image", "label"], "label", (6, 6, 6), num_samples=3)
    whole = item()
    for number, piece in enumerate(crop.set_random_state(0)(whole)):
        start = [c - 3 for c in crop.cropper.centers[number]]
        box = tuple(slice(s, s + 6) for s in start)
        assert torch.equal(piece["image"][0], whole["image"][0][box])
        assert torch.equal(piece["label"][0], whole["label"][0][box])
        expected = AFFINE[:3, :3] @ torch.tensor(start, dtype=torch.float64)
        assert torch.equal(piece["image"].affine[:3, 3], expected)
        assert piece["image"].meta["patch_index"] == number
        assert piece["name"] == "a"


def test_inverse_puts_a_crop_back_to_its_place():
    steps = Compose([RandCropByVesseld(["image", "label"], "label", (6, 6, 6), num_samples=2)])
    whole = item()
    for piece in steps.set_random_state(3)(whole):
        back = steps.inverse(piece)
        assert back["image"].shape == whole["image"].shape
        assert torch.equal(back["image"].affine, AFFINE)
        found = back["image"] > 0
        assert int(found.sum()) in (6**3, 6**3 - 1)  # the image has one zero itself
        assert torch.equal(back["image"][found], whole["image"][found])
        assert back["image"].applied_operations == []


def test_cached_skeleton_gives_the_same_crops():
    plain = RandCropByVesseld("image", "label", 6, num_samples=4)
    cached = RandCropByVesseld("image", "label", 6, num_samples=4, skeleton_key="label_skeleton")
    expected = plain.set_random_state(5)(item())
    found = cached.set_random_state(5)(Skeletonized("label")(item()))
    for a, b in zip(expected, found, strict=True):
        assert torch.equal(a["image"], b["image"])


def test_missing_keys_are_an_error_unless_allowed():
    with pytest.raises(KeyError, match="other"):
        RandCropByVesseld(["image", "other"], "label", 6)(item())
    crops = RandCropByVesseld(["image", "other"], "label", 6, allow_missing_keys=True)(item())
    assert "other" not in crops[0]
    with pytest.raises(KeyError, match="nothing"):
        RandCropByVesseld("image", "nothing", 6)(item())
