"""Voxels that do not count: they must change nothing, and not move the skeleton of the others."""

import pytest
import torch
from monai.losses import FocalLoss
from torch import nn

from cldice_monai.losses import (
    ClDiceDeepSupervisionLoss,
    CompoundclDiceLoss,
    SoftclDiceLoss,
    SoftDiceclDiceLoss,
)
from cldice_monai.losses._mask_fill import extend_past_mask
from cldice_monai.skeleton import soft_skeleton

LOSSES = [
    SoftclDiceLoss(sigmoid=True),
    SoftDiceclDiceLoss(sigmoid=True),
    CompoundclDiceLoss(nn.BCEWithLogitsLoss(), sigmoid=True),
]


def half_mask(label):
    mask = torch.ones_like(label)
    mask[:, :, label.shape[2] // 2 :] = 0
    return mask


def value_and_gradient(loss, logits, *args, **kwargs):
    logits = logits.clone().requires_grad_()
    value = loss(logits, *args, **kwargs)
    return value.detach(), torch.autograd.grad(value, logits)[0]


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_what_stands_under_the_mask_changes_nothing(tube, n_dims, loss):
    torch.manual_seed(0)
    label = tube(n_dims, 16, 3)
    mask = half_mask(label)
    logits = torch.randn(label.shape)
    other = torch.where(mask == 1, logits, 5 * torch.randn(label.shape))
    first = value_and_gradient(loss, logits, label, mask=mask)
    second = value_and_gradient(loss, other, label, mask=mask)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert (first[1][mask == 0] == 0).all()
    assert first[1].abs().sum() > 0
    relabelled = torch.where(mask == 1, label, 1 - label)
    assert torch.equal(value_and_gradient(loss, logits, relabelled, mask=mask)[0], first[0])


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("radius", [2, 4, 6])
def test_masking_half_of_a_thick_tube_leaves_the_skeleton_of_the_other_half(tube, n_dims, radius):
    label = tube(n_dims, 32, radius)
    mask = half_mask(label)
    iter_ = radius
    whole = soft_skeleton(label, iter_)
    emptied = soft_skeleton(label * mask, iter_)
    filled = soft_skeleton(extend_past_mask(label * mask, mask == 1, iter_ + 2), iter_)
    assert torch.equal(filled * mask, whole * mask)
    assert not torch.equal(emptied * mask, whole * mask)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_a_perfect_prediction_stays_perfect_under_a_mask(tube, n_dims):
    label = tube(n_dims, 24, 4)
    assert SoftclDiceLoss(4)(label, label, mask=half_mask(label)).item() < 1e-5
    assert SoftclDiceLoss(4)(label, label, mask=torch.zeros_like(label)).item() == 0


@pytest.mark.parametrize("n_dims", [2, 3])
def test_false_vessels_count_outside_the_mask_only(tube, n_dims):
    label, false = tube(n_dims, 24, 1, centre=6), tube(n_dims, 24, 1, centre=18)
    prediction = torch.maximum(label, false)
    assert SoftclDiceLoss()(prediction, label) > 0.3
    assert SoftclDiceLoss()(prediction, label, mask=1 - false).item() < 1e-5


@pytest.mark.parametrize("n_dims", [2, 3])
def test_ignore_index_equals_the_mask_it_stands_for(tube, n_dims):
    torch.manual_seed(0)
    vessel = tube(n_dims, 16, 3)
    mask = half_mask(vessel)
    logits = torch.randn((1, 2, *vessel.shape[2:]))
    options = {"softmax": True, "to_onehot_y": True, "include_background": False}
    for ignored in (255, -1):
        label = torch.where(mask == 1, vessel, float(ignored))
        by_index = SoftDiceclDiceLoss(ignore_index=ignored, **options)
        got = value_and_gradient(by_index, logits, label)
        expected = value_and_gradient(SoftDiceclDiceLoss(**options), logits, vessel, mask=mask)
        torch.testing.assert_close(got, expected)


def test_ignore_index_in_a_single_channel():
    label = torch.zeros(1, 1, 12, 12)
    label[..., 5, :] = 1
    label[..., 6:] = torch.where(label[..., 6:] == 1, 2.0, label[..., 6:])
    prediction = torch.rand(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    loss = SoftclDiceLoss(ignore_index=2)
    altered = torch.where(label == 2, 0.5, prediction)
    assert torch.equal(loss(prediction, label), loss(altered, label))


def test_the_base_of_a_compound_is_the_mean_over_what_counts():
    torch.manual_seed(0)
    logits, label = torch.randn(1, 1, 8, 8), (torch.rand(1, 1, 8, 8) > 0.5).float()
    mask = half_mask(label)
    loss = CompoundclDiceLoss(nn.BCEWithLogitsLoss(), alpha=0, sigmoid=True)
    expected = nn.BCEWithLogitsLoss()(logits[:, :, :4], label[:, :, :4])
    torch.testing.assert_close(loss(logits, label, mask=mask), expected)
    entropy = CompoundclDiceLoss(nn.CrossEntropyLoss(), alpha=0, softmax=True, to_onehot_y=True)
    two = torch.cat([-logits, logits], dim=1)
    got = entropy(two, label, mask=mask)
    expected = nn.CrossEntropyLoss()(two[:, :, :4], label[:, 0, :4].long())
    torch.testing.assert_close(got, expected)


BASES = [
    (nn.CrossEntropyLoss(), {}),
    (nn.CrossEntropyLoss(weight=torch.tensor([0.1, 5.0])), {}),
    (nn.CrossEntropyLoss(weight=torch.tensor([0.1, 5.0]), label_smoothing=0.2), {}),
    (nn.CrossEntropyLoss(ignore_index=1), {}),
    (nn.CrossEntropyLoss(reduction="sum"), {}),
    (nn.CrossEntropyLoss(reduction="none"), {}),
    (nn.BCEWithLogitsLoss(reduction="sum"), {}),
    (nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)), {}),
    (nn.MSELoss(), {"include_background": False}),
    (FocalLoss(to_onehot_y=True), {}),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("base", "options"), BASES, ids=str)
def test_a_mask_of_ones_is_no_mask_for_the_base_of_a_compound(base, options, reduction):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((3, 2, 8, 8), generator=generator)
    label = torch.randint(2, (3, 1, 8, 8), generator=generator)
    loss = CompoundclDiceLoss(
        base, 0.0, softmax=True, to_onehot_y=True, reduction=reduction, **options
    )
    expected = loss(logits, label)
    for n_channels in (1, 2):
        got = loss(logits, label, mask=torch.ones(3, n_channels, 8, 8))
        torch.testing.assert_close(got, expected)


def test_class_weights_of_a_masked_cross_entropy_divide_by_the_weights_that_count():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((2, 2, 8, 8), generator=generator)
    label = torch.randint(2, (2, 1, 8, 8), generator=generator)
    base = nn.CrossEntropyLoss(weight=torch.tensor([0.1, 5.0]))
    loss = CompoundclDiceLoss(base, 0.0, softmax=True, to_onehot_y=True)
    expected = base(logits[:, :, :4], label[:, 0, :4])
    torch.testing.assert_close(loss(logits, label, mask=half_mask(label)), expected)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("base", [nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss(), nn.MSELoss()])
def test_without_reduction_the_items_of_a_compound_are_independent(base, masked):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((3, 2, 8, 8), generator=generator)
    label = torch.randint(2, (3, 1, 8, 8), generator=generator)
    options = {"mask": half_mask(label)} if masked else {}
    loss = CompoundclDiceLoss(base, softmax=True, to_onehot_y=True, reduction="none")
    values = loss(logits, label, **options)
    assert values.shape == (3, 2, 1, 1)
    altered = logits.clone()
    altered[1] += torch.randn((2, 8, 8), generator=generator)
    other = loss(altered, label, **options)
    assert torch.equal(values[[0, 2]], other[[0, 2]])
    assert not torch.equal(values[1], other[1])


def test_a_base_without_values_a_voxel_cannot_be_masked():
    loss = CompoundclDiceLoss(lambda x, y: (x - y).mean(), sigmoid=True)
    x = torch.zeros(1, 1, 8, 8)
    with pytest.raises(ValueError, match="mask and ignore_index need a base_loss"):
        loss(x, x, mask=x)


def test_a_mask_of_another_shape_is_refused():
    x = torch.zeros(1, 1, 8, 8)
    with pytest.raises(ValueError, match="mask must have the shape"):
        SoftclDiceLoss()(x, x, mask=torch.ones(1, 1, 8, 7))


@pytest.mark.parametrize("junk", [5.0, -3.0, float("nan"), float("inf")])
@pytest.mark.parametrize("loss_class", [SoftclDiceLoss, SoftDiceclDiceLoss])
@pytest.mark.parametrize("act", [None, "sigmoid", "softmax"])
@pytest.mark.parametrize("n_mask", [1, 2])
def test_junk_under_the_mask_changes_nothing(tube, junk, loss_class, act, n_mask):
    label = tube(2, 16, 3)
    label = torch.cat([1 - label, label], dim=1)
    mask = half_mask(label)[:, :n_mask]
    input = torch.rand(label.shape, generator=torch.Generator().manual_seed(0))
    loss = loss_class(**({} if act is None else {act: True}))
    expected = value_and_gradient(loss, input, label, mask=mask)
    altered, relabelled = (torch.where(mask == 1, x, junk) for x in (input, label))
    got = value_and_gradient(loss, altered, relabelled, mask=mask)
    assert torch.equal(got[0], expected[0])
    assert torch.equal(got[1], expected[1])
    assert got[1].abs().sum() > 0


def test_junk_class_indices_under_the_mask_are_not_encoded(tube):
    label = tube(2, 16, 3)
    mask = half_mask(label)
    logits = torch.randn((1, 2, 16, 16), generator=torch.Generator().manual_seed(0))
    loss = SoftDiceclDiceLoss(to_onehot_y=True, softmax=True)
    expected = loss(logits, label, mask=mask)
    for junk in (77.0, -1.0, float("nan")):
        assert torch.equal(loss(logits, torch.where(mask == 1, label, junk), mask=mask), expected)


def test_a_mask_of_one_channel_leaves_the_softmax_of_the_others_alone():
    # Channel 0 does not count anywhere; its logit still decides the probability of channel 1.
    logits = torch.tensor([2.0, 0.0])[None, :, None, None].expand(1, 2, 4, 4)
    label = torch.ones(1, 2, 4, 4)
    mask = torch.tensor([0, 1])[None, :, None, None].expand(1, 2, 4, 4)
    loss = SoftDiceclDiceLoss(softmax=True, alpha=0.0, reduction="none")
    probability = 1 / (1 + torch.e**2)
    expected = 1 - 2 * probability / (1 + probability)
    assert loss(logits, label, mask=mask)[0, 1].item() == pytest.approx(expected, abs=1e-4)


def test_junk_under_the_mask_of_a_cached_skeleton_is_left_out(tube):
    label = tube(2, 16, 3)
    mask = half_mask(label)
    cached = torch.where(mask == 1, soft_skeleton(label), float("nan"))
    assert SoftclDiceLoss()(label, label, mask=mask, target_skeleton=cached).item() < 1e-5


@pytest.mark.parametrize("ignored", [0, 1, 255])
def test_boolean_one_hot_labels_can_be_ignored(tube, ignored):
    label = tube(2, 16, 3)
    label = torch.cat([1 - label, label], dim=1)
    label[..., :4] = 0
    logits = torch.randn(label.shape, generator=torch.Generator().manual_seed(0))
    loss = SoftDiceclDiceLoss(softmax=True, ignore_index=ignored)
    assert torch.equal(loss(logits, label.bool()), loss(logits, label))


def test_a_vessel_runs_on_under_the_mask_as_far_as_the_skeleton_can_see(monkeypatch):
    label = torch.zeros(1, 1, 16, 5)
    label[..., 2] = 1
    mask = torch.ones_like(label)
    mask[:, :, 8:] = 0
    seen = []

    def spy(x, *_, **__):
        seen.append(x)
        return x

    # The soft skeleton sees iter_ + 2 = 5 rows past the last of 8 that count.
    monkeypatch.setattr("cldice_monai.losses._skeletons.soft_skeleton", spy)
    SoftclDiceLoss(3)(label, label, mask=mask)
    for x in seen:
        assert x[0, 0, :, 2].tolist() == [1.0] * 13 + [0.0] * 3
    # Others see all of it.
    seen.clear()
    SoftclDiceLoss(3, skeleton=spy)(label, label, mask=mask)
    for x in seen:
        assert x[0, 0, :, 2].tolist() == [1.0] * 16


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("iter_", [0, 3])
def test_a_mask_does_not_move_an_exact_skeleton_either(tube, n_dims, iter_):
    label = tube(n_dims, 32, 8)
    mask = half_mask(label)
    seen = []

    def keep(x):
        seen.append(x)
        return x

    SoftclDiceLoss(iter_, skeleton=keep)(label, label, mask=mask)
    assert torch.equal(seen[0], label)  # the tube runs on to the end of the image
    exact = SoftclDiceLoss(iter_, skeleton="exact", reduction="none")
    other = SoftclDiceLoss(12, skeleton="exact", reduction="none")
    cut = label.clone()
    cut[:, :, 4:10] = 0
    assert exact(cut, label, mask=mask) == other(cut, label, mask=mask)


@pytest.mark.parametrize("n_dims", [2, 3])
def test_a_small_voxel_counts_where_all_that_it_covers_do(n_dims):
    masks = []

    class Recorder(nn.Module):
        def forward(self, _, target, mask):
            masks.append(mask)
            return target.sum()

    label = torch.ones(1, 1, *[8] * n_dims)
    mask = torch.ones_like(label)
    mask[..., 3] = 0  # in the second of four small voxels
    heads = [label, torch.ones(1, 1, *[4] * n_dims)]
    ClDiceDeepSupervisionLoss(Recorder())(heads, label, mask=mask)
    assert masks[1][(0,) * (n_dims + 1)].tolist() == [1, 0, 1, 1]
