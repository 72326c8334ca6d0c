"""The kernels for GPUs, interpreted on the CPU, against the paths of the CPU."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monai.losses.cldice import soft_skel

from cldice_monai.skeleton import _soft_operator, soft_skeleton
from cldice_monai.skeleton._soft_compiled import (
    as_volumes,
    compiled_backward,
    compiled_forward,
    find_compiler,
    load_kernels,
)
from cldice_monai.skeleton._soft_eager import eager_backward, eager_forward
from cldice_monai.skeleton._soft_operator import axes_as_bits
from cldice_monai.skeleton._soft_schedule import erosion_schedule

pytestmark = pytest.mark.slow
needs_compiler = pytest.mark.skipif(
    find_compiler() is None, reason="there is no C compiler on this machine"
)


@pytest.fixture(autouse=True, scope="module")
def compiled_once():
    """Compile the reference before the first test."""
    for dtype in (torch.float32, torch.float64):
        load_kernels(dtype)


@pytest.fixture
def on_gpu(kernels, monkeypatch):
    """As if the CPU were a GPU: soft_skeleton takes the kernels."""
    monkeypatch.setattr(_soft_operator, "has_soft_kernels", lambda device: True)
    return kernels


def pair(shape, *, seed=0, values="distinct", dtype=torch.float64):
    """An image and a gradient; "steps" are multiples of a quarter, so that most extremes tie."""
    generator = torch.Generator().manual_seed(seed)
    x, gradient = (torch.rand(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    if values == "binary":
        x = (x > 0.4).double()
    if values == "steps":
        x = (4 * x).round() / 4
    return x.to(dtype), gradient.to(dtype)


def by_kernels(kernels, x, gradient, schedule, options):
    sizes, axes = as_volumes(x, axes_as_bits(schedule))
    skeleton, kept, _ = kernels.triton_forward(x.view(sizes), axes, options, keep=True)
    found = kernels.triton_backward(gradient.view(sizes), kept, axes, options)
    return skeleton.view(x.shape), found.view(x.shape)


def by_plain_operations(x, gradient, schedule, options):
    skeleton, product = eager_forward(x, schedule, *options)
    return skeleton, eager_backward(gradient, x, product, schedule, options)


def by_compiled_code(x, gradient, schedule, options):
    axes = axes_as_bits(schedule)
    skeleton, product = compiled_forward(x, axes, *options)
    return skeleton, compiled_backward(gradient, x, product, axes, options)


def assert_equal_pairs(found, expected):
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-5, atol=1e-5)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 1000),
    shape=st.one_of(st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 6)] * 3)),
    iter_=st.integers(0, 3),
    core=st.booleans(),
    ignore=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_values_and_gradients_without_ties_are_those_of_plain_operations(
    kernels, seed, shape, iter_, core, ignore, dtype
):
    x, gradient = pair((2, *shape), seed=seed, dtype=dtype)
    case = (x, gradient, erosion_schedule(iter_ + 1, len(shape)), (core, ignore))
    assert_equal_pairs(by_kernels(kernels, *case), by_plain_operations(*case))


@needs_compiler
@pytest.mark.parametrize("values", ["binary", "steps"])
@pytest.mark.parametrize("shape", [(2, 7, 9), (1, 6, 5, 7), (1, 1, 4, 3), (1, 4, 1, 5)])
@pytest.mark.parametrize("ignore", [True, False])
def test_ties_are_broken_as_by_the_compiled_code(kernels, values, shape, ignore):
    x, gradient = pair(shape, values=values)
    case = (x, gradient, erosion_schedule(3, len(shape) - 1), (True, ignore))
    assert_equal_pairs(by_kernels(kernels, *case), by_compiled_code(*case))


def test_what_rounding_leaves_beside_a_certain_voxel_is_no_second_part_of_the_product(kernels):
    x, gradient = pair((1, 5, 5, 5), dtype=torch.float32)
    x *= 1e-9
    x[0, 2, 2, 2] = 1.0  # less what lies around it is still 1
    x[0, 0, 0, 0] = 1 - 2**-24  # the largest quotient
    case = (x, gradient, erosion_schedule(2, 3), (True, True))
    assert_equal_pairs(by_kernels(kernels, *case), by_plain_operations(*case))


@pytest.mark.parametrize("beyond", [1e-7, 1e-4])
def test_what_lies_slightly_outside_0_and_1_counts_as_0_and_1(kernels, beyond):
    x, gradient = pair((1, 4, 5, 6), values="binary", dtype=torch.float32)
    x += beyond * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    settings = (gradient, erosion_schedule(2, 3), (True, True))
    found = by_kernels(kernels, x, *settings)
    expected = by_kernels(kernels, x.clamp(0, 1), *settings)
    torch.testing.assert_close(found[0], expected[0])
    assert float(found[1].abs().max()) < 20


@needs_compiler
@pytest.mark.parametrize("spacing", [(2.0, 1.0, 1.0), (1.0, 1.0, 3.0), (1.0, 2.0, 1.0)])
def test_axes_that_rest_at_a_level_are_left_out(kernels, spacing):
    x, gradient = pair((1, 5, 6, 7), values="steps")
    case = (x, gradient, erosion_schedule(4, 3, spacing), (True, False))
    assert_equal_pairs(by_kernels(kernels, *case), by_compiled_code(*case))


def test_the_literal_form_equals_monai_with_its_gradient(kernels):
    x, gradient = pair((2, 4, 6, 5))
    found = by_kernels(kernels, x, gradient, erosion_schedule(3, 3), (False, True))
    x = x[None].requires_grad_()
    expected = soft_skel(x, 2)
    assert_equal_pairs(
        found, (expected.detach()[0], torch.autograd.grad(expected, x, gradient[None])[0][0])
    )


@pytest.mark.parametrize("shape", [(2, 13, 3), (1, 2, 30, 19)])
def test_a_batch_shared_out_among_many_programs_gives_the_same(interpreter, monkeypatch, shape):
    x, gradient = pair(shape, values="steps")
    case = (x, gradient, erosion_schedule(2, len(shape) - 1), (True, True))
    monkeypatch.setattr(interpreter, "_ENOUGH_PROGRAMS", 1)
    monkeypatch.setattr(interpreter, "_PLANES", 100)
    monkeypatch.setattr(interpreter, "_LARGEST_BLOCK", 1024)
    together = by_kernels(interpreter, *case)
    monkeypatch.setattr(interpreter, "_PLANES", 6)
    monkeypatch.setattr(interpreter, "_LARGEST_BLOCK", 512)
    found = by_kernels(interpreter, *case)
    assert torch.equal(found[0], together[0])
    assert torch.equal(found[1], together[1])


def test_without_a_gradient_nothing_is_kept(kernels):
    x, _ = pair((1, 3, 5, 4))
    with_gradient = kernels.triton_forward(x, [7, 7], (True, True), keep=True)
    without = kernels.triton_forward(x, [7, 7], (True, True), keep=False)
    assert without[1] is None
    assert torch.equal(with_gradient[0], without[0])


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    # The interpreter cuts bfloat16 off where torch rounds.
    [(torch.float16, 0), (torch.bfloat16, torch.finfo(torch.bfloat16).eps)],
)
def test_half_precision_is_stored_and_computed_in_single(on_gpu, dtype, tolerance):
    x, gradient = pair((1, 2, 4, 5, 3), dtype=dtype)
    x.requires_grad_()
    skeleton = soft_skeleton(x, 2)
    single = x.detach().float().requires_grad_()
    expected = soft_skeleton(single, 2)
    assert skeleton.dtype == dtype
    torch.testing.assert_close(skeleton, expected.to(dtype), rtol=tolerance, atol=tolerance)
    skeleton.backward(gradient)
    expected.backward(gradient.float())
    assert torch.equal(x.grad, single.grad.to(dtype))


def test_a_tensor_that_is_not_contiguous(on_gpu):
    x, gradient = pair((1, 2, 6, 3, 5))
    x, gradient = x.transpose(2, 4).requires_grad_(), gradient.transpose(2, 4)
    found = soft_skeleton(x, 1)
    (of_x,) = torch.autograd.grad(found, x, gradient)
    expected = soft_skeleton(x, 1, backend="eager")
    (expected_of_x,) = torch.autograd.grad(expected, x, gradient)
    assert_equal_pairs((found, of_x), (expected, expected_of_x))


def test_the_operator_passes_torch_s_own_checks(on_gpu):
    x, _ = pair((2, 3, 4))
    operator = torch.ops.cldice_monai.soft_skeleton_on_gpu
    for keep, image in ((True, x.requires_grad_()), (False, x.detach())):
        torch.library.opcheck(
            operator,
            (image, [3, 3], True, True, keep),
            test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
        )


def test_a_compiled_training_step_calls_the_operator(on_gpu):
    x, gradient = pair((1, 1, 4, 5))
    x.requires_grad_()

    def step(x):
        return soft_skeleton(x, 1) * 2

    expected = torch.autograd.grad(step(x), x, gradient)[0]
    compiled = torch.compile(step, backend="aot_eager", fullgraph=True)
    assert torch.equal(torch.autograd.grad(compiled(x), x, gradient)[0], expected)
