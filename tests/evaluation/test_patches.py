"""All figures of a patch at once give what each metric gives by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from cldice_monai.evaluation.patches import patch_figures
from cldice_monai.metrics import compute_betti_error, compute_cldice, compute_streetmover_distance
from cldice_monai.topology import opt_junction_counts


def _patches(seed, shape):
    field = ndimage.gaussian_filter(
        np.random.default_rng(seed).standard_normal((3, *shape)), (0, *[1.5] * len(shape))
    )
    return field > 0.7 * field.std()


@pytest.mark.parametrize("shape", [(40, 40), (20, 20, 20)], ids=["2D", "3D"])
def test_figures_are_those_of_the_metrics(shape):
    pred, label = _patches(0, shape), _patches(1, shape)
    found = patch_figures(pred, label)
    tensors = [torch.from_numpy(m[:, None].astype(np.float32)) for m in (pred, label)]
    for name in ("cldice", "tprec", "tsens"):
        expected = compute_cldice(*tensors, metric_name=name)[:, 0]
        np.testing.assert_allclose(found[name], expected, rtol=1e-6)
    errors = compute_betti_error(*tensors)[:, 0]
    for k in range(len(shape)):
        error = np.abs(found[f"b{k}_pred"] - found[f"b{k}_label"])
        np.testing.assert_allclose(error, errors[:, k])
    expected = compute_streetmover_distance(*tensors)[:, 0]
    np.testing.assert_allclose(found["streetmover"], expected, rtol=1e-6)
    for i in range(3):
        counts = opt_junction_counts(pred[i], label[i])
        names = ("branches_matched", "branches_predicted", "branches_labelled")
        measured = [found[name][i] for name in names]
        assert measured == [counts.matched, counts.predicted, counts.labelled]


def test_overlaps_are_worked_out_by_hand():
    label = np.zeros((1, 4, 10), bool)
    label[0, 1, :] = True
    pred = label.copy()
    pred[0, 1, 6:] = False
    pred[0, 3, :2] = True  # a ghost of two voxels
    found = {name: float(values[0]) for name, values in patch_figures(pred, label).items()}
    assert found["dice"] == pytest.approx(2 * 6 / (8 + 10))
    assert found["accuracy"] == pytest.approx(1 - 6 / 40)
    assert found["tprec"] == pytest.approx(6 / 8)
    assert found["tsens"] == pytest.approx(6 / 10)


def test_patch_without_a_label_has_no_overlap_but_a_topology():
    label = np.zeros((1, 8, 8), bool)
    pred = label.copy()
    pred[0, 2:5, 2:5] = True
    found = {name: float(values[0]) for name, values in patch_figures(pred, label).items()}
    assert all(np.isnan(found[name]) for name in ("dice", "cldice", "tprec", "tsens"))
    assert (found["b0_pred"], found["b0_label"], found["streetmover"]) == (1, 0, 1.0)
    assert found["accuracy"] == pytest.approx(1 - 9 / 64)


def test_missed_label_scores_zero():
    label = np.zeros((1, 8, 8), bool)
    label[0, 4] = True
    found = {n: float(v[0]) for n, v in patch_figures(np.zeros_like(label), label).items()}
    assert found["dice"] == found["cldice"] == found["tprec"] == found["tsens"] == 0.0


def test_patches_of_another_shape_are_refused_in_one_line():
    patches = np.ones((2, 9, 9), bool)
    with pytest.raises(ValueError, match=r"^pred and label must have one shape, got [^\n]*$"):
        patch_figures(patches, patches[:1])
