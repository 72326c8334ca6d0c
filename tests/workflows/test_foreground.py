import torch

from cldice_monai.workflows import foreground_masks


def item(pred: list, label: list) -> dict[str, torch.Tensor]:
    return {"pred": torch.tensor(pred), "label": torch.tensor(label)}


def masks(n_channels: int, *items: dict) -> list[list]:
    return [[t.tolist() for t in part] for part in foreground_masks(n_channels)(items)]


def test_a_mask_of_one_channel_is_taken_as_it_is():
    for n_channels in (1, 2):  # a sigmoid, or the argmax of background and vessel
        assert masks(n_channels, item([[0, 1]], [[1, 0]])) == [[[[0, 1]]], [[[1, 0]]]]


def test_of_numbered_classes_each_vessel_gets_a_channel_and_the_background_none():
    found = masks(3, item([[0, 1, 2]], [[2, 1, 0]]), item([[1, 1, 1]], [[0, 0, 0]]))
    assert found[0] == [[[0, 1, 0], [0, 0, 1]], [[1, 1, 1], [0, 0, 0]]]
    assert found[1] == [[[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]]


def test_of_one_hot_classes_the_first_channel_is_left_out():
    assert masks(2, item([[1, 0], [0, 1]], [[0, 1], [1, 0]])) == [[[[0, 1]]], [[[1, 0]]]]
