"""Metrics of masks on a GPU, tried on the CPU: no mask is copied, and the figures stay the same."""

import pytest
import torch
from monai.data import MetaTensor

from cldice_monai.metrics import (
    BettiErrorMetric,
    ClDiceMetric,
    EulerErrorMetric,
    OptJunctionF1Metric,
    SkeletonCoverageMetric,
    StreetMoverDistanceMetric,
    cases,
)
from cldice_monai.skeleton import binary
from cldice_monai.topology import PatchSampler, betti, overlap

COPIES = ("cpu", "numpy", "tolist", "__array__")
SHAPE = (2, 2, 9, 8, 7)
PATCHES = PatchSampler(patch_size=6, n_patches=2)
AMOUNTS = ("ghost_voxels", "miss_voxels", "ghost_pieces", "miss_pieces")
STAYING = [
    ClDiceMetric(metric_name=("cldice", "tprec", "tsens"), ignore_empty=False),
    BettiErrorMetric(dimension=(0, 1, 2)),
    BettiErrorMetric(dimension=(0, 1), ignore_empty=True, signed=True),
    EulerErrorMetric(metric_name=("absolute", "signed", "ratio"), ignore_empty=True),
    SkeletonCoverageMetric(metric_name=AMOUNTS),
    SkeletonCoverageMetric(metric_name=AMOUNTS, ignore_empty=True),
]
COPYING = [
    SkeletonCoverageMetric(metric_name=("ghost_length_mm", "miss_length_mm")),
    StreetMoverDistanceMetric(n_points=10),
    OptJunctionF1Metric(),
]


def pair(share=0.3):
    """A prediction and a label with a name, one of whose channels is empty."""
    generator = torch.Generator().manual_seed(4)
    pred, label = (torch.rand(SHAPE, generator=generator) < share for _ in range(2))
    label[1, 1] = False
    names = ["/a/one.nii.gz", "/a/two.nii.gz"]
    return pred, MetaTensor(label, affine=torch.eye(4), meta={"filename_or_obj": names})


@pytest.fixture
def on_device(monkeypatch):
    """As if the CPU were a GPU: tensors stay, and a copy of as many voxels as a patch has fails."""
    for module in (betti, binary, overlap, cases):
        monkeypatch.setattr(module, "stays_on_device", lambda mask: isinstance(mask, torch.Tensor))

    def refuse_copies():
        for name in COPIES:
            original = getattr(torch.Tensor, name)

            def guarded(self, *arguments, original=original, **settings):
                assert self.numel() < 6**3, f"{tuple(self.shape)} voxels were copied to the CPU"
                return original(self, *arguments, **settings)

            monkeypatch.setattr(torch.Tensor, name, guarded)

    return refuse_copies


def figures(metric, patches):
    metric.reset()
    metric.patches = patches
    metric(*pair())
    return (
        torch.stack(metric.get_buffer())
        if isinstance(metric.get_buffer(), list)
        else metric.get_buffer()
    )


@pytest.mark.parametrize("patches", [None, PATCHES], ids=["volume", "patches"])
@pytest.mark.parametrize("metric", STAYING, ids=lambda metric: type(metric).__name__)
def test_masks_stay_where_they_are(request, metric, patches):
    expected = figures(metric, patches)
    request.getfixturevalue("on_device")()
    torch.testing.assert_close(figures(metric, patches), expected, equal_nan=True)


@pytest.mark.parametrize("metric", COPYING, ids=lambda metric: type(metric).__name__)
def test_lengths_and_networks_are_those_of_the_cpu(request, metric):
    expected = figures(metric, None)
    refuse_copies = request.getfixturevalue("on_device")
    torch.testing.assert_close(figures(metric, None), expected, equal_nan=True)
    refuse_copies()
    with pytest.raises(AssertionError, match="voxels were copied"):
        figures(metric, None)


def test_masks_on_different_devices_are_compared_on_the_cpu(monkeypatch):
    pred, label = pair()
    monkeypatch.setattr(cases, "stays_on_device", lambda mask: mask is pred)
    found = cases.binary_channels(pred, label, include_background=True)
    assert [type(mask).__name__ for mask in found] == ["ndarray", "ndarray"]
