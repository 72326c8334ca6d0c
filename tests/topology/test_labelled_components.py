"""Two ways to count components: runs, and labelling with an optional package."""

import numpy as np
import pytest

from cldice_monai.topology import batched_betti_numbers, betti_numbers, labelled_components
from cldice_monai.topology.components import count_components, foreground_runs
from cldice_monai.topology.labelled_components import (
    count_labelled_components,
    labelling_is_faster,
)


@pytest.fixture
def without_the_extra(monkeypatch):
    monkeypatch.setattr(labelled_components, "_connected_components_3d", lambda: None)


def masks(shape, count=20):
    rng = np.random.default_rng(0)
    return np.stack([rng.random(shape) < 0.05 + 0.9 * n / (count - 1) for n in range(count)])


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    "shape", [(9, 8, 7), (1, 6, 7), (5, 1, 1), (1, 1, 1), (13, 12), (1, 9), (2, 2)]
)
def test_labelling_counts_what_the_runs_count(shape, full):
    pytest.importorskip("cc3d")
    items = np.pad(masks(shape), [(0, 0), *[(1, 1)] * len(shape)])
    for part in (items, ~items):
        expected = count_components(foreground_runs(part), full=full)
        assert np.array_equal(count_labelled_components(part, full=full), expected)
        turned = np.asfortranarray(part[0])[None]
        assert count_labelled_components(turned, full=full)[0] == expected[0]


@pytest.mark.parametrize("connectivity", ["foreground-full", "foreground-face"])
@pytest.mark.parametrize("shape", [(4, 3, 9, 8, 7), (5, 2, 14, 13), (2, 1, 1, 4, 5)])
def test_betti_numbers_are_the_same_without_the_extra(shape, connectivity, monkeypatch):
    pytest.importorskip("cc3d")
    batch = masks(shape[2:], count=shape[0] * shape[1]).reshape(shape)
    calls = []
    package = labelled_components._connected_components_3d()
    monkeypatch.setattr(
        labelled_components, "_connected_components_3d", lambda: calls.append(1) or package
    )
    with_extra = batched_betti_numbers(batch, connectivity=connectivity)
    assert calls
    monkeypatch.setattr(labelled_components, "_connected_components_3d", lambda: None)
    assert np.array_equal(batched_betti_numbers(batch, connectivity=connectivity), with_extra)


@pytest.mark.usefixtures("without_the_extra")
def test_without_the_extra_nothing_breaks():
    assert betti_numbers(np.eye(4, dtype=bool)) == (1, 0)
    assert not labelling_is_faster((1, 4, 4))
    with pytest.raises(RuntimeError, match=r"pip install 'cldice-monai\[topology\]'"):
        count_labelled_components(np.ones((1, 4, 4), bool), full=True)


def test_large_volumes_with_few_vessels_are_counted_by_runs():
    pytest.importorskip("cc3d")
    assert labelling_is_faster((5, 64, 64, 64))
    assert not labelling_is_faster((1, 128, 128, 128), n_runs=9000)
    assert labelling_is_faster((1, 128, 128, 128), n_runs=500_000)
    assert not labelling_is_faster((0, 64, 64))
