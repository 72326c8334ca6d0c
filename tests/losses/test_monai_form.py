"""monai_compatible=True against MONAI's own losses, over the whole grid of their arguments."""

import itertools
import warnings

import monai.losses
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai import losses

GRID = [
    dict(zip(("include_background", "to_onehot_y", "act", "reduction"), values, strict=True))
    for values in itertools.product(
        [True, False], [True, False], [None, "sigmoid", "softmax", "tanh"], ["mean", "sum", "none"]
    )
]


def outcome(loss_class, arguments, tensors):
    """The value and gradient, or the type of the error."""
    arguments = dict(arguments)
    act = arguments.pop("act")
    if act == "tanh":
        arguments["other_act"] = torch.tanh
    elif act is not None:
        arguments[act] = True
    prediction = tensors[0].clone().requires_grad_()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = loss_class(**arguments)(prediction, tensors[1])
        except Exception as error:
            return type(error)
    gradient = torch.autograd.grad(value.sum(), prediction)[0]
    return value.detach(), gradient, sorted({str(warning.message) for warning in caught})


def assert_same(got, expected, *, gradients):
    if isinstance(expected, type):
        assert got is expected
        return
    assert got[0].shape == expected[0].shape
    torch.testing.assert_close(got[0], expected[0], rtol=1e-6, atol=1e-6)
    if gradients:
        torch.testing.assert_close(got[1], expected[1], rtol=1e-4, atol=1e-6)
    assert got[2] == expected[2]


@pytest.mark.parametrize("name", ["SoftclDiceLoss", "SoftDiceclDiceLoss"])
@pytest.mark.parametrize("arguments", GRID, ids=str)
@pytest.mark.parametrize("spatial", [(9, 8), (7, 6, 8)])
def test_every_combination_gives_what_monai_gives(name, arguments, spatial):
    generator = torch.Generator().manual_seed(0)
    for n_batch, n_channels, one_hot in ((3, 2, True), (3, 2, False), (2, 1, True), (1, 4, False)):
        prediction = torch.randn((n_batch, n_channels, *spatial), generator=generator)
        if arguments["act"] is None:
            prediction = prediction.sigmoid()
        shape = (n_batch, n_channels if one_hot else 1, *spatial)
        high = 2 if one_hot else n_channels
        target = torch.randint(high, shape, generator=generator).float()
        ours = {**arguments, "monai_compatible": True}
        expected = outcome(getattr(monai.losses, name), arguments, (prediction, target))
        got = outcome(getattr(losses, name), ours, (prediction, target))
        assert_same(got, expected, gradients=True)


@pytest.mark.parametrize("name", ["SoftclDiceLoss", "SoftDiceclDiceLoss"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"iter_": 0},
        {"iter_": 7, "smooth_nr": 0.0},
        {"smooth_dr": 0.3, "smooth": 0.01},
        {"smooth": 0},
        {"iter_": -1},
        {"iter_": 2.0},
        {"other_act": 3},
        {"sigmoid": True, "softmax": True},
        {"reduction": "median"},
    ],
    ids=str,
)
def test_constants_and_errors_are_those_of_monai(name, arguments):
    generator = torch.Generator().manual_seed(1)
    tensors = [torch.rand((2, 2, 9, 9), generator=generator) for _ in range(2)]
    arguments = {"act": None, **arguments}
    try:
        expected = outcome(getattr(monai.losses, name), arguments, tensors)
    except Exception as error:
        expected = type(error)
    got = outcome(getattr(losses, name), {**arguments, "monai_compatible": True}, tensors)
    assert_same(got, expected, gradients=True)


@pytest.mark.parametrize("name", ["SoftclDiceLoss", "SoftDiceclDiceLoss"])
def test_metadata_is_left_behind(name):
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand((1, 1, 9, 9), generator=generator) for _ in range(2))
    loss = getattr(losses, name)(monai_compatible=True)
    tagged = MetaTensor(x).requires_grad_()
    value = loss(tagged, MetaTensor(y))
    assert type(value) is torch.Tensor
    assert value.item() == loss(x, y).item()
    value.backward()
    assert tagged.grad.abs().sum() > 0


def test_alpha_outside_its_range_is_the_error_of_monai():
    for alpha in (-0.1, 1.1):
        with pytest.raises(ValueError, match="alpha must be in"):
            losses.SoftDiceclDiceLoss(alpha=alpha, monai_compatible=True)


@pytest.mark.parametrize("shapes", [((1, 2, 8, 8), (1, 3, 8, 8)), ((1, 2, 8, 8), (1, 2, 8))])
@pytest.mark.parametrize("name", ["SoftclDiceLoss", "SoftDiceclDiceLoss"])
def test_shapes_that_do_not_match_are_the_error_of_monai(name, shapes):
    tensors = [torch.zeros(shape) for shape in shapes]
    expected = outcome(getattr(monai.losses, name), {"act": None}, tensors)
    assert isinstance(expected, type)
    got = outcome(getattr(losses, name), {"act": None, "monai_compatible": True}, tensors)
    assert got is expected


@pytest.mark.parametrize(
    "extra",
    [
        {"batch": True},
        {"weight": 2.0},
        {"spacing": (1, 1)},
        {"skeleton": "exact"},
        {"ignore_index": 0},
    ],
)
def test_what_monai_has_not_is_refused_beside_the_switch(extra):
    with pytest.raises(ValueError, match="arguments of MONAI's loss only"):
        losses.SoftclDiceLoss(monai_compatible=True, **extra)


def test_mask_is_refused_beside_the_switch():
    x = torch.zeros(1, 1, 8, 8)
    with pytest.raises(ValueError, match="mask"):
        losses.SoftDiceclDiceLoss(monai_compatible=True)(x, x, mask=x)


def test_the_switch_is_not_the_default():
    x = torch.ones(1, 1, 16, 16)
    label = torch.zeros_like(x)
    label[..., 8, :] = 1
    assert losses.SoftclDiceLoss(monai_compatible=True)(x, label) < 1e-3
    assert losses.SoftclDiceLoss()(x, label) > 0.5
