"""Arguments, shapes and values: what is taken, and what is refused with which advice."""

import inspect
import re
from functools import partial

import monai.losses
import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.losses import DiceLoss

from cldice_monai import losses
from cldice_monai.losses import SoftclDiceLoss, SoftDiceclDiceLoss
from cldice_monai.skeleton import soft_skeleton
from tests.losses.pairs import some_pair

both = pytest.mark.parametrize("loss_class", [SoftclDiceLoss, SoftDiceclDiceLoss])


@pytest.mark.parametrize("name", ["SoftclDiceLoss", "SoftDiceclDiceLoss"])
def test_the_positional_arguments_are_those_of_monai_in_its_order(name):
    theirs = inspect.signature(getattr(monai.losses, name)).parameters
    ours = [
        key
        for key, value in inspect.signature(getattr(losses, name)).parameters.items()
        if value.kind is value.POSITIONAL_OR_KEYWORD
    ]
    assert ours == list(theirs)


@pytest.mark.parametrize(
    "config",
    [
        {"_target_": "DiceLoss", "sigmoid": True, "squared_pred": True, "jaccard": True},
        {"_target_": "DiceLoss", "sigmoid": True, "smooth_nr": 0, "batch": True, "weight": 2.0},
        {"_target_": "DiceCELoss", "to_onehot_y": True, "softmax": True, "label_smoothing": 0.0},
        {"_target_": "DiceLoss", "softmax": True, "to_onehot_y": True, "soft_label": True,
         "include_background": False, "reduction": "sum", "ignore_index": 255},
    ],
    ids=str,
)  # fmt: skip
def test_a_swapped_target_over_dice_runs(config):
    config = {"loss": {**config, "_target_": "cldice_monai.losses.SoftDiceclDiceLoss"}}
    loss = ConfigParser(config).get_parsed_content("loss")
    n_channels = 2 if config["loss"].get("softmax") else 1
    logits = torch.randn(2, n_channels, 8, 8, 8, requires_grad=True)
    target = (torch.rand(2, 1, 8, 8, 8) > 0.5).to(torch.uint8)
    loss(logits, target).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize(
    ("loss_class", "leftover", "advice"),
    [
        (SoftclDiceLoss, {"squared_pred": True}, "use SoftDiceclDiceLoss"),
        (SoftclDiceLoss, {"jaccard": True}, "use SoftDiceclDiceLoss"),
        (SoftclDiceLoss, {"soft_label": True}, "use SoftDiceclDiceLoss"),
        (SoftDiceclDiceLoss, {"lambda_dice": 1.0}, "alpha"),
        (SoftDiceclDiceLoss, {"lambda_ce": 1.0}, "CompoundclDiceLoss"),
        (SoftDiceclDiceLoss, {"label_smoothing": 0.1}, "CompoundclDiceLoss"),
        (SoftclDiceLoss, {"lambda_ce": 0.5}, "CompoundclDiceLoss"),
        (SoftDiceclDiceLoss, {"gamma": 2.0}, "has no argument 'gamma'"),
        (SoftclDiceLoss, {"gamma": 2.0}, "has no argument 'gamma'"),
    ],
)
def test_leftovers_of_other_losses_are_refused_with_advice(loss_class, leftover, advice):
    with pytest.raises(TypeError, match=re.escape(advice)):
        loss_class(**leftover)


@pytest.mark.parametrize("argument", ["squared_pred", "jaccard"])
def test_dice_options_reach_the_dice_term(argument):
    prediction, label = some_pair()
    loss = SoftDiceclDiceLoss(alpha=0, **{argument: True})(prediction, label)
    expected = monai.losses.DiceLoss(**{argument: True})(prediction, label)
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("batch", [True, False])
def test_the_dice_term_is_monai_dice_also_for_soft_labels(squared, batch):
    prediction, label = some_pair((3, 2, 9, 8))
    options = {"soft_label": True, "squared_pred": squared, "batch": batch, "weight": [1.0, 3.0]}
    for reduction in ("mean", "sum", "none"):
        got = SoftDiceclDiceLoss(alpha=0, reduction=reduction, **options)(prediction, 0.7 * label)
        dice = monai.losses.DiceLoss(reduction=reduction, **options)
        torch.testing.assert_close(got, dice(prediction, 0.7 * label))


@both
@pytest.mark.parametrize("shape", [(3, 2, 9, 8), (2, 3, 7, 6, 5)])
@pytest.mark.parametrize("batch", [True, False])
def test_reduction_none_has_the_shape_of_dice(loss_class, shape, batch):
    prediction, label = some_pair(shape)
    expected = monai.losses.DiceLoss(reduction="none", batch=batch)(prediction, label)
    each = loss_class(reduction="none", batch=batch)(prediction, label)
    assert each.shape == expected.shape
    for reduction in ("mean", "sum"):
        whole = loss_class(reduction=reduction, batch=batch)(prediction, label)
        torch.testing.assert_close(whole, getattr(each, reduction)())


@both
def test_class_weights_multiply_each_class(loss_class):
    prediction, label = some_pair((2, 3, 9, 8))
    each = loss_class(reduction="none")(prediction, label)
    weighted = loss_class(reduction="none", weight=[1.0, 0.0, 2.0])(prediction, label)
    factors = torch.tensor([1.0, 0.0, 2.0]).reshape(1, 3, 1, 1)
    torch.testing.assert_close(weighted, each * factors)
    with pytest.raises(ValueError, match="one value for each of the 3 classes"):
        loss_class(weight=[1.0, 2.0])(prediction, label)
    with pytest.raises(ValueError, match="0 or more"):
        loss_class(weight=[-1.0])


@both
def test_logits_without_an_activation_are_refused(loss_class):
    _, label = some_pair()
    with pytest.raises(ValueError, match=r"sigmoid=True .*softmax=True"):
        loss_class()(8 * label - 4, label)
    with pytest.raises(ValueError, match="other_act must end in"):
        loss_class(other_act=torch.tanh)(8 * label - 4, label)


@both
def test_class_indices_without_encoding_are_refused(loss_class):
    prediction, label = some_pair()
    with pytest.raises(ValueError, match="to_onehot_y=True"):
        loss_class()(prediction, 2 * label)
    with pytest.raises(ValueError, match="to_onehot_y=True"):
        loss_class()(prediction.repeat(1, 2, 1, 1), label)


def test_values_are_looked_at_once_on_an_accelerator_and_always_on_the_cpu():
    from cldice_monai.losses._forward import FirstCalls

    cpu, cuda = torch.device("cpu"), torch.device("cuda:0")
    by_default = FirstCalls(None)
    assert [by_default.wants_check(cpu) for _ in range(3)] == [True] * 3
    assert [by_default.wants_check(cuda) for _ in range(3)] == [True, False, False]
    assert [FirstCalls(True).wants_check(cuda) for _ in range(2)] == [True, True]
    assert not FirstCalls(False).wants_check(cpu)
    prediction, label = some_pair()
    assert SoftclDiceLoss(validate=False)(prediction * 1.5, label).isfinite()


def test_a_nan_is_passed_on_so_that_a_gradient_scaler_can_see_it():
    prediction, label = some_pair()
    prediction[0, 0, 3, 3] = float("nan")
    assert SoftDiceclDiceLoss()(prediction, label).isnan()


@both
def test_deprecated_names_still_work_with_a_warning(loss_class):
    prediction, label = some_pair()
    with pytest.warns(FutureWarning, match="y_pred"), pytest.warns(FutureWarning, match="y_true"):
        got = loss_class()(y_pred=prediction, y_true=label)
    assert torch.equal(got, loss_class()(prediction, label))
    with pytest.raises(TypeError, match="input came twice"):
        loss_class()(prediction, label, y_pred=prediction)
    with pytest.raises(TypeError, match="target is missing"):
        loss_class()(prediction)


@both
@pytest.mark.parametrize(
    "option", [{"softmax": True}, {"to_onehot_y": True}, {"include_background": False}]
)
def test_an_option_that_cannot_act_on_one_channel_warns(loss_class, option):
    prediction, label = some_pair()
    with pytest.warns(UserWarning, match="single channel prediction"):
        got = loss_class(**option)(prediction, label)
    assert got == loss_class()(prediction, label)


@both
def test_leaving_the_background_out_scores_the_other_channels(loss_class):
    prediction, label = some_pair((2, 3, 9, 8))
    got = loss_class(include_background=False)(prediction, label)
    assert torch.equal(got, loss_class()(prediction[:, 1:], label[:, 1:]))


@both
def test_metadata_does_not_change_the_result(loss_class):
    prediction, label = some_pair()
    got = loss_class()(MetaTensor(prediction), MetaTensor(label))
    assert type(got) is torch.Tensor
    assert torch.equal(got, loss_class()(prediction, label))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"iter_": -1}, ValueError),
        ({"iter_": 2.5}, TypeError),
        ({"iter_": True}, TypeError),
        ({"spacing": (1.0,)}, ValueError),
        ({"spacing": (1.0, 0.0, 1.0)}, ValueError),
        ({"spacing": (1.0, 1.0), "skeleton": "exact"}, ValueError),
        ({"spacing": (1.0, 1.0), "skeleton": torch.relu}, ValueError),
        ({"validate": True, "monai_compatible": True}, ValueError),
        ({"iter_": "many"}, ValueError),
        ({"smooth_nr": -1}, ValueError),
        ({"sigmoid": True, "softmax": True}, ValueError),
        ({"other_act": 3}, TypeError),
        ({"skeleton": "hard"}, TypeError),
        ({"sync_ranks": True}, ValueError),
        ({"reduction": "median"}, ValueError),
        ({"monai_compatible": True, "iter_": "auto"}, TypeError),
    ],
)
def test_settings_that_cannot_be_used_are_refused(arguments, error):
    with pytest.raises(error):
        SoftclDiceLoss(**arguments)


@both
@pytest.mark.parametrize(
    ("shape", "label_shape", "words"),
    [
        ((12, 12, 12), (12, 12, 12), "add batch and channel axes"),
        ((1, 1, 8, 8), (1, 1, 8, 9), "target must have the shape"),
        ((1, 2, 8, 8), (1, 3, 8, 8), "target must have the shape"),
        ((2, 1, 8, 8), (1, 1, 8, 8), "target must have the shape"),
    ],
)
def test_shapes_that_do_not_match_are_refused(loss_class, shape, label_shape, words):
    with pytest.raises(ValueError, match=words):
        loss_class()(torch.zeros(shape), torch.zeros(label_shape))


def test_a_cached_label_skeleton_gives_the_same_loss():
    prediction, label = some_pair((2, 3, 9, 8))
    skeleton = soft_skeleton(label, 3)
    for loss in (SoftclDiceLoss(), SoftDiceclDiceLoss(include_background=False)):
        expected = loss(prediction, label)
        assert torch.equal(loss(prediction, label, target_skeleton=skeleton), expected)
    half = SoftclDiceLoss()(prediction, label, target_skeleton=0 * skeleton)
    assert half != SoftclDiceLoss()(prediction, label)
    with pytest.raises(ValueError, match="target_skeleton must have the shape"):
        SoftclDiceLoss()(prediction, label, target_skeleton=skeleton[:, :1])


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_cached_skeleton_of_other_channels_is_refused(channels):
    prediction, label = some_pair((2, 3, 9, 8))
    with pytest.raises(ValueError, match="target_skeleton must have the shape"):
        SoftclDiceLoss()(prediction, label, target_skeleton=torch.zeros(2, channels, 9, 8))


@pytest.mark.parametrize("iter_", [3, "auto"])
def test_spacing_of_another_length_is_refused_in_one_line(iter_):
    x, y = some_pair((1, 1, 8, 8))
    with pytest.raises(ValueError, match="spacing must have one number for each spatial axis"):
        SoftclDiceLoss(iter_, spacing=(1.0, 1.0, 2.0))(x, y)


def test_more_weights_than_classes_are_refused():
    x, y = some_pair((1, 2, 8, 8))
    for loss, channels in (
        (SoftclDiceLoss(weight=[1.0, 2.0]), 1),
        (SoftclDiceLoss(weight=[1.0, 2.0], include_background=False), 2),
        (SoftDiceclDiceLoss(weight=[1.0, 2.0, 3.0]), 2),
    ):
        with pytest.raises(ValueError, match="weight must hold one value for each"):
            loss(x[:, :channels], y[:, :channels])


def test_the_skeletoniser_can_be_replaced():
    label = torch.zeros(1, 1, 11, 20)
    label[..., 3:8, 2:18] = 1
    line = torch.zeros_like(label)
    line[..., 5, 4:16] = 1
    loss = SoftclDiceLoss(skeleton=lambda x: x * line)
    assert loss(label, label).item() == pytest.approx(0, abs=1e-6)
    exact = SoftclDiceLoss(skeleton="exact")
    prediction = (0.9 * label).requires_grad_()
    exact(prediction, label).backward()
    assert exact(label, label).item() == pytest.approx(0, abs=1e-6)
    assert prediction.grad.isfinite().all()
    assert prediction.grad.abs().sum() > 0
    with pytest.raises(ValueError, match="skeleton must return the shape"):
        SoftclDiceLoss(skeleton=lambda x: x[..., 1:])(label, label)


def test_spacing_reaches_the_skeletons_of_the_loss():
    prediction, label = some_pair((1, 1, 12, 12, 12))
    spacing = (3.0, 0.5, 0.5)
    by_hand = SoftclDiceLoss(skeleton=partial(soft_skeleton, iter_=4, spacing=spacing))
    got = SoftclDiceLoss(4, spacing=spacing)(prediction, label)
    assert torch.equal(got, by_hand(prediction, label))
    assert not torch.equal(got, SoftclDiceLoss(4)(prediction, label))


def test_no_gradient_reaches_a_given_skeleton():
    prediction, label = some_pair()
    skeleton = soft_skeleton(label).requires_grad_()
    SoftclDiceLoss()(prediction.requires_grad_(), label, target_skeleton=skeleton).backward()
    assert skeleton.grad is None
    assert prediction.grad.abs().sum() > 0


def lines_with_known_sums():
    """Four voxels in label and prediction, two of them in both, all lines one voxel thick."""
    label, prediction = torch.zeros(1, 1, 12, 12), torch.zeros(1, 1, 12, 12)
    label[..., 3, 2:6] = 1
    prediction[..., 3, 4:6] = 1
    prediction[..., 8, 4:6] = 1
    return prediction, label


def test_each_smoothing_constant_stands_where_it_should():
    pair = lines_with_known_sums()
    plain = {"smooth_nr": 0, "smooth_dr": 0, "smooth": 0}
    # Tprec = Tsens = 2 / 4.
    assert SoftclDiceLoss(**plain)(*pair).item() == pytest.approx(1 - 0.5)
    # (2 + 1) / 4 = .75 both.
    of_nr = SoftclDiceLoss(**plain | {"smooth_nr": 1})(*pair)
    assert of_nr.item() == pytest.approx(1 - 0.75)
    # 2 / (4 + 4) = .25 both.
    of_dr = SoftclDiceLoss(**plain | {"smooth_dr": 4})(*pair)
    assert of_dr.item() == pytest.approx(1 - 0.25)
    # 2 * .25 / (1 + 1).
    of_mean = SoftclDiceLoss(**plain | {"smooth": 1})(*pair)
    assert of_mean.item() == pytest.approx(1 - 0.25)


def test_a_single_class_is_not_weighted_as_in_dice():
    pair = lines_with_known_sums()
    assert torch.equal(DiceLoss(weight=3.0)(*pair), DiceLoss()(*pair))
    assert torch.equal(SoftclDiceLoss(weight=3.0)(*pair), SoftclDiceLoss()(*pair))


def test_an_activation_of_your_own_sees_no_junk_of_channels_that_do_not_count():
    logits = torch.randn(1, 2, 8, 8)
    label = torch.zeros(1, 2, 8, 8)
    label[:, 1, 3] = 1
    mask = torch.ones(1, 1, 8, 8)
    mask[..., :2] = 0
    loss = SoftclDiceLoss(other_act=lambda x: torch.softmax(x, dim=1))
    junk = torch.where(mask == 1, logits, torch.full_like(logits, float("nan")))
    first, second = (x.clone().requires_grad_() for x in (logits, junk))
    values = [loss(x, label, mask=mask) for x in (first, second)]
    assert torch.equal(*values)
    gradients = [torch.autograd.grad(v, x)[0] for v, x in zip(values, (first, second), strict=True)]
    assert torch.equal(*gradients)


def test_faults_of_the_values_are_named_in_one_line():
    pair = torch.zeros(1, 2, 8, 8), torch.full((1, 1, 8, 8), 2)
    with pytest.raises(ValueError, match="target holds the class 2, but input has 2 channels"):
        SoftclDiceLoss(softmax=True, to_onehot_y=True)(*pair)
    SoftclDiceLoss(softmax=True, to_onehot_y=True, ignore_index=2)(*pair)
    one = torch.zeros(1, 1, 8, 8)
    with pytest.raises(ValueError, match="make it binary with target > 0"):
        SoftclDiceLoss()(one, one + 255)
    with pytest.raises(TypeError, match="target must be a tensor, got ndarray"):
        SoftclDiceLoss()(one, one.numpy())
    with pytest.raises(TypeError, match="mask must be a tensor, got list"):
        SoftclDiceLoss()(one, one, mask=[1])
    with pytest.raises(TypeError, match="target_skeleton must be a tensor"):
        SoftclDiceLoss()(one, one, target_skeleton=one.numpy())
    for weight in (float("nan"), float("inf"), -1.0):
        with pytest.raises(ValueError, match="weight must be one value"):
            SoftclDiceLoss(weight=weight)
    for spacing in (2.0, np.array(2.0), torch.tensor(2.0)):
        with pytest.raises(ValueError, match="spacing must be one positive number"):
            SoftclDiceLoss(spacing=spacing)
    with pytest.raises(ValueError, match=r"other_act must end in \[0, 1\]"):
        SoftclDiceLoss(other_act=lambda x: x + 5)(one, one)
    with pytest.raises(TypeError, match="skeleton must return a tensor, got ndarray"):
        SoftclDiceLoss(skeleton=lambda x: x.detach().numpy())(one, one)
    two = torch.zeros(1, 2, 8, 8)
    with pytest.raises(ValueError, match="target > 0, or set to_onehot_y=True"):
        SoftclDiceLoss()(two, two + 255)
    with pytest.raises(ValueError, match="target holds the class nan"):
        SoftclDiceLoss(softmax=True, to_onehot_y=True)(two, one + float("nan"))


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # of torch's tracing
def test_the_exact_skeleton_is_the_same_under_compile(tube):
    label = tube(2, 24, 2)
    prediction = (label * 0.9).requires_grad_()
    loss = SoftclDiceLoss(skeleton="exact")
    compiled = torch.compile(loss, backend="aot_eager")
    value, other = loss(prediction, 1 - label), compiled(prediction, 1 - label)
    assert value.item() == pytest.approx(other.item())
    assert torch.equal(*[torch.autograd.grad(v, prediction)[0] for v in (value, other)])
