from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor, list_data_collate
from monai.inferers import SlidingWindowInferer

from cldice_monai.inferers import AutocastInferer, ScaleAverageInferer
from cldice_monai.transforms import ResampleToWorkingGrid


class Recorder:
    """A stand-in that answers with its input and notes the windows."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        self.shapes.append(tuple(windows.shape[2:]))
        return windows


def test_one_factor_is_the_sliding_window():
    image = torch.rand(1, 1, 40, 36, 24)
    ours = ScaleAverageInferer((16, 16, 16), factors=(1.0,), overlap=0.25)(image, torch.sin)
    monai = SlidingWindowInferer((16, 16, 16), 4, overlap=0.25, mode="gaussian")
    assert torch.equal(ours, monai(image, torch.sin))


def test_probabilities_and_not_logits_are_averaged():
    image = torch.zeros(1, 1, 16, 16, 16)
    answers = iter([100.0, 0.0])

    def network(windows: torch.Tensor) -> torch.Tensor:
        return torch.full_like(windows, next(answers))

    logits = ScaleAverageInferer((16, 16, 16), factors=(1.0, 2.0))(image, network)
    # (1 + 1 / 2) / 2
    torch.testing.assert_close(torch.sigmoid(logits), torch.full_like(image, 0.75))


def test_sure_answers_stay_finite():
    image = torch.full((1, 1, 16, 16, 16), 200.0)
    inferer = ScaleAverageInferer((16, 16, 16), factors=(1.0, 2.0))
    for sign in (1, -1):
        assert torch.isfinite(inferer(sign * image, torch.nn.Identity())).all()


def test_coarser_volume_has_fewer_voxels_and_windows_fit_thin_stacks():
    network = Recorder()
    image = torch.zeros(1, 1, 64, 64, 20)
    found = ScaleAverageInferer((64, 64, 64), factors=(1.0, 2.0))(image, network)
    assert network.shapes == [(64, 64, 24), (32, 32, 16)]
    assert found.shape == image.shape


@pytest.mark.parametrize("shape", [(24, 20), (21, 17, 5)])
def test_grid_of_the_input_comes_back_in_2d_and_3d(shape: tuple[int, ...]):
    image = torch.rand(1, 2, *shape)
    inferer = AutocastInferer(ScaleAverageInferer((16,) * len(shape)))
    found = inferer(image, torch.nn.Identity())
    assert found.shape == image.shape
    assert found.dtype == torch.float32


@pytest.mark.parametrize("factors", [(), (0.5, 1.0)])
def test_factors_that_make_no_sense_are_refused(factors: tuple[float, ...]):
    with pytest.raises(ValueError, match="factors must be numbers of 1 or more"):
        ScaleAverageInferer((16, 16, 16), factors=factors)


def stack(spacing_mm: float) -> MetaTensor:
    affine = torch.diag(torch.tensor([spacing_mm] * 3 + [1.0]))
    return MetaTensor(torch.rand(1, 32, 32, 32), affine=affine)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("resampled", [False, True])
def test_coarser_voxels_are_for_volumes_on_the_working_grid(resampled: bool, batched: bool):
    image = ResampleToWorkingGrid(0.002)(stack(0.002 if resampled else 1.0))
    batch = list_data_collate([image]) if batched else image[None]
    network = Recorder()
    inferer = ScaleAverageInferer((32, 32, 32), factors=(1.0, 2.0), resampled_only=True)
    assert inferer(batch, network).shape == (1, 1, 32, 32, 32)
    assert network.shapes == [(32, 32, 32), (16, 16, 16)][: 1 + resampled]


def test_short_volume_is_padded_where_that_is_asked_for():
    network, image = Recorder(), torch.rand(1, 1, 20, 40, 12)
    windows = {"overlap": 0.25, "sw_batch_size": 4}
    ours = ScaleAverageInferer((32, 32, 32), factors=(1.0,), pad_windows=True, **windows)
    monai = SlidingWindowInferer((32, 32, 32), mode="gaussian", **windows)
    assert torch.equal(ours(image, network), monai(image, torch.nn.Identity()))
    assert set(network.shapes) == {(32, 32, 32)}


def test_classes_that_exclude_each_other_are_averaged_as_a_softmax():
    answers = iter([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0]])

    def network(windows: torch.Tensor) -> torch.Tensor:
        logits = torch.tensor(next(answers)).reshape(1, 3, 1, 1)
        return logits.repeat(len(windows), 1, *windows.shape[2:])

    inferer = ScaleAverageInferer((16, 16), factors=(1.0, 2.0), softmax=True)
    found = torch.softmax(inferer(torch.zeros(1, 1, 16, 16), network), dim=1)
    # (1 / 3 + 1) / 2 and twice (1 / 3 + 0) / 2
    expected = torch.tensor([2 / 3, 1 / 6, 1 / 6]).reshape(1, 3, 1, 1).expand(1, 3, 16, 16)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_memory_that_runs_out_changes_nothing_but_where_sums_are(
    caplog: pytest.LogCaptureFixture,
):
    image = torch.rand(1, 1, 40, 36, 24)
    inferer = ScaleAverageInferer((16, 16, 16), factors=(1.0, 2.0), overlap=0.5)
    expected = inferer(image, torch.sin)
    failures = iter([True])

    def network(windows: torch.Tensor) -> torch.Tensor:
        if next(failures, False):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.sin(windows)

    torch.testing.assert_close(inferer(image, network), expected, atol=1e-4, rtol=1e-4)
    assert "going on slab by slab" in caplog.text
