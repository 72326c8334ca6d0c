import math

import pytest
import torch

from cldice_monai.metrics import BettiErrorMetric, PatchSampler, compute_betti_error


def frames(count):
    """(1, 1, 5, 4 * count) image of separate square rings: b0 = b1 = count."""
    frame = torch.zeros(5, 4)
    frame[1:4, :3] = 1
    frame[2, 1] = 0
    return frame.repeat(1, count)[None, None]


def two(count, width=16):
    image = frames(count)
    return torch.nn.functional.pad(image, (0, width - image.shape[-1]))


def test_errors_are_kept_apart_by_dimension():
    label = two(1)
    pred = two(3)
    pred[..., 2, 1] = 1  # fill one ring: three components, two loops
    assert compute_betti_error(pred, label).tolist() == [[[2.0, 1.0]]]
    metric = BettiErrorMetric(dimension=(1, 0))
    metric(pred, label)
    assert [float(v) for v in metric.aggregate()] == [1.0, 2.0]


def test_signed_errors_tell_too_few_from_too_many_and_cancel_in_the_mean():
    few, label, many = two(1), two(2), two(3)
    signed, absolute = BettiErrorMetric(signed=True), BettiErrorMetric()
    for metric in (signed, absolute):
        metric(torch.cat([few, many]), torch.cat([label, label]))
    assert signed.get_buffer().tolist() == [[-1.0], [1.0]]
    assert float(signed.aggregate()) == 0.0
    assert float(absolute.aggregate()) == 1.0


def test_cavities_are_counted_in_3d_only():
    shell = torch.ones(1, 1, 3, 3, 3)
    shell[..., 1, 1, 1] = 0
    metric = BettiErrorMetric(dimension=2)
    assert float(metric(torch.ones_like(shell), shell)) == 1.0
    with pytest.raises(ValueError, match="dimension must be below 2 for 2D input, got 2"):
        metric(two(1), two(1))


def test_connectivity_decides_whether_corners_touch():
    pred, label = torch.eye(2)[None, None], torch.ones(1, 1, 2, 2)
    assert float(BettiErrorMetric()(pred, label)) == 0.0
    assert float(BettiErrorMetric(connectivity="foreground-face")(pred, label)) == 1.0


def test_an_empty_label_is_measured_unless_ignored():
    empty = torch.zeros_like(two(2))
    assert float(BettiErrorMetric()(two(2), empty)) == 2.0
    assert float(BettiErrorMetric()(empty, empty)) == 0.0
    metric = BettiErrorMetric(ignore_empty=True, get_not_nans=True)
    assert math.isnan(metric(two(2), empty))
    value, count = metric.aggregate()
    assert math.isnan(value)
    assert int(count) == 0


def test_list_of_items_equals_a_batch_and_channels_stay_apart():
    pred = torch.cat([two(1), two(3)], dim=1)
    label = torch.cat([two(2), two(2)], dim=1)
    batch, items = (BettiErrorMetric(dimension=(0, 1), signed=True) for _ in range(2))
    batch(torch.cat([pred, label]), torch.cat([label, label]))
    items([pred[0], label[0]], [label[0], label[0]])
    assert batch.get_buffer()[0].tolist() == [[-1.0, 1.0], [0.0, 0.0]]
    assert torch.equal(torch.stack(batch.get_buffer()), torch.stack(items.get_buffer()))
    assert [v.tolist() for v in batch.aggregate("mean_batch")] == [[-0.5, 0.5], [-0.5, 0.5]]


def test_unusable_settings_are_refused():
    with pytest.raises(ValueError, match="dimension must be one or several of 0, 1, 2"):
        BettiErrorMetric(dimension=3)
    with pytest.raises(ValueError, match="dimension must be one or several"):
        BettiErrorMetric(dimension=[])
    with pytest.raises(ValueError, match="connectivity must be one of"):
        BettiErrorMetric(connectivity="26")


def test_patches_give_the_mean_of_a_case_and_the_label_decides_what_is_empty():
    label, pred = two(2), two(2)
    pred[..., 8:] = 1
    tiles = PatchSampler(patch_size=(5, 8), tiling=True)
    # Left half: two rings in both. Right half: one component, and none in the label.
    assert float(BettiErrorMetric(patches=tiles)(pred, label)) == 0.5
    assert float(BettiErrorMetric(patches=tiles, ignore_empty=True)(pred, label)) == 0.0
