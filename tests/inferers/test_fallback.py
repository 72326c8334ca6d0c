from __future__ import annotations

import logging

import pytest
import torch
from monai.inferers import SlidingWindowInferer

from cldice_monai.errors import InputError
from cldice_monai.inferers import FallbackInferer

IMAGE = torch.randn(1, 1, 20, 9, 9)


class Tight:
    """A network that finds no memory in its first calls."""

    def __init__(self, n_failures: int, error: Exception) -> None:
        self.n_failures, self.error = n_failures, error

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        if self.n_failures:
            self.n_failures -= 1
            raise self.error
        return windows.sin()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_falls_back_to_slabs_and_says_so(error: Exception, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        found = FallbackInferer((8, 8, 8))(IMAGE, Tight(1, error))
    expected = SlidingWindowInferer((8, 8, 8), 4, 0.5, "gaussian")(IMAGE, torch.sin)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert caplog.messages == [
        "note: no memory left with sums in main memory; going on slab by slab"
    ]


def test_a_gpu_is_left_for_main_memory_before_slabs():
    places = [place for place, _ in FallbackInferer((8, 8, 8))._steps(torch.device("cuda:0"))]
    assert places == ["with sums on cuda:0", "with sums in main memory", "slab by slab"]


def test_a_steps_down_from_a_device_is_walked_to_the_end(caplog: pytest.LogCaptureFixture):
    inferer = FallbackInferer((8, 8, 8))
    steps = inferer._steps(torch.device("cpu"))
    inferer._steps = lambda device: [("with sums on a GPU", steps[0][1]), *steps]
    with caplog.at_level(logging.WARNING):
        inferer(IMAGE, Tight(2, torch.OutOfMemoryError("CUDA out of memory")))
    assert [message.split("; ")[1] for message in caplog.messages] == [
        "going on with sums in main memory",
        "going on slab by slab",
    ]


def test_no_memory_at_all_is_one_line():
    with pytest.raises(InputError, match="--max-memory"):
        FallbackInferer((8, 8, 8))(IMAGE, Tight(99, MemoryError()))


def test_another_error_is_not_taken_for_missing_memory():
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        FallbackInferer((8, 8, 8))(IMAGE, Tight(99, RuntimeError("mat1 and mat2 do not fit")))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_sums_move_off_a_gpu_that_has_no_room(caplog: pytest.LogCaptureFixture):
    network = Tight(1, torch.OutOfMemoryError("CUDA out of memory"))
    found = FallbackInferer((8, 8, 8))(IMAGE.cuda(), network)
    assert found.device.type == "cpu"
    assert "main memory" in caplog.text
