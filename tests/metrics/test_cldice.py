import math

import pytest
import torch
from monai.data import MetaTensor
from monai.metrics import DiceMetric

from cldice_monai.metrics import ClDiceMetric, compute_cldice
from cldice_monai.topology import overlap_scores


def lines(start, stop, ndim=2, length=12):
    """(1, 1, ...) tensor with a one-voxel line along the last axis: its own skeleton."""
    x = torch.zeros((1, 1) + (3,) * (ndim - 1) + (length,))
    x[(0, 0) + (1,) * (ndim - 1) + (slice(start, stop),)] = 1
    return x


PRED, LABEL = lines(2, 10), lines(0, 6)
TPREC, TSENS, CLDICE = 4 / 8, 4 / 6, 8 / 14


@pytest.mark.parametrize(
    ("name", "expected"), [("cldice", CLDICE), ("tprec", TPREC), ("tsens", TSENS)]
)
@pytest.mark.parametrize("ndim", [2, 3])
def test_each_name_gives_its_share(name, expected, ndim):
    pred, label = lines(2, 10, ndim), lines(0, 6, ndim)
    metric = ClDiceMetric(metric_name=name)
    assert metric(pred, label).shape == (1, 1)
    assert float(metric.aggregate()) == pytest.approx(expected)
    assert float(compute_cldice(pred, label, metric_name=name)) == pytest.approx(expected)


def test_several_names_give_a_list_in_their_order():
    metric = ClDiceMetric(metric_name=("tsens", "cldice"))
    values = metric(PRED, LABEL)
    assert [float(v) for v in values] == pytest.approx([TSENS, CLDICE])
    assert [float(v) for v in metric.aggregate()] == pytest.approx([TSENS, CLDICE])


@pytest.mark.parametrize("several", [False, True])
def test_list_of_channel_first_items_equals_a_batch(several):
    names = ["cldice", "tprec"] if several else "cldice"
    preds, labels = torch.cat([PRED, LABEL]), torch.cat([LABEL, LABEL])
    batch, items = ClDiceMetric(metric_name=names), ClDiceMetric(metric_name=names)
    batch(preds, labels)
    items([MetaTensor(p) for p in preds], [MetaTensor(y) for y in labels])
    assert torch.equal(torch.stack([*batch.get_buffer()]), torch.stack([*items.get_buffer()]))


def test_batch_and_channels_equal_a_loop_over_them():
    generator = torch.Generator().manual_seed(0)
    pred = torch.rand(2, 3, 8, 8, 8, generator=generator) > 0.7
    label = torch.rand(2, 3, 8, 8, 8, generator=generator) > 0.7
    whole = compute_cldice(pred, label)
    for b in range(2):
        for c in range(3):
            expected = overlap_scores(pred[b, c], label[b, c]).cldice
            assert float(whole[b, c]) == pytest.approx(expected)
    assert torch.equal(compute_cldice(pred, label, include_background=False), whole[:, 1:])


@pytest.mark.parametrize("ignore_empty", [True, False])
def test_empty_masks_give_what_the_dice_metric_gives(ignore_empty):
    empty, full = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    for pred, label in [(empty, empty), (full, empty), (empty, full), (full, full)]:
        mine = ClDiceMetric(ignore_empty=ignore_empty)(pred, label)
        dice = DiceMetric(ignore_empty=ignore_empty)(pred, label)
        assert torch.equal(mine, dice) or (mine.isnan().all() and dice.isnan().all())


def test_empty_labels_are_left_out_of_the_mean_and_counted():
    empty = torch.zeros_like(LABEL)
    metric = ClDiceMetric(get_not_nans=True)
    metric(torch.cat([PRED, PRED]), torch.cat([LABEL, empty]))
    value, count = metric.aggregate()
    assert float(value) == pytest.approx(CLDICE)
    assert int(count) == 1
    metric.reset()
    metric(PRED, empty)
    assert math.isnan(metric.aggregate()[0])


def test_reduction_can_be_overridden_when_aggregating():
    metric = ClDiceMetric()
    metric(torch.cat([PRED, LABEL]), torch.cat([LABEL, LABEL]))
    assert float(metric.aggregate()) == pytest.approx((CLDICE + 1) / 2)
    assert metric.aggregate("none").shape == (2, 1)
    assert metric.aggregate("mean_batch").shape == (1,)


def test_one_hot_and_single_channel_agree_on_the_foreground():
    one_hot_pred, one_hot_label = torch.cat([1 - PRED, PRED], 1), torch.cat([1 - LABEL, LABEL], 1)
    one_hot = compute_cldice(one_hot_pred, one_hot_label, include_background=False)
    assert torch.equal(one_hot, compute_cldice(PRED, LABEL))


def test_single_channel_without_background_is_not_silently_nothing():
    metric = ClDiceMetric(include_background=False)
    with pytest.warns(UserWarning, match="cannot act on a single channel"):
        assert float(metric(PRED, LABEL)) == pytest.approx(CLDICE)


@pytest.mark.parametrize("name", ["dice", [], ("cldice", "precision")])
def test_unknown_names_are_refused(name):
    with pytest.raises(ValueError, match="metric_name must be one or several of cldice"):
        ClDiceMetric(metric_name=name)
