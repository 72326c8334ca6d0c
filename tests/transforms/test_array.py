import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from skimage.morphology import skeletonize as oracle_skeleton

from cldice_monai.transforms import (
    BinarizeLabel,
    FillNonFinite,
    ScaleIntensityCutoff,
    Skeletonize,
)

AFFINE = torch.diag(torch.tensor([0.5, 0.5, 5.0, 1.0], dtype=torch.float64))


def containers(array):
    tensor = torch.from_numpy(array)
    return [array, tensor, MetaTensor(tensor, affine=AFFINE, meta={"filename_or_obj": "a.nii"})]


def ramp(shape=(1, 5, 4, 3)):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize("img", containers(ramp()), ids=["numpy", "tensor", "metatensor"])
@pytest.mark.parametrize(
    ("transform", "dtype"),
    [
        (ScaleIntensityCutoff(), "float32"),
        (FillNonFinite(), "float32"),
        (BinarizeLabel(), "uint8"),
        (Skeletonize(), "uint8"),
    ],
)
def test_container_shape_and_metadata_are_kept(img, transform, dtype):
    result = transform(img)
    assert type(result) is type(img)
    assert result.shape == img.shape
    assert str(result.dtype).removeprefix("torch.") == dtype
    if isinstance(img, MetaTensor):
        assert torch.equal(result.affine, AFFINE)
        assert result.meta["filename_or_obj"] == "a.nii"


def test_each_channel_is_scaled_by_itself():
    image = np.stack([ramp((5, 1)), 1000 + 3 * ramp((5, 1))])
    scaled = ScaleIntensityCutoff(1.0)(image)
    np.testing.assert_allclose(scaled[0], scaled[1])
    np.testing.assert_allclose(scaled[1, :, 0], [0, 0.25, 0.5, 0.75, 1])


def test_each_channel_can_have_its_cut_off():
    image = np.stack([ramp((5, 1)), ramp((5, 1))])
    scaled = ScaleIntensityCutoff([1.0, 0.5])(image)
    np.testing.assert_allclose(scaled[0, :, 0], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(scaled[1, :, 0], [0, 0.5, 1, 1, 1])


def test_cut_off_of_one_equals_plain_scaling():
    from monai.transforms import ScaleIntensity

    image = np.random.default_rng(0).normal(size=(2, 6, 6, 6)).astype(np.float32)
    expected = ScaleIntensity(minv=0, maxv=1, channel_wise=True)(image)
    np.testing.assert_allclose(ScaleIntensityCutoff(1.0)(image), expected, atol=1e-6)


def test_cut_off_equals_scaling_by_percentiles():
    from monai.transforms import ScaleIntensityRangePercentiles

    image = np.random.default_rng(0).gamma(2, 100, size=(1, 12, 12, 12)).astype(np.float32)
    oracle = ScaleIntensityRangePercentiles(lower=0, upper=99, b_min=0, b_max=1, clip=True)
    np.testing.assert_allclose(ScaleIntensityCutoff(0.99)(image), oracle(image), atol=1e-5)


@pytest.mark.parametrize("cutoff", [0, -0.1, 1.01, 99, [], [0.9, 0], float("nan")])
def test_cut_off_out_of_range_is_refused(cutoff):
    with pytest.raises(ValueError, match=r"cutoff must be above 0 and at most 1.*0.99"):
        ScaleIntensityCutoff(cutoff)


def test_cut_offs_for_another_number_of_channels_are_refused():
    with pytest.raises(ValueError, match="got 2 for 3 channels; give 3"):
        ScaleIntensityCutoff([0.9, 0.8])(ramp((3, 4, 4)))


def test_half_precision_image_is_scaled_in_float32():
    image = torch.tensor([[0.0, 1.0, 2.0]], dtype=torch.float16)
    scaled = ScaleIntensityCutoff(1.0)(image)
    assert scaled.dtype == torch.float32
    assert scaled.tolist() == [[0.0, 0.5, 1.0]]


@pytest.mark.parametrize("transform", [ScaleIntensityCutoff(), FillNonFinite(), Skeletonize()])
def test_missing_channel_axis_is_refused_with_the_remedy(transform):
    with pytest.raises(ValueError, match=r"x\[None\]"):
        transform(np.ones(5))


@pytest.mark.parametrize("transform", [ScaleIntensityCutoff(), FillNonFinite()])
def test_list_is_refused_by_type(transform):
    with pytest.raises(TypeError, match="numpy array or a tensor, got list"):
        transform([[1.0, 2.0]])


def test_fill_touches_only_what_is_not_finite():
    image = torch.tensor([[1.0, float("nan"), 4.0], [float("-inf"), 9.0, 8.0]])
    assert FillNonFinite()(image).tolist() == [[1, 1, 4], [8, 9, 8]]


def test_fill_hands_finite_and_integer_images_back():
    for image in (torch.ones(1, 2, 2), torch.ones(1, 2, 2, dtype=torch.int16)):
        assert FillNonFinite()(image) is image


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1], [0, 1]),
        ([0, 255], [0, 1]),
        ([0, 95, 255], [0, 1, 1]),
        ([0.0, 0.2, 1.0], [0, 1, 1]),
        ([-1.0, 0.0, 3.0], [0, 0, 1]),
        ([np.nan, 2.0], [0, 1]),
    ],
)
def test_vessel_is_every_value_above_zero(values, expected):
    label = np.array([values])
    assert BinarizeLabel()(label).tolist() == [expected]
    assert BinarizeLabel()(torch.from_numpy(label)).tolist() == [expected]


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
