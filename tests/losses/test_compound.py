"""CompoundclDiceLoss: what its base loss is given, and how the two are weighed."""

import monai.losses
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.losses import DiceLoss
from torch import nn

from cldice_monai.losses import CompoundclDiceLoss, SoftclDiceLoss
from tests.losses.pairs import some_pair


def test_compound_of_any_base_is_the_weighted_sum():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((2, 1, 9, 9), generator=generator)
    label = (torch.rand((2, 1, 9, 9), generator=generator) > 0.5).float()
    cldice = SoftclDiceLoss(sigmoid=True)(logits, label)
    for base, given in (
        (torch.nn.BCEWithLogitsLoss(), "raw"),
        (torch.nn.BCELoss(), "activated"),
        (torch.nn.MSELoss(), "activated"),
        (monai.losses.FocalLoss(), "raw"),
    ):
        loss = CompoundclDiceLoss(base, 0.3, sigmoid=True, base_input=given)
        value = base(logits if given == "raw" else logits.sigmoid(), label)
        torch.testing.assert_close(loss(logits, label), 0.7 * value + 0.3 * cldice)
        assert torch.isfinite(loss(logits, label.to(torch.uint8)))


def test_compound_with_cross_entropy_takes_class_indices():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((2, 3, 9, 9), generator=generator)
    label = torch.randint(3, (2, 1, 9, 9), generator=generator).to(torch.uint8)
    loss = CompoundclDiceLoss(torch.nn.CrossEntropyLoss(), softmax=True, to_onehot_y=True)
    expected = 0.5 * torch.nn.functional.cross_entropy(logits, label[:, 0].long())
    expected += 0.5 * SoftclDiceLoss(softmax=True, to_onehot_y=True)(logits, label)
    torch.testing.assert_close(loss(logits, label), expected)


@pytest.mark.parametrize("base", ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss"])
def test_compound_gives_probabilities_to_a_base_that_compares_them(base):
    base = getattr(torch.nn, base)()
    logits, label = 4 * torch.randn(2, 3, 9, 9), torch.randint(3, (2, 1, 9, 9))
    encoded = torch.nn.functional.one_hot(label[:, 0], 3).movedim(-1, 1).float()
    loss = CompoundclDiceLoss(base, 0.0, sigmoid=True)
    torch.testing.assert_close(loss(logits, encoded), base(logits.sigmoid(), encoded))
    loss = CompoundclDiceLoss(base, 0.0, softmax=True, to_onehot_y=True)
    torch.testing.assert_close(loss(logits, label), base(logits.softmax(1), encoded))


@pytest.mark.parametrize("base", ["MSELoss", "BCEWithLogitsLoss"])
def test_compound_encodes_class_indices_for_a_raw_base(base):
    base = getattr(torch.nn, base)()
    logits, label = torch.randn(2, 3, 9, 9), torch.randint(3, (2, 1, 9, 9))
    encoded = torch.nn.functional.one_hot(label[:, 0], 3).movedim(-1, 1).float()
    loss = CompoundclDiceLoss(base, 0.0, base_input="raw", softmax=True, to_onehot_y=True)
    torch.testing.assert_close(loss(logits, label), base(logits, encoded))


def test_compound_leaves_metadata_behind():
    logits, label = some_pair()
    loss = CompoundclDiceLoss(torch.nn.BCEWithLogitsLoss(), sigmoid=True)
    value = loss(MetaTensor(logits), MetaTensor(label))
    assert type(value) is torch.Tensor
    assert torch.equal(value, loss(logits, label))
    masked = loss(MetaTensor(logits), MetaTensor(label), mask=MetaTensor(label))
    assert type(masked) is torch.Tensor


def test_compound_refuses_what_it_cannot_use():
    with pytest.raises(TypeError, match="base_loss must be a loss"):
        CompoundclDiceLoss("bce")
    with pytest.raises(ValueError, match="base_input"):
        CompoundclDiceLoss(torch.nn.MSELoss(), base_input="logits")
    with pytest.raises(TypeError, match="CompoundclDiceLoss"):
        CompoundclDiceLoss(torch.nn.MSELoss(), label_smoothing=0.1)
    assert np.isfinite(CompoundclDiceLoss(torch.nn.MSELoss())(*some_pair()).item())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("settings", [{}, {"ignore_index": 255}, {"reduction": "none"}])
def test_compound_in_half_precision_is_that_of_float32(dtype, settings):
    torch.manual_seed(0)
    label = (torch.rand(1, 1, 64, 64, 64) > 0.9).to(torch.uint8)
    logits = torch.randn(label.shape).to(dtype)
    for base in (nn.BCEWithLogitsLoss(), nn.MSELoss(), DiceLoss(sigmoid=True)):
        if settings and isinstance(base, DiceLoss):
            continue  # gives no value a voxel
        loss = CompoundclDiceLoss(base, sigmoid=True, **settings)
        expected = loss(logits.float(), label).mean().item()
        assert loss(logits, label).mean().item() == pytest.approx(expected, abs=1e-2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_compound_cast_to_half_as_a_whole_still_runs_in_float32(dtype):
    torch.manual_seed(0)
    logits, classes = torch.randn(1, 3, 16, 16), torch.randint(0, 3, (1, 1, 16, 16))
    base = nn.CrossEntropyLoss(weight=torch.tensor([0.25, 1.0, 3.0]))
    loss = CompoundclDiceLoss(base, softmax=True, to_onehot_y=True)
    expected = loss(logits, classes).item()
    assert loss.to(dtype)(logits.to(dtype), classes).item() == pytest.approx(expected, abs=1e-2)
