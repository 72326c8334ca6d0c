"""The cases that public clDice losses get wrong, each with the outcome it must have."""

import pytest
import torch

from cldice_monai.losses import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.skeleton import soft_skeleton

both_dims = pytest.mark.parametrize("n_dims", [2, 3])


@both_dims
def test_prediction_of_ones_against_a_thin_tube_is_no_minimum(tube, n_dims):
    label = tube(n_dims, 64, 1)
    assert SoftclDiceLoss()(torch.ones_like(label), label) >= 0.5


@pytest.mark.parametrize(
    ("n_dims", "seed"),
    [(2, 0)] + [pytest.param(d, s, marks=pytest.mark.slow) for d in (2, 3) for s in range(4)],
)
def test_free_logits_that_start_as_foreground_find_the_vessel(tube, n_dims, seed):
    size, steps = (64, 400) if n_dims == 2 else (24, 250)
    torch.manual_seed(seed)
    label = tube(n_dims, size, 2)
    logits = (1.5 + 0.1 * torch.randn(label.shape)).requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.1)
    loss = SoftDiceclDiceLoss(iter_=5, alpha=0.5, sigmoid=True)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(logits, label).backward()
        optimizer.step()
    found = (logits > 0).float()
    assert 2 * (found * label).sum() / (found.sum() + label.sum()) >= 0.95


@both_dims
@pytest.mark.parametrize("iter_", [0, 1, 3, 20])
@pytest.mark.parametrize("radius", [1, 4, 6])
def test_a_tube_of_any_thickness_has_a_skeleton_at_every_iter(tube, n_dims, iter_, radius):
    skeleton = soft_skeleton(tube(n_dims, 24, radius), iter_)
    along = skeleton.sum(dim=tuple(range(3, n_dims + 2)))[0, 0]
    assert (along[radius:-radius] >= 1).all()


@both_dims
def test_two_thick_disjoint_tubes_at_a_small_iter_score_as_disjoint(tube, n_dims):
    loss = SoftclDiceLoss(iter_=3)
    first, second = tube(n_dims, 48, 6, centre=10), tube(n_dims, 48, 6, centre=36)
    assert loss(first, second) >= 0.99
    assert loss(first, first) <= 1e-4


@both_dims
def test_one_perfect_and_one_missed_class_average_to_one_half(tube, n_dims):
    first, second = tube(n_dims, 32, 2, centre=8), tube(n_dims, 32, 2, centre=24)
    label = torch.cat([first, second], dim=1)
    prediction = torch.cat([first, torch.zeros_like(second)], dim=1)
    assert SoftclDiceLoss()(prediction, label).item() == pytest.approx(0.5, abs=1e-4)


@both_dims
@pytest.mark.parametrize("n_voxels", [1, 2, 4, 8, 32])
def test_a_missed_vessel_of_any_size_costs_nearly_everything(n_dims, n_voxels):
    label = torch.zeros((1, 1) + (34,) * n_dims)
    label[(0, 0, slice(1, 1 + n_voxels)) + (16,) * (n_dims - 1)] = 1
    assert SoftclDiceLoss()(torch.zeros_like(label), label) >= 0.9
    assert SoftclDiceLoss()(torch.full_like(label, 0.001), label) >= 0.9


@both_dims
@pytest.mark.parametrize(
    "smoothing",
    [{}, {"smooth_nr": 0, "smooth_dr": 0, "smooth": 0}, {"smooth_nr": 0}, {"smooth": 1e-4}],
)
@pytest.mark.parametrize("loss_class", [SoftclDiceLoss, SoftDiceclDiceLoss])
def test_empty_cases(tube, n_dims, smoothing, loss_class):
    loss, full = loss_class(**smoothing), tube(n_dims, 16, 1)
    empty = torch.zeros_like(full)
    assert loss(empty, empty).item() == pytest.approx(0, abs=1e-4)
    assert loss(full, empty).item() == pytest.approx(1, abs=1e-3)
    assert loss(empty, full).item() == pytest.approx(1, abs=1e-3)


@both_dims
def test_no_case_of_empty_masks_has_a_gradient_that_is_not_finite(tube, n_dims):
    full = tube(n_dims, 16, 1)
    empty = torch.zeros_like(full)
    for prediction, label in ((empty, empty), (full, empty), (empty, full), (full, full)):
        prediction = prediction.clone().requires_grad_()
        loss = SoftDiceclDiceLoss(smooth_nr=0, smooth_dr=0, smooth=0)
        (gradient,) = torch.autograd.grad(loss(prediction, label), prediction)
        assert gradient.isfinite().all()


@pytest.mark.parametrize(("n_dims", "size"), [(2, 128), (2, 1024), (3, 64), (3, 128)])
def test_faint_noise_does_not_own_the_skeleton(tube, n_dims, size):
    torch.manual_seed(0)
    label = tube(n_dims, size, 1)
    noisy = (label + 0.02 * torch.rand(label.shape)).clamp(max=1)
    assert SoftclDiceLoss()(noisy, label) <= 0.05


@both_dims
@pytest.mark.parametrize("iter_", [0, 3, 16])
def test_an_all_background_prediction_fails_in_its_foreground(tube, n_dims, iter_):
    foreground = tube(n_dims, 32, 2)
    label = torch.cat([1 - foreground, foreground], dim=1)
    logits = torch.cat([torch.full_like(foreground, 10.0), torch.zeros_like(foreground)], dim=1)
    each = SoftclDiceLoss(iter_, softmax=True, reduction="none")(logits, label)
    assert each[0, 1].item() >= 0.99
    assert SoftclDiceLoss(iter_, softmax=True, include_background=False)(logits, label) >= 0.9


@both_dims
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int64, torch.int16, torch.half])
@pytest.mark.parametrize("loss_class", [SoftclDiceLoss, SoftDiceclDiceLoss])
def test_the_dtype_of_the_target_does_not_matter(tube, n_dims, dtype, loss_class):
    torch.manual_seed(0)
    label = tube(n_dims, 16, 2)
    prediction = torch.rand(label.shape)
    expected = loss_class()(prediction, label)
    assert torch.equal(loss_class()(prediction, label.to(dtype)), expected)


@both_dims
def test_class_indices_of_any_dtype_equal_one_hot_labels(tube, n_dims):
    torch.manual_seed(0)
    foreground = tube(n_dims, 16, 2)
    logits = torch.randn((1, 2, *foreground.shape[2:]))
    loss = SoftDiceclDiceLoss(softmax=True, to_onehot_y=True)
    expected = SoftDiceclDiceLoss(softmax=True)(
        logits, torch.cat([1 - foreground, foreground], dim=1)
    )
    for dtype in (torch.uint8, torch.int64, torch.float32):
        assert torch.equal(loss(logits, foreground.to(dtype)), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("shape", [(1, 1, 96, 96, 96), (1, 1, 512, 512)])
def test_half_precision_is_close_to_full_precision(dtype, shape):
    torch.manual_seed(0)
    label = (torch.rand(shape) > 0.9).float()
    logits = torch.randn(shape) + 2 * label
    loss = SoftDiceclDiceLoss(sigmoid=True)
    expected = loss(logits, label)
    half = logits.to(dtype).requires_grad_()
    got = loss(half, label)
    got.backward()
    assert got.item() == pytest.approx(expected.item(), abs=1e-2)
    assert half.grad.isfinite().all()
    assert half.grad.abs().sum() > 0
    with torch.autocast("cpu", dtype=dtype):
        assert loss(logits, label).item() == pytest.approx(expected.item(), abs=1e-2)


@both_dims
def test_no_gradient_reaches_the_target(tube, n_dims):
    label = tube(n_dims, 16, 2).requires_grad_()
    prediction = torch.full(label.shape, 0.5, requires_grad=True)
    SoftDiceclDiceLoss()(prediction, label).backward()
    assert label.grad is None
    assert prediction.grad.abs().sum() > 0


@both_dims
def test_swapping_two_class_labels_is_noticed(tube, n_dims):
    pair = [tube(n_dims, 32, 2, centre=8), tube(n_dims, 32, 2, centre=24)]
    label, swapped = torch.cat(pair, dim=1), torch.cat(pair[::-1], dim=1)
    assert SoftclDiceLoss()(swapped, label) >= 0.99


@both_dims
def test_items_of_a_batch_are_scored_one_by_one_unless_pooled(tube, n_dims):
    large, small = tube(n_dims, 16, 4), tube(n_dims, 16, 0)
    label = torch.cat([large, small])
    prediction = torch.cat([large, torch.zeros_like(small)])
    assert SoftclDiceLoss()(prediction, label).item() == pytest.approx(0.5, abs=1e-3)
    assert SoftclDiceLoss(batch=True)(prediction, label).item() < 0.4


def test_alpha_weighs_cldice_and_its_complement_dice(tube):
    label = tube(2, 16, 3)
    prediction = 0.5 * tube(2, 16, 1) + 0.1
    cldice = SoftDiceclDiceLoss(alpha=1)(prediction, label)
    dice = SoftDiceclDiceLoss(alpha=0)(prediction, label)
    mixed = SoftDiceclDiceLoss(alpha=0.3)(prediction, label)
    assert torch.equal(cldice, SoftclDiceLoss()(prediction, label))
    assert mixed.item() == pytest.approx(0.7 * dice.item() + 0.3 * cldice.item())


def test_precision_and_sensitivity_are_not_exchanged():
    # A line of 8 voxels, of which the prediction has 4 and, elsewhere, 4 * 3 false ones:
    # Tprec = 4 / 16, Tsens = 4 / 8, clDice = 2 * 1/4 * 1/2 / (3/4) = 1/3.
    label, prediction = torch.zeros(1, 1, 20, 20), torch.zeros(1, 1, 20, 20)
    label[..., 4, 2:10] = 1
    prediction[..., 4, 2:6] = 1
    prediction[..., 10, 2:14] = 1
    assert SoftclDiceLoss()(prediction, label).item() == pytest.approx(2 / 3, abs=1e-4)
    # The other way round Tprec = 1/2 and Tsens = 1/4: the same mean; weights tell them apart.
    prediction[..., 10, 2:14] = 0.5
    # Skeleton 1/2, weight 1/4: Tprec = (4 * 1) / (4 + 12 / 8) = 8/11, Tsens = 4/8.
    expected = 1 - 2 * (8 / 11) * 0.5 / (8 / 11 + 0.5)
    assert SoftclDiceLoss()(prediction, label).item() == pytest.approx(expected, abs=1e-4)


@both_dims
def test_thick_slices_do_not_turn_a_tube_into_a_ribbon(n_dims):
    # Half-axes of a tube of 3 mm in voxels of 3 mm and 0.5 mm: 1 and 6, along the last axis.
    spacing = (3.0, 0.5, 0.5)[:n_dims] if n_dims == 3 else (3.0, 0.5)
    z, y = torch.meshgrid(torch.arange(9) * 3.0, torch.arange(40) * 0.5, indexing="ij")
    for offset in (0.0, 0.7, 1.5):
        section = ((z - 12 - offset) ** 2 + (y - 10) ** 2 <= 9 + 1e-6).float()
        label = section[None, None]
        if n_dims == 3:
            label = section[None, None, ..., None].repeat(1, 1, 1, 1, 30)
        skeleton = soft_skeleton(label, 6, spacing=spacing)
        slices = skeleton[..., 8:22].sum(dim=(2, 3)) if n_dims == 3 else skeleton.sum()
        assert (slices >= 1).all()
        assert (slices <= 2).all()
        assert soft_skeleton(label, 6).sum() > skeleton.sum()


def test_a_gap_in_a_vessel_gets_the_gradient_that_closes_it():
    label = torch.zeros(1, 1, 11, 11, 24)
    label[..., 4:7, 4:7, 2:22] = 1
    logits = 8 * label - 4
    logits[..., 11:13] = -4
    logits.requires_grad_()
    SoftclDiceLoss(iter_=2, sigmoid=True)(logits, label).backward()
    gap = logits.grad[0, 0, 5, 5, 11:13]
    assert (gap < 0).all()
    assert gap.abs().min() > 10 * logits.grad[0, 0, 0, 0].abs().max()


@pytest.mark.parametrize("p", [1e-45, 1e-40, 2e-39, 1e-36, 1e-31])
@pytest.mark.parametrize("loss", [SoftclDiceLoss(smooth_nr=0), SoftDiceclDiceLoss(smooth_nr=0)])
def test_a_vessel_that_is_almost_missed_has_a_finite_gradient(loss, p):
    label = torch.zeros(1, 1, 24, 24)
    label[..., 12, 3:20] = 1
    prediction = p * label
    prediction[..., 4, 3:20] = 0.9
    prediction.requires_grad_()
    value = loss(prediction, label)
    (gradient,) = torch.autograd.grad(value, prediction)
    assert value.item() == pytest.approx(1, abs=1e-6)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("gap", [80.0, 95.0, 100.0, 103.0, 104.0])
def test_a_probability_too_small_for_a_quotient_has_a_finite_gradient(gap):
    logits = torch.zeros(1, 2, 16, 16)
    logits[:, 0] = gap
    logits.requires_grad_()
    target = torch.zeros(1, 2, 16, 16)
    target[:, 0] = 1
    loss = SoftDiceclDiceLoss(softmax=True, smooth_nr=0, smooth_dr=0)(logits, target)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.isfinite()
    assert gradient.isfinite().all()
