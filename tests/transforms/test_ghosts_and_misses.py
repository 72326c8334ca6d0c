import numpy as np
import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.topology import ghosts_and_misses, topology_precision, topology_sensitivity
from cldice_monai.transforms import GhostsAndMisses, GhostsAndMissesd
from cldice_monai.transforms.ghosts_and_misses import GHOST, HIT, MISS


def masks():
    """A label with two rods, a prediction with half of one of them and a rod elsewhere."""
    label = np.zeros((16, 16, 24), np.uint8)
    label[3:6, 3:6, 2:22] = label[10:13, 3:6, 2:22] = 1
    pred = np.zeros_like(label)
    pred[3:6, 3:6, 2:12] = pred[3:6, 11:14, 2:22] = 1
    return pred[None], label[None]


def test_codes_by_hand():
    label = np.array([[0, 1, 1, 1, 1, 0, 0]])[None]
    pred = np.array([[0, 0, 0, 1, 1, 1, 1]])[None]
    assert GhostsAndMisses()(pred, label).tolist() == [[[0, MISS, MISS, HIT, HIT, GHOST, GHOST]]]


def test_map_holds_what_the_topology_package_finds():
    pred, label = masks()
    codes = GhostsAndMisses()(pred, label)[0]
    found = ghosts_and_misses(pred[0], label[0])
    assert found.n_ghost_voxels > 10
    assert np.array_equal(codes == GHOST, found.ghosts)
    assert np.array_equal(codes == MISS, found.misses)
    hits, misses = (codes == HIT).sum(), (codes == MISS).sum()
    assert hits / (hits + misses) == topology_sensitivity(pred[0], label[0])
    assert 0 < topology_precision(pred[0], label[0]) < 1


@pytest.mark.parametrize(
    ("pred", "label", "codes"),
    [
        ([0, 0, 0], [0, 0, 0], {0}),
        ([0, 0, 0], [1, 1, 1], {3}),
        ([1, 1, 1], [0, 0, 0], {2}),
        ([1, 1, 1], [1, 1, 1], {1}),
        ([1, 0, 0], [0, 0, 1], {0, 2, 3}),
    ],
)
def test_empty_perfect_and_disjoint_masks(pred, label, codes):
    found = GhostsAndMisses()(np.array([[pred]]), np.array([[label]]))
    assert set(found.ravel().tolist()) == codes


def test_each_channel_is_compared_by_itself():
    pred, label = masks()
    both = GhostsAndMisses()(np.concatenate([pred, label]), np.concatenate([label, label]))
    assert np.array_equal(both[:1], GhostsAndMisses()(pred, label))
    assert set(np.unique(both[1])) == {0, HIT}


def test_affine_of_the_prediction_is_kept():
    pred, label = (torch.from_numpy(mask) for mask in masks())
    affine = torch.diag(torch.tensor([2.0, 1.0, 1.0, 1.0], dtype=torch.float64))
    item = {"pred": MetaTensor(pred, affine=affine), "label": label}
    found = GhostsAndMissesd("pred")(item)["pred_ghosts_and_misses"]
    assert found.dtype == torch.uint8
    assert torch.equal(found.affine, affine)
    assert np.array_equal(found.numpy(), GhostsAndMisses()(*masks()))


def test_dictionary_form_takes_several_predictions_of_one_label():
    pred, label = masks()
    item = GhostsAndMissesd(["a", "b", "c"], output_postfix="map", allow_missing_keys=True)(
        {"a": pred, "b": label, "label": label}
    )
    assert set(item) == {"a", "b", "label", "a_map", "b_map"}
    assert set(np.unique(item["b_map"])) == {0, HIT}
    with pytest.raises(KeyError, match="truth"):
        GhostsAndMissesd("a", label_keys="truth")({"a": pred})


def test_masks_on_two_grids_are_refused():
    pred, label = masks()
    with pytest.raises(ValueError, match=r"bring them to one grid"):
        GhostsAndMisses()(pred[:, 1:], label)


@pytest.mark.parametrize("value", [0.3, float("nan")])
@pytest.mark.parametrize("name", ["pred", "label"])
def test_probabilities_and_nan_are_refused(name, value):
    pair = {"pred": np.ones((1, 5, 9), np.float32), "label": np.ones((1, 5, 9), np.float32)}
    pair[name][0, 2, 2] = value
    with pytest.raises(ValueError, match=f"{name} must hold whole numbers"):
        GhostsAndMisses()(**pair)
