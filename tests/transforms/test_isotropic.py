import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.data.utils import affine_to_spacing
from monai.transforms import Compose, Invertd, Spacing
from scipy import ndimage

from cldice_monai.data.synthetic import generate_vessels
from cldice_monai.topology import betti_numbers
from cldice_monai.transforms import ResampleToIsotropic, ResampleToIsotropicd
from cldice_monai.transforms.label_grid import resample_label


def oblique(spacing=(0.4, 0.7, 2.0)):
    """An affine that is turned about two axes, flipped and moved."""
    a, b = 0.3, -0.2
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    turn = turn @ np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(np.array(spacing) * [1, -1, 1])
    affine[:3, 3] = [-12.5, 3.25, 100]
    return torch.from_numpy(affine)


def smooth_image(shape=(20, 18, 9), spacing=(0.4, 0.7, 2.0)):
    x, y, z = np.meshgrid(*(np.arange(n) * s for n, s in zip(shape, spacing, strict=True)))
    field = np.sin(x / 3) + np.cos(y / 4) + z / 10
    return torch.from_numpy(np.ascontiguousarray(field.transpose(1, 0, 2))[None]).float()


@pytest.mark.parametrize(("spacing", "side"), [("finest", 0.4), ("coarsest", 2.0), (0.9, 0.9)])
def test_voxels_get_equal_sides_and_the_axes_keep_their_direction(spacing, side):
    image = MetaTensor(smooth_image(), affine=oblique())
    result = ResampleToIsotropic(spacing)(image)
    assert np.allclose(affine_to_spacing(result.affine), side)
    old, new = (a[:3, :3] / a[:3, :3].norm(dim=0) for a in (image.affine, result.affine))
    assert torch.allclose(old, new, atol=1e-6)
    expected = Spacing((side,) * 3)(image)
    torch.testing.assert_close(result.as_tensor(), expected.as_tensor(), atol=1e-5, rtol=0)
    torch.testing.assert_close(result.affine, expected.affine, atol=1e-12, rtol=0)


@pytest.mark.parametrize("spacing", ["finest", "coarsest", 0.9])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "label"])
def test_inverse_gives_shape_and_affine_back_exactly(spacing, mode):
    image = MetaTensor(smooth_image(), affine=oblique(), meta={"filename_or_obj": "a.nii"})
    resample = ResampleToIsotropic(spacing, mode)
    there = resample(image)
    assert [entry["class"] for entry in there.applied_operations] == ["ResampleToIsotropic"]
    back = resample.inverse(there)
    assert back.shape == image.shape
    assert torch.equal(back.affine, image.affine)
    assert back.applied_operations == []
    assert back.meta["filename_or_obj"] == "a.nii"


def test_image_returns_nearly_unchanged_from_a_finer_grid():
    image = MetaTensor(smooth_image(), affine=oblique())
    resample = ResampleToIsotropic("finest")
    back = resample.inverse(resample(image))
    assert (back - image).abs().max() < 0.02  # of a range of about 4


def test_label_that_comes_back_from_a_finer_grid_is_whole():
    label = torch.from_numpy(generate_vessels((32, 32, 32), seed=0).label[None])
    label = MetaTensor(label, affine=oblique((1.0, 1.0, 2.0)))
    resample = ResampleToIsotropic("finest", "label")
    there = resample(label)
    assert there.dtype == torch.uint8
    assert there.shape == (1, 32, 32, 63)
    back = resample.inverse(there)
    assert bool((back >= label).all())
    assert (back != label).float().mean() < 0.03


def runs_through(mask):
    """One piece that reaches from the first plane to the last."""
    return betti_numbers(mask)[0] == 1 and bool(mask.any(axis=(1, 2)).all())


@pytest.mark.parametrize("side", [1.3, 2.0, 2.7, 4.0])
def test_one_voxel_vessel_is_not_broken_where_monai_breaks_it(side):
    line = np.zeros((1, 40, 40, 40), np.uint8)
    for t in range(40):
        line[0, t, 3 + 3 * t // 4, 20 + round(5 * np.sin(t / 6))] = 1
    label = MetaTensor(torch.from_numpy(line), affine=torch.eye(4, dtype=torch.float64))
    assert runs_through(line[0])
    ours = ResampleToIsotropic(side, "label")(label)
    monai = Spacing((side,) * 3, mode="nearest")(label)
    assert ours.shape == monai.shape
    assert torch.equal(ours.affine, monai.affine)
    assert runs_through(ours[0].numpy())
    assert not runs_through(monai[0].numpy().astype(bool))


@pytest.mark.parametrize("spacing", [(0.5, 0.5, 2.0), (1.0, 2.0, 0.7)])
@pytest.mark.parametrize("side", ["finest", "coarsest", 1.0, 1.6])
def test_no_component_falls_apart_or_is_lost(spacing, side):
    label = generate_vessels((40, 40, 40), seed=3).label
    affine = torch.diag(torch.tensor([*spacing, 1.0], dtype=torch.float64))
    pieces, n = ndimage.label(label, structure=np.ones((3, 3, 3)))
    assert n > 3
    for number in range(1, n + 1):
        alone = torch.from_numpy((pieces == number).astype(np.uint8)[None])
        there = ResampleToIsotropic(side, "label")(MetaTensor(alone, affine=affine))
        assert betti_numbers(there[0].numpy())[0] == 1


def test_every_vessel_voxel_lies_in_a_vessel_voxel_of_the_coarser_grid():
    rng = np.random.default_rng(0)
    old = rng.random((1, 12, 15)) < 0.1
    label = MetaTensor(torch.from_numpy(old.astype(np.uint8)), affine=torch.eye(4))
    affine = torch.tensor([[2.5, 0, 0.6], [0, 3.0, 1.0], [0, 0, 1]], dtype=torch.float64)
    found = resample_label(label, affine, (5, 5))[0].numpy()
    expected = np.zeros((5, 5), np.uint8)
    for x, y in np.argwhere(old[0]):  # the nearest centre, by brute force; the border takes more
        row = np.argmin([abs(2.5 * i + 0.6 - x) for i in range(5)])
        column = np.argmin([abs(3.0 * j + 1.0 - y) for j in range(5)])
        expected[row, column] = 1
    assert np.array_equal(found, expected)


def test_isotropic_image_stays_as_it_is():
    image = MetaTensor(torch.rand(1, 6, 7, 8), affine=torch.diag(torch.tensor([2.0, 2, 2, 1])))
    assert torch.equal(ResampleToIsotropic()(image).as_tensor(), image.as_tensor())
    label = MetaTensor((image > 0.5).as_tensor(), affine=image.affine)
    assert torch.equal(ResampleToIsotropic(mode="label")(label).as_tensor(), label.as_tensor())


def test_two_dimensional_images_are_resampled():
    affine = torch.diag(torch.tensor([0.5, 1.0, 1.0, 1.0], dtype=torch.float64))
    image = MetaTensor(torch.rand(1, 9, 8), affine=affine)
    resample = ResampleToIsotropic("coarsest", "label")
    assert resample(image).shape == (1, 5, 8)
    assert resample.inverse(resample(image)).shape == (1, 9, 8)


@pytest.mark.parametrize(("side", "n_voxels"), [(0.8, 20), (2.2, 40)])
def test_thin_label_comes_back_whole_and_thicker_only_from_coarser_voxels(side, n_voxels):
    line = torch.zeros(1, 20, 20, 20, dtype=torch.uint8)
    line[0, 9, :, 7] = 1
    affine = torch.diag(torch.tensor([1.0, 1.0, 3.0, 1.0], dtype=torch.float64))
    label = MetaTensor(line, affine=affine)
    resample = ResampleToIsotropic(side, "label")
    back = resample.inverse(resample(label))
    assert (int(back.sum()), bool((back >= label).all())) == (n_voxels, True)


def test_sheared_label_keeps_its_axes():
    affine = torch.eye(4, dtype=torch.float64)
    affine[0, 1], affine[2, 2] = 0.4, 3.0
    label = MetaTensor(torch.zeros(1, 6, 6, 6), affine=affine)
    label[0, 2] = 1
    resample = ResampleToIsotropic(1.0, "label")
    there = resample(label)
    assert np.allclose(affine_to_spacing(there.affine), 1.0)
    assert (there > 0).any(dim=1).all()  # the sheet is still one right across
    assert torch.equal(resample.inverse(there).as_tensor(), label.as_tensor())


def test_label_is_not_turned_by_resampling_it():
    turned = torch.eye(4, dtype=torch.float64)
    turned[0, 1] = 0.4
    label = MetaTensor(torch.ones(1, 6, 6, 6), affine=torch.eye(4))
    with pytest.raises(ValueError, match='sheared; resample it with mode "nearest"'):
        resample_label(label, turned, (6, 6, 6))


@pytest.mark.parametrize("img", [np.ones((1, 4, 4)), torch.ones(1, 4, 4)])
def test_image_that_does_not_know_its_voxel_size_is_refused(img):
    with pytest.raises(ValueError, match="must be a MetaTensor, which knows its voxel size"):
        ResampleToIsotropic()(img)


@pytest.mark.parametrize("spacing", [0, -1.0, "fine", float("nan")])
def test_spacing_that_does_not_exist_is_refused(spacing):
    with pytest.raises(ValueError, match="spacing must be a positive number of mm"):
        ResampleToIsotropic(spacing)


def test_mode_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match='mode must be "bilinear", "nearest" or "label"'):
        ResampleToIsotropic(mode="cubic")


def item():
    label = torch.zeros(1, 20, 20, 8, dtype=torch.uint8)
    label[0, 9, 9] = label[0, 4, :, 3] = 1
    affine = oblique((0.5, 0.5, 2.0))
    return {
        "image": MetaTensor(100.0 * label, affine=affine),
        "label": MetaTensor(label, affine=affine),
    }


def test_dictionary_form_resamples_image_and_label_to_one_grid_and_back():
    resample = ResampleToIsotropicd(["image", "label"], 1.0, mode=["bilinear", "label"])
    steps = Compose([resample])
    there = steps(item())
    assert there["image"].shape == there["label"].shape == (1, 10, 10, 15)
    assert torch.equal(there["image"].affine, there["label"].affine)
    back = steps.inverse(there)
    for key in ("image", "label"):
        assert back[key].shape == (1, 20, 20, 8)
        assert torch.equal(back[key].affine, item()[key].affine)


@pytest.mark.parametrize(("orig", "nearest"), [("image", True), ("label", False)])
def test_prediction_is_brought_back_by_monai_s_invertd(orig, nearest):
    resample = ResampleToIsotropicd(["image", "label"], "finest", mode=["bilinear", "label"])
    there = resample(item())
    there["pred"] = MetaTensor((there["image"] > 50).to(torch.uint8).as_tensor())
    invert = Invertd("pred", transform=resample, orig_keys=orig, nearest_interp=nearest)
    mask = invert(there)["pred"]
    assert mask.shape == (1, 20, 20, 8)
    assert torch.equal(mask.affine, item()["image"].affine)
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert bool((mask >= item()["label"]).all())


def test_missing_key_is_an_error_unless_allowed():
    with pytest.raises(KeyError, match="other"):
        ResampleToIsotropicd(["image", "other"])(item())
    assert "other" not in ResampleToIsotropicd(["image", "other"], allow_missing_keys=True)(item())


@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_grid_does_not_hang_on_the_digits_that_a_file_leaves(degrees: float):
    turn = np.radians(degrees)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    affine[:3, :3] @= np.diag([0.001, 0.001, 0.005])
    affine[:3, 3] = [3.0, -2.0, 1.0]
    resample = ResampleToIsotropic(0.002)
    for number_type in (np.float32, np.float64):
        stack = MetaTensor(torch.rand(1, 9, 9, 14), affine=affine.astype(number_type))
        result = resample(stack)
        # 13 steps of 5 um are 32.5 of 2 um: 33.5 voxels, and half of one goes to the even number
        assert result.shape == (1, 5, 5, 34)
        assert np.allclose(result.affine[:3, 3], affine[:3, 3])
        assert np.allclose(result[0, :, :, 0], stack[0, ::2, ::2, 0], atol=1e-4)
