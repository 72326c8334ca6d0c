"""The soft skeleton against MONAI's, finite differences, and itself on other paths."""

import subprocess
import sys
import threading
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from monai.data import MetaTensor
from monai.losses.cldice import soft_skel

from cldice_monai.skeleton import _soft_compiled, soft_skeleton
from cldice_monai.skeleton.soft_any_range import soft_skeleton_any_range
from cldice_monai.skeleton.soft_straight_through import exact_skeleton

SHAPES = [(2, 2, 17, 13), (2, 1, 11, 12, 9), (1, 1, 1, 5, 6), (1, 1, 1, 1), (1, 2, 1, 9)]
needs_compiler = pytest.mark.skipif(
    _soft_compiled.find_compiler() is None, reason="there is no C compiler on this machine"
)
backends = pytest.mark.parametrize(
    "backend", ["eager", pytest.param("compiled", marks=needs_compiler)]
)


@pytest.fixture(autouse=True, scope="module")
def compiled_once():
    """Compile the kernels before the first test, so that no test is charged for it."""
    for dtype in (torch.float32, torch.float64):
        _soft_compiled.load_kernels(dtype)


def value_and_gradient(function, x, weights):
    x = x.clone().requires_grad_()
    value = function(x)
    return value.detach(), torch.autograd.grad(value, x, weights)[0]


@backends
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("iter_", [0, 1, 3, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_literal_form_equals_monai_with_its_gradient(backend, shape, iter_, dtype):
    generator = torch.Generator().manual_seed(iter_)
    x = torch.rand(shape, generator=generator, dtype=dtype)
    weights = torch.rand(shape, generator=generator, dtype=dtype)
    expected, expected_gradient = value_and_gradient(lambda x: soft_skel(x, iter_), x, weights)
    value, gradient = value_and_gradient(
        lambda x: soft_skeleton(x, iter_, core=False, border="ignore", backend=backend), x, weights
    )
    torch.testing.assert_close(value, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("iter_", [0, 3])
def test_the_form_for_any_range_equals_monai_with_its_gradient(shape, iter_):
    generator = torch.Generator().manual_seed(0)
    x = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    weights = torch.rand(shape, generator=generator, dtype=torch.float64)
    expected = value_and_gradient(lambda x: soft_skel(x, iter_), x, weights)
    got = value_and_gradient(lambda x: soft_skeleton_any_range(x, iter_), x, weights)
    torch.testing.assert_close(got, expected)


@backends
@pytest.mark.parametrize("shape", [(1, 2, 6, 5), (1, 1, 4, 5, 6)])
@pytest.mark.parametrize("border", ["background", "ignore"])
@pytest.mark.parametrize("core", [True, False])
@pytest.mark.parametrize("anisotropic", [True, False])
def test_gradient_equals_finite_differences(backend, shape, border, core, anisotropic):
    spacing = (2.0, 0.8, 1.0)[: len(shape) - 2] if anisotropic else None
    n = torch.Size(shape).numel()
    distinct = torch.randperm(n, generator=torch.Generator().manual_seed(0)) + 1.0
    x = (distinct / (n + 1)).double().reshape(shape).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: soft_skeleton(x, 2, core=core, border=border, spacing=spacing, backend=backend),
        (x,),
        eps=1e-7,
        atol=1e-5,
    )


@needs_compiler
@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    seed=st.integers(0, 1000),
    shape=st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 9)] * 3)),
    iter_=st.integers(0, 9),
    binary=st.booleans(),
    core=st.booleans(),
    ignore=st.booleans(),
)
def test_compiled_and_plain_paths_agree(seed, shape, iter_, binary, core, ignore):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((2, 1, *shape), generator=generator, dtype=torch.float64)
    x = (x > 0.3).double() if binary else x
    weights = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    results = [
        value_and_gradient(
            lambda x, backend=backend: soft_skeleton(
                x, iter_, core=core, border="ignore" if ignore else "background", backend=backend
            ),
            x,
            weights,
        )
        for backend in ("eager", "compiled")
    ]
    torch.testing.assert_close(results[0][0], results[1][0])
    if not binary:
        torch.testing.assert_close(results[0][1], results[1][1])
    elif ignore:
        # Ties are broken differently; what is passed on is the same.
        torch.testing.assert_close(results[0][1].sum(), results[1][1].sum())


@needs_compiler
@pytest.mark.parametrize("shape", [(2, 1, 40, 60, 50), (2, 1, 300, 200)])
def test_the_number_of_threads_changes_nothing(shape):
    generator = torch.Generator().manual_seed(0)
    x, weights = (torch.rand(shape, generator=generator) for _ in range(2))
    before, results = torch.get_num_threads(), []
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            results.append(value_and_gradient(lambda x: soft_skeleton(x, 5), x, weights))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


@pytest.fixture
def fresh_start(monkeypatch):
    """A process that has not looked for a compiler yet."""
    monkeypatch.setattr(_soft_compiled, "_LOADED", {})
    return monkeypatch


def test_without_a_compiler_the_default_still_works(fresh_start):
    fresh_start.setenv("PATH", "")
    fresh_start.delenv("CC", raising=False)
    assert _soft_compiled.find_compiler() is None
    x = torch.rand(1, 1, 9, 9, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(soft_skeleton(x), soft_skeleton(x, backend="eager"))
    with pytest.raises(RuntimeError, match="needs a C compiler"):
        soft_skeleton(x, backend="compiled")


def test_a_compiler_that_fails_is_as_good_as_none(fresh_start, tmp_path):
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    fresh_start.setenv("CC", str(broken))
    assert _soft_compiled.load_kernels(torch.float32) is None
    x = torch.rand(1, 1, 8, 8)
    assert torch.equal(soft_skeleton(x), soft_skeleton(x, backend="eager"))


@backends
def test_where_one_residue_is_one_the_gradient_stays_finite(backend):
    x = torch.zeros(1, 1, 9, 9)
    x[..., 2:7, 2:7] = 1
    _, gradient = value_and_gradient(
        lambda x: soft_skeleton(x, 4, backend=backend), x, torch.ones_like(x)
    )
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_a_batch_equals_a_loop_over_items_and_channels():
    x = torch.rand(2, 3, 12, 13, 7, generator=torch.Generator().manual_seed(0))
    whole = soft_skeleton(x)
    for i in range(2):
        for j in range(3):
            assert torch.equal(whole[i, j], soft_skeleton(x[i : i + 1, j : j + 1])[0, 0])


@pytest.mark.parametrize("core", [True, False])
def test_only_the_core_saves_a_structure_thicker_than_iter(core):
    ball = torch.zeros(1, 1, 15, 15)
    ball[..., 3:12, 3:12] = 1
    # Side 9 after two erosions: 5 x 5 is left; the corners were collected on the way.
    centre = soft_skeleton(ball, 1, core=core)[0, 0, 5:10, 5:10]
    assert centre.sum() == (25 if core else 0)


def test_a_vessel_cut_by_the_border_keeps_its_skeleton_up_to_there():
    bar = torch.zeros(1, 1, 9, 20)
    bar[..., 2:7, :] = 1
    assert soft_skeleton(bar, 2)[0, 0].sum(dim=0).tolist() == [1.0] * 20
    background = soft_skeleton(bar, 2, border="background")[0, 0, 4]
    assert background[0] == 0
    assert background[5:15].min() == 1


def test_empty_batches_and_empty_images():
    assert soft_skeleton(torch.zeros(0, 1, 4, 4)).shape == (0, 1, 4, 4)
    assert soft_skeleton(torch.zeros(1, 1, 4, 4)).sum() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_comes_back_as_it_came(dtype):
    x = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert soft_skeleton(x).dtype == dtype
    torch.testing.assert_close(soft_skeleton(x), soft_skeleton(x.float()).to(dtype))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"x": torch.zeros(4, 4)}, ValueError, "add batch and channel axes"),
        ({"x": torch.zeros(1, 1, 4, 4, dtype=torch.uint8)}, TypeError, "x.float"),
        ({"iter_": -1}, ValueError, "iter_ must be 0 or more"),
        ({"iter_": 2.0}, TypeError, "iter_ must be an integer"),
        ({"border": "wrap"}, ValueError, "border must be"),
        ({"backend": "gpu"}, ValueError, "backend must be"),
        ({"spacing": (1.0,)}, ValueError, "spacing must be 2 positive"),
        ({"spacing": (1.0, 0.0)}, ValueError, "spacing must be 2 positive"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(arguments, error, words):
    arguments = {"x": torch.zeros(1, 1, 4, 4), "iter_": 3} | arguments
    with pytest.raises(error, match=words):
        soft_skeleton(**arguments)


def test_equal_spacing_is_no_spacing():
    x = torch.rand(1, 1, 9, 9, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(soft_skeleton(x, spacing=(0.7, 0.7, 0.7)), soft_skeleton(x))


def test_the_exact_skeleton_is_binary_and_passes_its_gradient_straight_through():
    x = torch.zeros(1, 1, 7, 12)
    x[..., 2:5, 1:11] = 0.8
    value, gradient = value_and_gradient(exact_skeleton, x, torch.full_like(x, 2.0))
    assert set(value.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(gradient, 2 * value)


def test_metadata_is_left_behind():
    x = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    tagged = MetaTensor(x).requires_grad_()
    skeleton = soft_skeleton(tagged, 2)
    assert type(skeleton) is torch.Tensor
    assert torch.equal(skeleton, soft_skeleton(x, 2))
    skeleton.sum().backward()
    assert tagged.grad is not None


def test_threads_that_come_together_compile_once(fresh_start):
    compiled = []

    def build(dtype):
        compiled.append(dtype)
        time.sleep(0.05)

    fresh_start.setattr(_soft_compiled, "_compile", build)
    threads = [
        threading.Thread(target=_soft_compiled.load_kernels, args=(torch.float32,))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert compiled == [torch.float32]


@needs_compiler
@pytest.mark.parametrize("n_started", [0, 1, 2])
def test_threads_that_cannot_be_started_are_done_without(monkeypatch, n_started):
    x = torch.rand(1, 1, 40, 48, 48, generator=torch.Generator().manual_seed(0))
    expected = soft_skeleton(x, backend="eager")
    started = []
    start = threading.Thread.start

    def refuse(thread):
        if len(started) == n_started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    torch.testing.assert_close(soft_skeleton(x, backend="compiled"), expected)
    assert len(started) == n_started


@needs_compiler
@pytest.mark.parametrize("n_planes", [1, 4])
@pytest.mark.parametrize("name", ["forward", "backward"])
def test_memory_that_cannot_be_had_is_a_memory_error(monkeypatch, n_planes, name):
    # Rows of 2^54 voxels: what the kernel asks for first is more than any address space.
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    tensors = [torch.zeros(1)] * (4 if name == "forward" else 5)
    options = (1, 1, 1) if name == "forward" else (1, 1, 1, 1)
    sizes = (1, n_planes, 1, 2**54)
    with pytest.raises(MemoryError, match="no memory for the soft skeleton"):
        _soft_compiled._run(name, torch.float32, tensors, [1], sizes, options)


def test_a_process_forked_while_another_thread_compiles_does_not_hang():
    # The child inherits the lock as it is held, without the thread that would release it.
    program = """
import multiprocessing, threading, torch
from cldice_monai.skeleton import _soft_compiled, soft_skeleton
held = threading.Event()
def hold():
    with _soft_compiled._LOCK:
        held.set()
        threading.Event().wait(20)
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = multiprocessing.get_context("fork").Process(
    target=soft_skeleton, args=(torch.rand(1, 1, 8, 8), 1)
)
child.start()
child.join(15)
print("hangs" if child.is_alive() else child.exitcode)
child.kill()
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "0", done.stderr
