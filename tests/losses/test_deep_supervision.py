"""Deep supervision: MONAI's, but for the labels of the lower levels."""

import pytest
import torch
from monai.losses import DeepSupervisionLoss, DiceCELoss, DiceLoss
from torch import nn

from cldice_monai.losses import ClDiceDeepSupervisionLoss, SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.topology.label_downsampling import downsample_label


def line(n_dims, size=32, row=20):
    label = torch.zeros((1, 1) + (size,) * n_dims)
    label[(0, 0, slice(None)) + (row,) * (n_dims - 1)] = 1
    return label


def heads_of(label, factors=(1, 2, 4, 8)):
    return [downsample_label(label, [n // f for n in label.shape[2:]]) for f in factors]


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("row", [19, 20, 21])
def test_a_thin_line_reaches_every_level(n_dims, row):
    label = line(n_dims, row=row)
    heads = [30 * head - 15 for head in heads_of(label)]
    loss = ClDiceDeepSupervisionLoss(SoftDiceclDiceLoss(sigmoid=True))
    assert loss(heads, label).item() < 1e-2
    lost = [heads[0]] + [torch.full_like(head, -15) for head in heads[1:]]
    assert loss(lost, label).item() > 0.5 * (0.5 + 0.25 + 0.125)


@pytest.mark.parametrize("mode", ["same", "exp", "two"])
@pytest.mark.parametrize("weights", [None, [1.0, 0.3, 0.2]])
def test_at_full_size_it_is_monai(mode, weights):
    generator = torch.Generator().manual_seed(0)
    heads = [torch.randn(1, 1, 12, 12, generator=generator) for _ in range(3)]
    label = (torch.rand(1, 1, 12, 12, generator=generator) > 0.5).float()
    inner = SoftDiceclDiceLoss(sigmoid=True)
    ours = ClDiceDeepSupervisionLoss(inner, mode, weights)
    theirs = DeepSupervisionLoss(inner, mode, weights)
    for given in (heads, heads[0]):
        torch.testing.assert_close(ours(given, label), theirs(given, label))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_class_indices_are_encoded_before_they_are_shrunk(dtype):
    label = line(2, row=9) + 2 * line(2, row=11)
    encoded = torch.cat([(label == i).float() for i in range(3)], dim=1)
    heads = [20 * encoded - 10, 20 * heads_of(encoded, (4,))[0] - 10]
    heads[1][:, 0] = 10 - 20 * heads_of((label > 0).float(), (4,))[0][:, 0]
    inner = SoftclDiceLoss(sigmoid=True, to_onehot_y=True)
    assert ClDiceDeepSupervisionLoss(inner)(heads, label.to(dtype)).item() < 1e-2


def test_a_mask_is_shrunk_with_its_label():
    label = line(2)
    mask = torch.ones_like(label)
    mask[..., 16:] = 0
    loss = ClDiceDeepSupervisionLoss(SoftclDiceLoss(sigmoid=True))
    heads = [torch.randn_like(head) for head in heads_of(label, (1, 4))]
    altered = [head.clone() for head in heads]
    altered[0][..., 16:] += 3
    altered[1][..., 4:] += 3
    assert torch.equal(loss(heads, label, mask=mask), loss(altered, label, mask=mask))


def test_ignored_class_indices_are_left_out_of_every_level():
    label = line(2, row=8)
    label[..., 16:] = 255
    inner = SoftclDiceLoss(softmax=True, to_onehot_y=True, ignore_index=255)
    loss = ClDiceDeepSupervisionLoss(inner)
    torch.manual_seed(0)
    heads = [torch.randn(1, 2, 32, 32), torch.randn(1, 2, 8, 8)]
    altered = [head.clone() for head in heads]
    altered[0][..., 16:] += torch.randn(1, 2, 32, 16)
    altered[1][..., 4:] += torch.randn(1, 2, 8, 4)
    torch.testing.assert_close(loss(heads, label), loss(altered, label))


@pytest.mark.parametrize("loss_class", [SoftclDiceLoss, SoftDiceclDiceLoss])
def test_the_form_of_monai_is_given_encoded_labels_once(loss_class):
    label = line(2)
    encoded = torch.cat([1 - label, label], dim=1)
    heads = [torch.randn(1, 2, 32, 32), torch.randn(1, 2, 8, 8)]
    options = {"softmax": True, "monai_compatible": True}
    got = ClDiceDeepSupervisionLoss(loss_class(to_onehot_y=True, **options))(heads, label)
    expected = ClDiceDeepSupervisionLoss(loss_class(**options))(heads, encoded)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("given", ["one-hot", "indices"])
def test_the_background_of_a_softmax_gives_way_to_the_vessel(given):
    label = line(2)
    encoded = torch.cat([1 - label, label], dim=1)
    small = heads_of(label, (1, 2, 4, 8))
    heads = [30 * torch.cat([1 - head, head], dim=1) - 15 for head in small]
    inner = SoftDiceclDiceLoss(softmax=True, to_onehot_y=given == "indices")
    target = encoded if given == "one-hot" else label
    assert ClDiceDeepSupervisionLoss(inner)(heads, target).item() < 1e-3


def test_without_reduction_every_item_and_class_keeps_its_loss():
    label = torch.cat([line(2), line(2, row=7)])
    heads = [torch.randn(2, 1, 32, 32), torch.randn(2, 1, 8, 8)]
    each = ClDiceDeepSupervisionLoss(SoftclDiceLoss(sigmoid=True, reduction="none"))(heads, label)
    mean = ClDiceDeepSupervisionLoss(SoftclDiceLoss(sigmoid=True))(heads, label)
    assert each.shape == (2, 1, 1, 1)
    torch.testing.assert_close(each.mean(), mean)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_heads_of_half_precision_are_converted_for_any_loss(dtype):
    # MONAI's own DiceLoss sums in the dtype it is given.
    label = line(2, size=64)
    head = torch.randn(1, 1, 64, 64).to(dtype)
    got = ClDiceDeepSupervisionLoss(DiceLoss(sigmoid=True))([head], label)
    assert torch.equal(got, DiceLoss(sigmoid=True)(head.float(), label))


def test_junk_under_the_mask_is_not_shrunk_into_the_label():
    label = line(2)
    mask = torch.ones_like(label)
    mask[..., 16:] = 0
    junk = torch.where(mask == 1, label, 77)
    heads = [torch.randn(1, 2, 32, 32), torch.randn(1, 2, 8, 8)]
    loss = ClDiceDeepSupervisionLoss(SoftclDiceLoss(softmax=True, to_onehot_y=True))
    assert torch.equal(loss(heads, junk, mask=mask), loss(heads, label, mask=mask))


def test_ignored_one_hot_voxels_stay_ignored_when_they_are_shrunk():
    label = line(2)
    encoded = torch.cat([1 - label, label], dim=1)
    encoded[..., 16:] = 0
    heads = [torch.randn(1, 2, 32, 32), torch.randn(1, 2, 8, 8)]
    altered = [head.clone() for head in heads]
    altered[0][..., 16:] += torch.randn(1, 2, 32, 16)
    altered[1][..., 4:] += torch.randn(1, 2, 8, 4)
    loss = ClDiceDeepSupervisionLoss(SoftclDiceLoss(softmax=True, ignore_index=255))
    assert torch.equal(loss(heads, encoded), loss(altered, encoded))


def test_gradient_reaches_every_head():
    label = line(3)
    heads = [torch.zeros_like(head).requires_grad_() for head in heads_of(label)]
    ClDiceDeepSupervisionLoss(SoftclDiceLoss(sigmoid=True))(heads, label).backward()
    assert all(head.grad.abs().sum() > 0 for head in heads)


def test_what_cannot_be_used_is_refused():
    x = torch.zeros(1, 2, 8, 8)
    foreign = ClDiceDeepSupervisionLoss(DiceLoss(to_onehot_y=True, softmax=True))
    with pytest.raises(ValueError, match="target must be one-hot"):
        foreign([x, x[..., ::2, ::2]], x[:, :1])
    with pytest.raises(ValueError, match="None"):
        foreign(None, x)
    with pytest.raises(TypeError, match="loss must be"):
        ClDiceDeepSupervisionLoss(lambda x, y: x)


@pytest.mark.parametrize("foreign", [DiceCELoss(softmax=True), nn.CrossEntropyLoss()])
def test_small_labels_for_a_softmax_of_another_package_are_one_hot(foreign):
    line = torch.zeros(1, 1, 16, 16)
    line[..., 5, :] = 1
    label = torch.cat([1 - line, line], dim=1)
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = foreign

        def forward(self, head, target):
            seen.append(target)
            return self.inner(head, target)

    heads = [20 * label - 10, torch.zeros(1, 2, 4, 4)]
    ClDiceDeepSupervisionLoss(Spy())(heads, label)
    assert seen[1].sum(dim=1).unique().tolist() == [1.0]


def test_a_list_without_a_head_is_refused():
    with pytest.raises(ValueError, match="input holds no head"):
        ClDiceDeepSupervisionLoss(SoftDiceclDiceLoss())([], torch.zeros(1, 1, 8, 8))


def test_overlapping_vessels_of_a_sigmoid_keep_their_labels():
    first, second = torch.zeros(2, 1, 1, 16, 16)
    first[..., 5, :] = 1
    second[..., :, 6] = 1
    seen = []
    loss = DiceCELoss(sigmoid=True)
    loss.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[1]))
    heads = [torch.zeros(1, 2, 16, 16), torch.zeros(1, 2, 4, 4)]
    ClDiceDeepSupervisionLoss(loss)(heads, torch.cat([first, second], dim=1))
    assert seen[1][0, 0, 1].tolist() == [1, 1, 1, 1]
    assert seen[1][0, 1, :, 1].tolist() == [1, 1, 1, 1]


def test_class_indices_for_a_loss_of_another_package_are_refused_wherever_its_switch_is():
    heads = [torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 4, 4)]
    with pytest.raises(ValueError, match="must be one-hot for a loss of another package"):
        ClDiceDeepSupervisionLoss(DiceCELoss(softmax=True, to_onehot_y=True))(
            heads, torch.zeros(1, 1, 16, 16)
        )
    ours = ClDiceDeepSupervisionLoss(SoftDiceclDiceLoss(softmax=True, to_onehot_y=True))
    with pytest.raises(ValueError, match="target holds the class 7"):
        ours(heads, torch.full((1, 1, 16, 16), 7))
