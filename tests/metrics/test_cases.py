import math

import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.metrics.cases import binary_channels, mean_of_measured, measure_cases
from cldice_monai.topology import PatchSampler


def test_background_is_the_first_of_several_channels():
    x = torch.zeros(2, 3, 4, 4)
    x[:, 1] = 1
    pred, label = binary_channels(x, x, include_background=False)
    assert pred.shape == label.shape == (2, 2, 4, 4)
    assert pred[:, 0].all()
    assert not pred[:, 1].any()


def test_single_channel_without_background_warns_and_is_measured():
    x = torch.ones(1, 1, 4, 4)
    with pytest.warns(UserWarning, match="include_background=False cannot act"):
        pred, _ = binary_channels(x, x, include_background=False)
    assert pred.shape == (1, 1, 4, 4)
    assert pred.all()


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.bfloat16, torch.float16])
def test_every_dtype_and_meta_tensors_are_accepted(dtype):
    x = MetaTensor(torch.ones(1, 1, 4, 4, 4)).to(dtype)
    figures = measure_cases(
        lambda case: [case.pred.sum() + case.label.sum()], x, x, include_background=True
    )
    assert figures.tolist() == [[[128.0]]]
    assert figures.dtype == torch.float32


def test_input_that_is_not_binary_is_told_how_to_threshold():
    good, bad = torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), 0.3)
    with pytest.raises(ValueError, match=r"y_pred must be binary .* threshold it first"):
        binary_channels(bad, good, include_background=True)
    with pytest.raises(ValueError, match=r"y must be binary"):
        binary_channels(good, bad, include_background=True)
    with pytest.raises(ValueError, match=r"y must be binary .* got NaN"):
        binary_channels(good, good * torch.nan, include_background=True)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"one shape, got \(1, 2, 4, 4\) and \(1, 1, 4, 4\)"):
        binary_channels(torch.zeros(1, 2, 4, 4), torch.zeros(1, 1, 4, 4), include_background=True)
    with pytest.raises(ValueError, match=r"must be \(B, C, H, W\) or \(B, C, H, W, D\)"):
        binary_channels(torch.zeros(4, 4), torch.zeros(4, 4), include_background=True)


def volume(seed, name=None):
    label = (torch.rand(1, 20, 20, generator=torch.Generator().manual_seed(seed)) > 0.5).float()
    return label if name is None else MetaTensor(label, meta={"filename_or_obj": name})


def sums(y_pred, y, sampler):
    """Voxels of prediction and label in each patch, as one figure each."""
    figures = measure_cases(
        lambda case: [*case.pred.sum((1, 2)), *case.label.sum((1, 2))],
        y_pred,
        y,
        include_background=True,
        patches=sampler,
    )
    return figures[:, 0].reshape(len(y), 2, -1)


def test_prediction_and_label_are_cut_at_the_same_places():
    label = volume(0, "/data/a.nii.gz")[None]
    pred, true = sums(label, label, PatchSampler(patch_size=5, n_patches=6))[0]
    assert torch.equal(pred, true)
    assert len(set(true.tolist())) > 1


def test_patches_follow_the_name_of_the_case_not_folder_order_or_prediction():
    sampler = PatchSampler(patch_size=5, n_patches=6)
    one, other = volume(0, "/data/a.nii.gz"), volume(0, "/data/b.nii.gz")
    alone = sums(one[None], one[None], sampler)[0, 1]
    moved = MetaTensor(volume(0), meta={"filename_or_obj": "/elsewhere/a.nii.gz"})
    assert torch.equal(sums(torch.zeros(1, 1, 20, 20), moved[None], sampler)[0, 1], alone)
    assert not torch.equal(sums(other[None], other[None], sampler)[0, 1], alone)
    pair = MetaTensor(
        torch.cat([other[None], one[None]]).as_tensor(),
        meta={"filename_or_obj": ["/data/b.nii.gz", "/data/a.nii.gz"]},
    )
    assert torch.equal(sums(pair, pair, sampler)[1, 1], alone)


def test_without_a_name_the_labels_content_stands_in_for_it():
    sampler = PatchSampler(patch_size=5, n_patches=6)
    label = volume(0)[None]
    first = sums(label, label, sampler)[0, 1]
    assert torch.equal(sums(1 - label, label, sampler)[0, 1], first)
    assert not torch.equal(sums(label, volume(1)[None], sampler)[0, 1], first)


def test_spacing_comes_from_the_labels_metadata():
    seen = []
    affine = torch.diag(torch.tensor([-0.5, 2.0, 3.0, 1.0], dtype=torch.float64))
    label = MetaTensor(torch.ones(1, 4, 4, 4), affine=affine)
    for y in (label[None], torch.ones(1, 1, 4, 4, 4)):
        measure_cases(
            lambda case: [seen.append(case.spacing_mm) or 0.0], y, y, include_background=True
        )
    assert seen == [(0.5, 2.0, 3.0), None]


def test_the_unit_of_the_file_makes_mm_of_its_spacing():
    meta = {"mm_per_unit": 0.001}
    y = MetaTensor(torch.ones(1, 1, 4, 4), affine=2 * torch.eye(4), meta=meta)
    found = []
    measure_cases(lambda c: [found.append(c.spacing_mm) or 0.0], y, y, include_background=True)
    assert found == [pytest.approx((0.002, 0.002))]


def test_the_mean_leaves_out_what_was_not_measured():
    assert mean_of_measured([1.0, math.nan, 2.0]) == 1.5
    assert math.isnan(mean_of_measured([math.nan]))
    assert math.isnan(mean_of_measured([]))


def places(y, **settings):
    """Where the patches of a case lie: the sampler asked for, with the name that it was given."""
    names = []

    class Spy(PatchSampler):
        def starts(self, shape, *, case_id):
            names.append(case_id)
            return super().starts(shape, case_id=case_id)

    sampler = Spy(patch_size=2, n_patches=2)
    measure_cases(lambda _: [0.0], y, y, patches=sampler, **{"include_background": True} | settings)
    return names


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/x/case1/label.nii.gz", "case1/label"),
        ("/x/case2/label.nii", "case2/label"),
        ("/x/case2/Ground_Truth.nii", "case2/Ground_Truth"),
        ("/x/case2/labels/label_0000.nii.gz", "case2/labels/label_0000"),
        ("label.nii.gz", "label"),
        ("/x/labelsTr/scan_0007.nii.gz", "scan_0007"),
        ("/x/labelsTr/scan_0007.nii", "scan_0007"),
    ],
)
def test_a_case_whose_file_is_only_called_label_has_the_name_of_its_folder(file, name):
    y = MetaTensor(torch.ones(1, 1, 4, 4), meta={"filename_or_obj": file})
    assert places(y) == [name]


def test_leaving_the_background_out_does_not_move_the_patches_of_a_case_without_a_name():
    y = torch.zeros(1, 2, 4, 4)
    y[:, 0] = 1
    y[:, 1, 1] = 1
    assert places(y) == places(y, include_background=False)


def test_arrays_and_empty_batches_are_refused():
    x = torch.ones(1, 1, 4, 4)
    with pytest.raises(TypeError, match="y must be a tensor, got ndarray"):
        binary_channels(x, x.numpy(), include_background=True)
    with pytest.raises(ValueError, match="hold no item"):
        measure_cases(lambda _: [0.0], x[:0], x[:0], include_background=True)
