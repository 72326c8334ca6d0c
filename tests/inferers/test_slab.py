"""MONAI's own sliding window is the oracle."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer

from cldice_monai.inferers import SlabInferer


class Position(torch.nn.Module):
    """A network whose answer depends on where in its window a voxel lies, in K channels."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.n_outputs = n_outputs

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        ramp = torch.linspace(0, 3, windows[0, 0].numel()).reshape(windows.shape[2:])
        mean = windows.mean(dim=tuple(range(2, windows.dim())), keepdim=True)
        value = (windows * ramp + mean + windows.sin()).sum(1, keepdim=True)
        return torch.cat([value * (k + 1) for k in range(self.n_outputs)], 1)


@st.composite
def settings_of_a_run(draw: st.DrawFn) -> dict:
    ndim = draw(st.sampled_from([2, 3]))
    return {
        "shape": tuple(draw(st.lists(st.integers(1, 26), min_size=ndim, max_size=ndim))),
        "roi": tuple(draw(st.lists(st.integers(2, 12), min_size=ndim, max_size=ndim))),
        "overlap": tuple(
            draw(st.lists(st.sampled_from([0, 0.25, 0.5, 0.7]), min_size=ndim, max_size=ndim))
        ),
        "axis": draw(st.integers(0, ndim - 1)),
        "mode": draw(st.sampled_from(["gaussian", "constant"])),
        "n_outputs": draw(st.integers(1, 3)),
        "n_inputs": draw(st.integers(1, 2)),
        "batch": draw(st.sampled_from([1, 3, 4])),
        "in_columns": draw(st.booleans()),
    }


@settings(deadline=None, derandomize=True, max_examples=120)
@given(settings_of_a_run())
def test_equals_the_sliding_window_of_monai(run: dict):
    torch.manual_seed(0)
    image = torch.randn(1, run["n_inputs"], *run["shape"])
    network = Position(run["n_outputs"])
    monai = SlidingWindowInferer(run["roi"], run["batch"], run["overlap"], run["mode"])
    slab = SlabInferer(run["roi"], run["batch"], run["overlap"], run["mode"], axis=run["axis"])
    if run["in_columns"]:
        face = [min(r, n) for r, n in zip(run["roi"], run["shape"], strict=True)]
        slab.max_sum_bytes = 4 * (run["n_outputs"] + 1) * torch.tensor(face).prod().item()
    torch.testing.assert_close(slab(image, network), monai(image, network), atol=1e-4, rtol=1e-5)


def test_columns_are_bit_for_bit_the_slab():
    image = torch.randn(1, 1, 40, 33, 21)
    slab = SlabInferer((12, 12, 12), sw_batch_size=1)
    whole = slab(image, Position(2))
    slab.max_sum_bytes = 4 * 3 * 12**3
    assert torch.equal(slab(image, Position(2)), whole)


def test_every_item_of_a_batch_is_inferred_for_itself():
    image = torch.randn(3, 1, 20, 14)
    slab = SlabInferer((8, 8))
    each = torch.cat([slab(item[None], Position(1)) for item in image])
    assert torch.equal(slab(image, Position(1)), each)


def test_metadata_of_the_image_stay():
    image = MetaTensor(torch.ones(1, 1, 9, 9, 9), affine=torch.diag(torch.tensor([2.0, 3, 4, 1])))
    found = SlabInferer((4, 4, 4))(image, torch.nn.Identity())
    assert isinstance(found, MetaTensor)
    assert torch.equal(found.affine, image.affine)


def test_sums_take_no_more_than_a_layer_of_windows():
    """The largest tensor that lives beside input and output is one layer of windows."""
    largest = 0

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            out = func(*args, **(kwargs or {}))
            if "new_zeros" in str(func) or "zeros" in str(func):
                largest = max(largest, out.numel())
            return out

    with Watch():
        SlabInferer((8, 8, 8))(torch.ones(1, 1, 64, 16, 16), torch.nn.Identity())
    assert largest == 8 * 16 * 16


def test_too_little_memory_is_refused_with_the_least_that_is_enough():
    slab = SlabInferer((8, 8, 8), max_sum_bytes=1000)
    with pytest.raises(ValueError, match=r"at least 4096 .* got 1000"):
        slab(torch.ones(1, 1, 20, 20, 20), torch.nn.Identity())


@pytest.mark.parametrize(
    ("network", "error", "words"),
    [
        (lambda x: (x,), TypeError, "one tensor, got tuple"),
        (lambda x: x[..., 1:], ValueError, "sides"),
    ],
)
def test_output_that_cannot_be_blended_is_refused(network, error: type, words: str):
    with pytest.raises(error, match=words):
        SlabInferer((4, 4))(torch.ones(1, 1, 9, 9), network)


@pytest.mark.parametrize(("roi", "overlap"), [((4,), 0.5), ((4, 4), 1.0), ((4, 4), (0.5,))])
def test_settings_that_do_not_fit_are_refused(roi: tuple, overlap: object):
    with pytest.raises(ValueError, match="must"):
        SlabInferer(roi, overlap=overlap)(torch.ones(1, 1, 9, 9), torch.nn.Identity())
