import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from skimage.morphology import skeletonize as oracle_skeleton

from cldice_monai.skeleton import skeletonize
from cldice_monai.transforms import Skeletonize, Skeletonized


def test_skeleton_of_a_rod_is_its_middle_line():
    label = np.zeros((1, 9, 9, 15), np.uint8)
    label[0, 3:6, 3:6, 2:13] = 255
    skeleton = Skeletonize()(label)
    across = skeleton[0].sum(axis=2)
    assert set(np.unique(skeleton)) == {0, 1}
    assert across[4, 4] == across.sum() > 5  # nothing beside the middle


def test_each_channel_has_its_own_skeleton():
    label = np.zeros((2, 12, 16), np.uint8)
    label[0, 2:5, 1:15] = 1
    label[1, :, 7:10] = 1
    both = Skeletonize()(label)
    for number in range(2):
        alone = Skeletonize()(label[number : number + 1])
        np.testing.assert_array_equal(both[number], alone[0])
    assert both[0].any()
    assert not np.array_equal(both[0], both[1])


def test_skeleton_of_a_line_agrees_with_scikit_image():
    line = np.zeros((7, 12), np.uint8)
    line[3, 2:10] = 1
    np.testing.assert_array_equal(Skeletonize()(line[None])[0], oracle_skeleton(line > 0))


def test_empty_label_has_an_empty_skeleton():
    assert not Skeletonize()(torch.zeros(1, 6, 6, 6)).any()


@pytest.mark.parametrize("shape", [(8, 8), (1, 1, 4, 4, 4)])
def test_skeleton_of_a_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"label must be \(C, X, Y\) or \(C, X, Y, Z\), got"):
        Skeletonize()(np.ones(shape))


def label():
    array = np.zeros((1, 9, 9, 9), np.uint8)
    array[0, 3:6, 3:6, 1:8] = 255
    return array


def test_skeleton_goes_to_a_key_of_its_own():
    item = Skeletonized("label")({"label": label()})
    np.testing.assert_array_equal(item["label_skeleton"], Skeletonize()(label()))
    np.testing.assert_array_equal(item["label"], label())


def test_skeleton_key_can_be_named():
    item = {"a": label(), "b": label()}
    assert set(Skeletonized(["a", "b"], output_postfix="line")(item)) == {
        "a",
        "b",
        "a_line",
        "b_line",
    }
    assert set(Skeletonized(["a", "b"], output_keys=["c", "d"])(item)) == {"a", "b", "c", "d"}


def test_one_output_key_for_two_keys_is_refused():
    with pytest.raises(ValueError, match=r"output_keys must name one key for each.*give 2"):
        Skeletonized(["a", "b"], output_keys="c")


def plate():
    """A tube of 5 x 15 voxels across, which is round where voxels are three times longer."""
    label = np.zeros((1, 9, 19, 24), np.uint8)
    label[0, 2:7, 2:17, 2:22] = 1
    return label


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
def test_connectivity_and_spacing_reach_the_skeleton(connectivity):
    label = plate()
    ours = Skeletonize(connectivity, (3.0, 1.0, 1.0))(label)[0]
    expected = skeletonize(label[0] > 0, connectivity=connectivity, spacing=(3.0, 1.0, 1.0))
    assert np.array_equal(ours, expected)
    item = Skeletonized("label", connectivity=connectivity, spacing=(3.0, 1.0, 1.0))
    assert np.array_equal(item({"label": label})["label_skeleton"][0], expected)


def test_spacing_of_the_image_is_taken_only_when_asked_for():
    rng = np.random.default_rng(0)
    blob = rng.random((1, 14, 14, 14)) < 0.6
    label = MetaTensor(
        torch.from_numpy(blob.astype(np.uint8)), affine=torch.diag(torch.tensor([0.5, 2.0, 1, 1]))
    )
    plain, physical = (skeletonize(blob[0], spacing=s) for s in (None, (0.5, 2.0, 1.0)))
    assert not np.array_equal(plain, physical)
    assert np.array_equal(Skeletonize()(label)[0], plain)
    assert np.array_equal(Skeletonize(spacing="image")(label)[0], physical)


def test_spacing_of_an_image_without_affine_is_refused():
    with pytest.raises(ValueError, match=r"needs a MetaTensor.*got ndarray"):
        Skeletonize(spacing="image")(plate())


@pytest.mark.parametrize("spacing", [(1.0, -1.0, 1.0), (), "mm", (1.0, np.inf)])
def test_spacing_that_fits_no_image_is_refused_at_once(spacing):
    with pytest.raises(ValueError, match='spacing must be positive numbers, one an axis, "image"'):
        Skeletonize(spacing=spacing)


def test_spacing_with_another_number_of_axes_is_refused():
    with pytest.raises(ValueError, match="spacing must be 3 numbers, one an axis"):
        Skeletonize(spacing=(1.0, 1.0))(plate())


def test_unknown_connectivity_is_refused():
    with pytest.raises(ValueError, match="connectivity must be"):
        Skeletonize("26")


@pytest.mark.parametrize("value", [0.01, float("nan")])
def test_fractions_and_nan_are_refused_because_they_are_no_label(value):
    with pytest.raises(ValueError, match="label must hold whole numbers"):
        Skeletonize()(np.full((1, 5, 9), value, np.float32))
