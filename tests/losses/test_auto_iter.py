"""The number of iterations: suggested beforehand, or found in the first batch with a vessel."""

import logging

import numpy as np
import pytest
import torch

from cldice_monai.losses import SoftclDiceLoss, SoftDiceclDiceLoss, suggest_iter
from cldice_monai.skeleton import soft_skeleton


@pytest.mark.parametrize("n_dims", [2, 3])
@pytest.mark.parametrize("radius", [0, 1, 3, 5])
@pytest.mark.parametrize("spacing", [None, (2.0, 1.0, 1.0), (1.0, 3.0, 0.5)])
def test_the_suggestion_is_the_smallest_that_leaves_no_core(tube, n_dims, radius, spacing):
    spacing = spacing and spacing[:n_dims]
    label = tube(n_dims, 24, radius)
    found = suggest_iter(label, spacing=spacing)

    def has_core(iter_):
        forms = [soft_skeleton(label, iter_, core=core, spacing=spacing) for core in (True, False)]
        return not torch.equal(*forms)

    assert not has_core(found)
    assert found == 0 or has_core(found - 1)


def test_a_tube_of_radius_r_needs_r_iterations(tube):
    # A bar of 2 r + 1 voxels is one voxel thin after r erosions: the levels 0..r.
    assert [suggest_iter(tube(2, 32, radius)) for radius in (1, 2, 5)] == [1, 2, 5]


def test_the_suggestion_is_the_largest_need(tube):
    thin, thick = tube(2, 32, 1), tube(2, 32, 4)
    assert suggest_iter(torch.cat([thin, thick])) == 4
    assert suggest_iter([thin, thick.numpy()]) == 4
    assert suggest_iter(iter([thick, thin])) == 4
    assert suggest_iter(3 * thick.to(torch.uint8)) == 4
    assert suggest_iter(torch.cat([1 - thick, thin], dim=1)) == 1


def test_labels_without_a_surface_need_nothing():
    assert suggest_iter(torch.zeros(1, 1, 8, 8)) == 0
    assert suggest_iter(np.ones((1, 1, 8, 8, 8))) == 0
    with pytest.raises(ValueError, match="labels must be"):
        suggest_iter(torch.zeros(8, 8, 8))


@pytest.mark.parametrize("loss_class", [SoftclDiceLoss, SoftDiceclDiceLoss])
def test_auto_is_resolved_by_the_first_label_that_is_not_empty(tube, loss_class, caplog):
    loss, label = loss_class("auto"), tube(2, 32, 4)
    holder = loss if loss_class is SoftclDiceLoss else loss.cldice
    loss(torch.zeros_like(label), torch.zeros_like(label))
    assert holder.iter is None
    with caplog.at_level(logging.INFO):
        torch.testing.assert_close(loss(0.5 * label, label), loss_class(4)(0.5 * label, label))
    assert holder.iter == 4
    assert caplog.text.count("is 4 from here on") == 1
    thicker = tube(2, 32, 9)
    torch.testing.assert_close(loss(0.5 * thicker, thicker), loss_class(4)(0.5 * thicker, thicker))


def test_the_resolved_number_survives_in_the_state(tube):
    label, first = tube(2, 32, 4), SoftDiceclDiceLoss("auto")
    first(label, label)
    second = SoftDiceclDiceLoss("auto")
    second.load_state_dict(first.state_dict())
    assert second.cldice.iter == 4
    assert SoftDiceclDiceLoss(3).state_dict() == {}


def test_auto_does_not_count_the_background(tube):
    foreground = tube(2, 32, 2)
    loss = SoftclDiceLoss("auto", to_onehot_y=True)
    loss(torch.cat([1 - foreground, foreground], dim=1), foreground)
    assert loss.iter == 2


def test_auto_counts_in_voxels_of_the_finest_axis():
    spacing = (4.0, 1.0)
    label = torch.zeros(1, 1, 32, 32)
    label[..., 10:17, :] = 1
    loss = SoftclDiceLoss("auto", spacing=spacing)
    loss(0.5 * label, label)
    assert loss.iter == suggest_iter(label, spacing=spacing)
    assert loss.iter != suggest_iter(label)


@pytest.mark.parametrize("include_background", [True, False])
def test_auto_looks_at_every_vessel_class_of_a_softmax(tube, include_background):
    thick, thin = tube(2, 40, 6, centre=10), tube(2, 40, 1, centre=30)
    loss = SoftclDiceLoss(
        "auto", include_background=include_background, to_onehot_y=True, softmax=True
    )
    loss(torch.zeros(1, 3, 40, 40), thick + 2 * thin)
    assert loss.iter == 6
    encoded = torch.cat([1 - thick - thin, thick, thin], dim=1)
    loss = SoftclDiceLoss("auto", include_background=include_background, softmax=True)
    loss(torch.zeros(1, 3, 40, 40), encoded)
    assert loss.iter == 6


def test_auto_looks_at_every_channel_of_a_sigmoid(tube):
    label = torch.cat([tube(2, 40, 6), tube(2, 40, 1)], dim=1)
    loss = SoftclDiceLoss("auto", sigmoid=True)
    loss(torch.zeros_like(label), label)
    assert loss.iter == 6


@pytest.mark.parametrize("junk", [255.0, 1.0, float("nan")])
def test_auto_passes_over_what_does_not_count(tube, junk):
    label = tube(2, 40, 2, centre=8)
    hidden = torch.zeros_like(label)
    hidden[..., 20:] = 1
    covered = torch.where(hidden == 1, junk, label)
    loss = SoftclDiceLoss("auto")
    loss(0.5 * label, covered, mask=1 - hidden)
    assert loss.iter == 2
    if junk == 255:
        loss = SoftclDiceLoss("auto", ignore_index=255)
        loss(0.5 * label, covered)
        assert loss.iter == 2


@pytest.mark.parametrize("n_dims", [2, 3])
def test_an_iter_that_is_too_small_still_tells_right_from_wrong(tube, n_dims):
    label, shifted = tube(n_dims, 40, 7, centre=12), tube(n_dims, 40, 7, centre=30)
    loss = SoftclDiceLoss(1)
    assert loss(label, label).item() < 1e-4
    assert loss(shifted, label).item() > 0.99
    assert 0.2 < loss(torch.maximum(label, shifted), label).item() < 0.5


def test_the_suggestion_looks_at_the_channels_that_the_loss_looks_at(tube):
    thick, thin = tube(2, 32, 6), tube(2, 32, 1)
    label = torch.cat([thick, thin], dim=1)
    auto = SoftclDiceLoss("auto")  # a sigmoid's channels are vessels of their own
    auto(label, label)
    assert suggest_iter(label, include_background=True) == auto.iter == 6
    assert suggest_iter(label) == 1


def test_the_suggestion_thins_every_class_by_itself_and_passes_over_what_does_not_count():
    classes = torch.zeros(1, 1, 32, 32)
    classes[..., 8:13, :] = 1
    classes[..., 13:18, :] = 2  # beside it: together they are ten wide
    assert suggest_iter(classes) == 2
    classes[..., 18:, :] = 255
    assert suggest_iter(classes, ignore_index=255) == 2
    assert suggest_iter(classes.long(), ignore_index=255) == 2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, bool])
def test_the_suggestion_takes_labels_of_any_type(dtype):
    label = np.zeros((1, 1, 32, 32), dtype)
    label[..., 10:17, :] = 1
    assert suggest_iter(label) == 3


def test_soft_labels_are_cut_at_one_half_whatever_else_is_ignored():
    soft = torch.zeros(1, 1, 64, 64)
    soft[..., 20:31, :] = 0.9
    soft[..., 25, :] = 0.8
    assert suggest_iter(soft) == suggest_iter(soft, ignore_index=255) == 5
    above = torch.zeros(1, 1, 32, 32)
    above[..., 8:17, :] = 1 + 1e-3 * torch.rand(9, 32)
    assert suggest_iter(above) == 4


def test_ignored_voxels_of_one_hot_labels_are_left_out_as_auto_does():
    label = torch.zeros(1, 3, 32, 32)
    label[:, 0] = 1
    label[:, :, 8:13] = torch.tensor([0.0, 1.0, 0.0])[None, :, None, None]
    label[:, :, 16:] = torch.tensor([0.0, 0.0, 1.0])[None, :, None, None]
    loss = SoftclDiceLoss("auto", softmax=True, ignore_index=2)
    loss(torch.zeros(1, 3, 32, 32), label)
    assert suggest_iter(label, ignore_index=2) == loss.iter == 2
